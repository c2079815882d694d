package archive

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/run"
)

// Bounds of an archive, so that a small file does not fill memory or disk before anybody
// knows what it is.
const (
	mostText   = 64 << 20  // bytes of a manifest, or of a log, which has no digest
	mostWindow = 128 << 20 // bytes of memory that the compression may ask for: zstd --ultra -22
	mostBehind = 1 << 20   // bytes behind the last entry: tar pads an archive to 10 kB
)

// Import reads an archive, which messages call name, and puts its run below runsDir, as
// run.Adopt does: called and check are its. The run is put together in a folder of its own
// and has its place only when every file is there and has the digest that the manifest says;
// whatever fails leaves nothing. The store gets nothing: stages of another run that has them
// in common are computed.
func Import(ctx context.Context, r io.Reader, name, runsDir string, called run.Annotation, check func(a run.Annotation, dir string) error) (m *run.Manifest, fresh bool, err error) {
	scratch, err := run.ImportScratch(runsDir)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	i := &importer{ctx: ctx, dir: scratch.Dir, runs: runsDir}
	if err := i.all(r); err != nil {
		return nil, false, fmt.Errorf("archive: %s: %w", name, explained(err))
	}
	return run.Adopt(runsDir, i.dir, called, check)
}

// explained says what an error of the formats means.
func explained(err error) error {
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch), errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("no archive of a run, or a damaged one: want what export writes (%w)", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early: copy it again")
	case errors.Is(err, zstd.ErrCRCMismatch):
		return errors.New("it is damaged: copy it again")
	}
	return err
}

// importer unpacks one archive.
type importer struct {
	ctx    context.Context
	dir    string // of the run
	runs   string // folder of the runs
	prefix string // of the names of all entries: experiment/id/
	files  map[string]run.Artifact
	seen   map[string]bool
}

// all reads an archive to its end.
func (i *importer) all(r io.Reader) error {
	plain, err := zstd.NewReader(interruptible{i.ctx, r}, zstd.WithDecoderMaxWindow(mostWindow))
	if err != nil {
		return err
	}
	defer plain.Close()
	archive := tar.NewReader(plain)
	if err := i.manifest(archive); err != nil {
		return err
	}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = i.entry(header, archive)
		}
		if err != nil {
			return err
		}
	}
	behind, err := io.Copy(io.Discard, io.LimitReader(plain, mostBehind+1)) // which checks the digest of the compression
	switch {
	case err != nil:
		return err
	case behind > mostBehind:
		return fmt.Errorf("more than %s follow behind its last entry: want what export writes", disk.Size(mostBehind))
	}
	return i.complete()
}

// manifest reads the first entry.
func (i *importer) manifest(archive *tar.Reader) error {
	header, err := archive.Next()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty: want what export writes")
	}
	if err != nil {
		return err
	}
	prefix, ok := strings.CutSuffix(header.Name, run.ManifestName)
	switch {
	case !ok || strings.Count(prefix, "/") != 2 || header.Typeflag != tar.TypeReg:
		return fmt.Errorf("it begins with %q: want the %s of a run", header.Name, run.ManifestName)
	case header.Size > mostText:
		return fmt.Errorf("%s: %s: want %s at most", header.Name, disk.Size(float64(header.Size)), disk.Size(mostText))
	}
	if err := i.write(run.ManifestName, header.Size, "", archive); err != nil {
		return err
	}
	m, err := run.Open(i.dir)
	if err != nil {
		return errors.Unwrap(err) // the folder says nothing to anybody
	}
	if i.prefix = prefix; prefix != m.Experiment+"/"+m.ID+"/" {
		return fmt.Errorf("its run is %s, its manifest that of %s/%s: want what export writes", strings.TrimSuffix(prefix, "/"), m.Experiment, m.ID)
	}
	need, err := i.expect(m.Artifacts)
	if err != nil {
		return fmt.Errorf("%s: %w", run.ManifestName, err)
	}
	return disk.Room(i.runs, need)
}

// expect notes the files that are to come, and returns their bytes.
func (i *importer) expect(artifacts []run.Artifact) (need int64, err error) {
	i.files, i.seen = map[string]run.Artifact{run.LogName: {Name: run.LogName}}, map[string]bool{}
	for _, a := range artifacts {
		_, twice := i.files[a.Name]
		inside := path.Clean(a.Name) == a.Name && filepath.IsLocal(filepath.FromSlash(a.Name)) && a.Name != run.ManifestName
		if twice || !inside {
			return 0, fmt.Errorf("artifact %q: want names inside the run folder, each once", a.Name)
		}
		if a.Bytes < 0 || need+a.Bytes < need {
			return 0, fmt.Errorf("artifact %q: %d bytes: that many are none", a.Name, a.Bytes)
		}
		i.files[a.Name] = a
		need += a.Bytes
	}
	return need, nil
}

// entry reads one entry behind the manifest.
func (i *importer) entry(header *tar.Header, archive *tar.Reader) error {
	name, ok := strings.CutPrefix(header.Name, i.prefix)
	a, known := i.files[name]
	switch {
	case !ok || !known:
		return fmt.Errorf("entry %q: want files that the manifest names, below %s", header.Name, i.prefix)
	case header.Typeflag != tar.TypeReg:
		return fmt.Errorf("entry %q is no file, but of type %q: want files alone", header.Name, header.Typeflag)
	case i.seen[name]:
		return fmt.Errorf("entry %q is there twice", header.Name)
	case name == run.LogName && header.Size > mostText:
		return fmt.Errorf("entry %q: %s: want %s at most", header.Name, disk.Size(float64(header.Size)), disk.Size(mostText))
	case name != run.LogName && header.Size != a.Bytes:
		return fmt.Errorf("entry %q has %d bytes, the manifest says %d", header.Name, header.Size, a.Bytes)
	}
	i.seen[name] = true
	return i.write(name, header.Size, a.SHA256, archive)
}

// write writes one file, whose digest has to be sum unless that is "".
func (i *importer) write(name string, size int64, sum string, r io.Reader) error {
	file := filepath.Join(i.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	digest := sha256.New()
	_, err = io.CopyN(io.MultiWriter(f, digest), r, size)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = f.Sync() // before the run has its place
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if got := hex.EncodeToString(digest.Sum(nil)); sum != "" && got != sum {
		return fmt.Errorf("%s is not what the manifest says: export the run again", name)
	}
	return nil
}

// complete reports the first file of the manifest that the archive does not have.
func (i *importer) complete() error {
	for name := range i.files {
		if !i.seen[name] && name != run.LogName {
			return fmt.Errorf("it has no %s, which the manifest names: export the run again", name)
		}
	}
	return nil
}
