package catalog

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/disk"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// FetchOptions of a download. The zero value is what a person at a terminal wants, but for AcceptUnknown.
type FetchOptions struct {
	From          string         // folder to copy from in place of downloading, for machines without internet; files are found by name at any depth
	AcceptUnknown bool           // take a file whose digest is not known and write its digest down; without it such a fetch is refused
	Progress      func(Progress) // called some times a second; nil: silent
	Client        *http.Client   // nil: one with time limits on connecting, TLS and response headers
	Stall         time.Duration  // a transfer that brings no byte for so long is cut and continued; 0: 30 s
	Attempts      int            // tries of one file, continued where the last ended; 0: 5
	Pause         time.Duration  // before the second try, doubled for each further one; 0: 1 s
	MaxSize       int64          // largest file of unknown size, and of all unpacked members; 0: 16 GiB
}

// Progress of one file.
type Progress struct {
	Name  string // data set
	File  string // path in it
	Done  int64  // bytes so far, those of an earlier run included
	Total int64  // 0: unknown
}

// ErrUnknownDigest is what Fetch refuses with where a digest is not known and AcceptUnknown is not set.
var ErrUnknownDigest = errors.New("its digest is not published")

// errStalled is the reason of a cut that Fetch itself makes.
var errStalled = errors.New("no data")

func (o FetchOptions) withDefaults() FetchOptions {
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	if o.Attempts == 0 {
		o.Attempts = 5
	}
	if o.Pause == 0 {
		o.Pause = time.Second
	}
	if o.MaxSize == 0 {
		o.MaxSize = 16 << 30
	}
	if o.Client == nil {
		o.Client = &http.Client{CheckRedirect: redirect, Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
			TLSHandshakeTimeout:   20 * time.Second,
			ResponseHeaderTimeout: 30 * time.Second,
			DisableCompression:    true, // the bytes as published
		}}
	}
	return o
}

// redirect follows a few redirections, but none from TLS to plain text: a digest may be unknown.
func redirect(request *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("more than 5 redirections")
	}
	if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
		return fmt.Errorf("redirected from https to %s", request.URL)
	}
	return nil
}

// Fetch brings a data set's files into the catalog's folder and checks them. Files that are there already are checked and left; a part of an
// earlier run is continued. Of two fetches of one file, of this process or another, one waits for the other. It returns nil for embedded data.
//
// Files whose digests are not known are left out without AcceptUnknown; it is ErrUnknownDigest if the file that holds the packets, or every
// file, is one of them.
func (c *Catalog) Fetch(ctx context.Context, name string, options FetchOptions) error {
	info, inside, err := c.find(name)
	if err != nil {
		return err
	}
	root, err := c.folder(info)
	if err != nil {
		return err
	}
	options = options.withDefaults()
	files := info.Files
	if inside != "" {
		files = slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.Path != inside })
	}
	if len(files) == 0 && info.embedded == nil {
		return fmt.Errorf("catalog: %s has no file %s", info.Name, inside)
	}
	var leftOut error
	for _, f := range files {
		err := c.fetchFile(ctx, info.Name, root, f, options)
		if err == nil {
			continue
		}
		err = fmt.Errorf("catalog: %s: %s: %w", info.Name, f.Path, err)
		if !errors.Is(err, ErrUnknownDigest) || f.Path == info.data {
			return err
		}
		leftOut = cmp.Or(leftOut, err)
	}
	if inside == "" && c.Here(info) > 0 {
		return nil
	}
	return leftOut
}

func (c *Catalog) fetchFile(ctx context.Context, name, root string, f File, options FetchOptions) error {
	if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
		return fmt.Errorf("path leaves the data set's folder")
	}
	target := filepath.Join(root, filepath.FromSlash(f.Path))
	if f.SHA256 == "" {
		f.SHA256 = recorded(target)
	}
	if f.SHA256 == "" && !options.AcceptUnknown {
		return fmt.Errorf("%w: accept it to write down the digest of what is fetched now", ErrUnknownDigest)
	}
	done := target
	if f.Unpack {
		done = strings.TrimSuffix(target, filepath.Ext(target))
	}
	if _, err := os.Stat(done); err == nil {
		return unchanged(done, f)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	unlock, err := lock(ctx, target+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(done); err == nil { // another fetch has brought it
		return nil
	}
	if f.SHA256 == "" {
		f.SHA256 = recorded(target)
	}
	t := transfer{name: name, file: f, part: target + ".part", options: options}
	digest, err := t.bring(ctx)
	if err != nil {
		return err
	}
	// The digest first: whatever bears the file's name has one.
	if err := atomicfile.WriteFile(target+".sha256", []byte(digest+"  "+filepath.Base(target)+"\n")); err != nil {
		return err
	}
	if f.Unpack {
		if err := unpack(t.part, done, options.MaxSize); err != nil {
			return err
		}
		err = os.Remove(t.part)
	} else {
		err = os.Rename(t.part, target)
	}
	os.Remove(t.part + ".etag") // it may never have been there
	return err
}

// unchanged checks a file that is there against its digest, if there is one. What was unpacked has none.
func unchanged(path string, f File) error {
	if f.Unpack || f.SHA256 == "" {
		return nil
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, in); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%s has changed: it has SHA-256 %s, want %s: remove it to fetch it again", path, got, f.SHA256)
	}
	return nil
}

