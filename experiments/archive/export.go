package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/klauspost/compress/zstd"

	"github.com/necstgen/necstgen/experiments/run"
)

// Export writes a finished run as an archive. Every file is digested on its way: one that
// is missing or not what the manifest says is an error, behind which the archive is not
// whole.
func Export(ctx context.Context, w io.Writer, m *run.Manifest) error {
	log, err := os.ReadFile(m.Path(run.LogName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("archive: %w", err)
	}
	made := map[string][]byte{}
	if err == nil {
		made[run.LogName] = log
	}
	return export(ctx, w, m, made)
}

// export writes a manifest, what was made for the archive, and the artifacts that the run
// folder holds.
func export(ctx context.Context, w io.Writer, m *run.Manifest, made map[string][]byte) error {
	if m.Status != run.Finished {
		return fmt.Errorf("archive: %s is %s: want a finished run", m.Dir, m.State())
	}
	compressed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) // the bytes do not depend on the number of processors
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	e := &exporter{ctx: ctx, tar: tar.NewWriter(compressed), run: m}
	err = e.all(made)
	if err == nil {
		err = e.tar.Close()
	}
	if err = errors.Join(err, compressed.Close()); err != nil { // once, though both may say that the disk is full
		return fmt.Errorf("archive: %s: %w", m.Dir, firstOf(err))
	}
	return nil
}

// firstOf returns the first of joined errors: the others follow from it.
func firstOf(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		return all.Unwrap()[0]
	}
	return err
}

// exporter writes the entries of one archive.
type exporter struct {
	ctx context.Context
	tar *tar.Writer
	run *run.Manifest
}

func (e *exporter) all(made map[string][]byte) error {
	text, err := e.run.Text()
	if err != nil {
		return err
	}
	if err := e.text(run.ManifestName, text); err != nil {
		return err
	}
	if log, ok := made[run.LogName]; ok {
		if err := e.text(run.LogName, log); err != nil {
			return err
		}
	}
	for _, a := range e.run.Artifacts {
		text, ok := made[a.Name]
		if ok {
			err = e.text(a.Name, text)
		} else {
			err = e.file(a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// text writes an entry of a text.
func (e *exporter) text(name string, text []byte) error {
	return e.entry(name, int64(len(text)), bytes.NewReader(text))
}

// file writes an entry of an artifact, which has to be what the manifest says.
func (e *exporter) file(a run.Artifact) error {
	f, err := os.Open(e.run.Path(a.Name))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	digest := sha256.New()
	if info.Size() == a.Bytes {
		err = e.entry(a.Name, a.Bytes, io.TeeReader(f, digest))
	}
	if err == nil && hex.EncodeToString(digest.Sum(nil)) != a.SHA256 {
		err = fmt.Errorf("%s is not what the manifest says: run the experiment again, which puts back what it has made", a.Name)
	}
	return err
}

// entry writes an entry of so many bytes.
func (e *exporter) entry(name string, size int64, r io.Reader) error {
	err := e.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path.Join(e.run.Experiment, e.run.ID, name), Size: size, Mode: 0o644})
	if err == nil {
		_, err = io.CopyN(e.tar, interruptible{e.ctx, r}, size)
	}
	return err
}

// interruptible reads until its context ends.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
