package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// Digest reads r to its end and returns its length in bytes and its SHA-256 in
// hexadecimal.
func Digest(r io.Reader) (bytes int64, sum string, err error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// DigestFile is Digest of a file.
func DigestFile(path string) (bytes int64, sum string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	return Digest(f)
}

// digestsName is a file of digests that are already known, of files that lie
// outside the store: a capture of 10 GB takes 20 s to digest.
const digestsName = ".digests.json"

// known is the digest of a file as it was.
type known struct {
	Bytes    int64  `json:"bytes"`
	Modified int64  `json:"modified"` // nanoseconds since 1970
	SHA256   string `json:"sha256"`
}

// DigestInput returns the length and digest of what r reads. Where it is the file
// at path ("" for none), they come from memory if the file has the size and the time
// that it had when it was digested last. wrap, unless nil, stands between r and the
// digest: for progress.
func (s *Store) DigestInput(r io.Reader, path string, wrap func(io.Reader, int64) io.Reader) (bytes int64, sum string, err error) {
	now, path, err := stampOf(path)
	if err != nil {
		return 0, "", err
	}
	all := s.digests()
	if k, ok := all[path]; ok && path != "" && k.Bytes == now.Bytes && k.Modified == now.Modified {
		return k.Bytes, k.SHA256, nil
	}
	if wrap != nil {
		r = wrap(r, now.Bytes)
	}
	if bytes, sum, err = Digest(r); err != nil {
		return 0, "", err
	}
	// A file that changed within two seconds may change again within its time stamp,
	// and one that grew while it was read is not what it was.
	settled := s.now().UnixNano()-now.Modified > 2e9
	if after, _, err := stampOf(path); path != "" && settled && err == nil && after == now && bytes == now.Bytes {
		now.SHA256 = sum
		all[path] = now
		s.keepDigests(all)
	}
	return bytes, sum, nil
}

// stampOf returns the size and time of a file, and its absolute path.
func stampOf(path string) (known, string, error) {
	if path == "" {
		return known{}, "", nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return known{}, "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return known{}, "", err
	}
	return known{Bytes: info.Size(), Modified: info.ModTime().UnixNano()}, path, nil
}

func (s *Store) digests() map[string]known {
	all := make(map[string]known)
	if text, err := os.ReadFile(filepath.Join(s.dir, digestsName)); err == nil {
		_ = json.Unmarshal(text, &all) // a file that is no JSON is written again
	}
	return all
}

// keepDigests writes the digests. Whichever of two processes writes last wins, and
// a failure costs nothing but time.
func (s *Store) keepDigests(all map[string]known) {
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil || os.MkdirAll(s.dir, 0o777) != nil {
		return
	}
	_ = atomicfile.Write(filepath.Join(s.dir, digestsName), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