// bring fetches the part and checks it. A part that was begun by an earlier run and turns out wrong may be of two versions of the file, so
// that one is fetched once more, from its beginning.
func (t *transfer) bring(ctx context.Context) (digest string, err error) {
	if t.options.From != "" {
		if err := t.copyFrom(ctx, t.options.From); err != nil {
			return "", err
		}
		return t.verify()
	}
	continued := size(t.part) > 0
	if err := t.download(ctx); err != nil {
		return "", err
	}
	digest, err = t.verify()
	if err == nil || !continued {
		return digest, err
	}
	if err := t.download(ctx); err != nil {
		return "", err
	}
	return t.verify()
}

// recorded returns the digest that an earlier fetch wrote down, "" where there was none.
func recorded(target string) string {
	text, err := os.ReadFile(target + ".sha256")
	if err != nil || len(text) < 64 {
		return ""
	}
	if _, err := hex.DecodeString(string(text[:64])); err != nil {
		return ""
	}
	return string(text[:64])
}

// transfer is one file on its way.
type transfer struct {
	name    string
	file    File
	part    string // where the bytes go
	options FetchOptions
	last    time.Time // of the last report
}

// verify checks the whole part's size and digest. A part that is wrong is removed: continuing it could never help.
func (t *transfer) verify() (digest string, err error) {
	in, err := os.Open(t.part)
	if err != nil {
		return "", err
	}
	defer in.Close()
	begin := make([]byte, 16)
	n, err := io.ReadFull(in, begin)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", err
	}
	sum := sha256.New()
	sum.Write(begin[:n])
	rest, err := io.Copy(sum, in)
	size := int64(n) + rest
	if err != nil {
		return "", err
	}
	digest = hex.EncodeToString(sum.Sum(nil))
	switch {
	case t.file.Size != 0 && size != t.file.Size:
		err = fmt.Errorf("got %d bytes, want %d", size, t.file.Size)
	case t.file.SHA256 != "" && digest != t.file.SHA256:
		err = fmt.Errorf("got SHA-256 %s, want %s", digest, t.file.SHA256)
	case !bytes.HasPrefix(begin[:n], magic(t.file.Path)):
		err = fmt.Errorf("is no %s file: it begins with %q", filepath.Ext(t.file.Path), begin[:n])
	}
	if err != nil {
		return "", errors.Join(err, t.discard())
	}
	return digest, nil
}

// magic returns what a file of this name begins with: a page that says that the data has moved must not pass for the data.
func magic(path string) []byte {
	switch filepath.Ext(path) {
	case ".gz":
		return []byte{0x1f, 0x8b}
	case ".zip":
		return []byte("PK\x03\x04")
	}
	return nil
}

func (t *transfer) discard() error {
	os.Remove(t.part + ".etag") // it may never have been there
	return os.Remove(t.part)
}

// copyFrom takes the file from a folder: the path itself, or the only file of that name below it.
func (t *transfer) copyFrom(ctx context.Context, dir string) error {
	source := filepath.Join(dir, filepath.FromSlash(t.file.Path))
	if _, err := os.Stat(source); err != nil {
		var matches []string
		all, err := walk(dir)
		if err != nil {
			return err
		}
		for _, path := range all {
			if filepath.Base(path) == filepath.Base(source) {
				matches = append(matches, path)
			}
		}
		if len(matches) != 1 {
			return fmt.Errorf("%d files named %s in %s: want one", len(matches), filepath.Base(source), dir)
		}
		source = matches[0]
	}
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	defer in.Close()
	stat, err := in.Stat()
	if err != nil {
		return err
	}
	if err := disk.Room(filepath.Dir(t.part), stat.Size()); err != nil {
		return err
	}
	out, err := os.Create(t.part)
	if err != nil {
		return err
	}
	_, err = io.Copy(&reporter{t: t, w: out, total: stat.Size()}, contextReader{ctx, in})
	return errors.Join(err, out.Close())
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// reporter counts what is written and reports the progress.
type reporter struct {
	t           *transfer
	w           io.Writer
	done, total int64
}

// Write implements io.Writer.
func (r *reporter) Write(p []byte) (int, error) {
	n, err := r.w.Write(p)
	r.done += int64(n)
	if report := r.t.options.Progress; report != nil && (time.Since(r.t.last) > 200*time.Millisecond || r.done == r.total) {
		r.t.last = time.Now()
		report(Progress{Name: r.t.name, File: r.t.file.Path, Done: r.done, Total: r.total})
	}
	return n, err
}
