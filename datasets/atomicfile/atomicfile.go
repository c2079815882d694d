// Package atomicfile writes files that are whole or not there: beside their place
// under a temporary name, then renamed.
package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Write makes the file at path of what write writes. When that fails, what stood
// there before stays.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Abort())
	}
	return f.Close()
}

// File is a file that is being written.
type File struct {
	file *os.File
	path string
	err  error // the first write that failed
	done bool
}

// Create opens a temporary file beside path, which takes its place when it is
// closed after writes of which none failed. Temporary names begin with a dot and
// end in ".tmp"; what a killed process leaves can be removed.
func Create(path string) (*File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*.tmp")
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o644); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return &File{file: f, path: path}, nil
}

// Write writes to the temporary file.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.err = errors.Join(f.err, err)
	return n, err
}

// Close puts the file in its place, unless a write failed. A second call does nothing.
func (f *File) Close() error {
	if f.done {
		return nil
	}
	if f.err != nil {
		return errors.Join(f.err, f.Abort())
	}
	f.done = true
	if err := f.file.Close(); err != nil {
		return errors.Join(err, os.Remove(f.file.Name()))
	}
	return os.Rename(f.file.Name(), f.path)
}

// Abort removes the temporary file.
func (f *File) Abort() error {
	if f.done {
		return nil
	}
	f.done = true
	return errors.Join(f.file.Close(), os.Remove(f.file.Name()))
}
