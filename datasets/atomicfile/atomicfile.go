// Package atomicfile writes files that have their name only once they are whole:
// to a temporary file in the same folder, which is renamed at the end and removed
// if anything fails. A reader sees the old content or the new one, and a process
// that is killed leaves at most a file whose name ends in Suffix.
//
// Create is for streams, Write for functions that write to an io.Writer, WriteFile
// for small files that other steps rely on, which it also syncs to the disk, and Set
// for files that belong together. Of several writers of one file the last one to end
// wins.
//
// The standard library is enough for this: github.com/google/renameio/v2 exports
// nothing on Windows, and the renameio of rogpeppe/go-internal is deprecated.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Suffix ends the name of a file that is being written, or was when its process ended.
const Suffix = ".unfinished"

// File is a file that is being written. It is buffered. Close gives it its name;
// Discard removes it.
type File struct {
	path   string
	file   *os.File
	buffer *bufio.Writer
	failed error // of the first write that failed
	done   bool  // it is closed or discarded
}

// Create starts to write the file of that name. Its folder must exist. The
// permissions are those that os.Create gives.
func Create(path string) (*File, error) {
	for {
		temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%08x%s", filepath.Base(path), rand.Uint32(), Suffix))
		f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &File{path: path, file: f, buffer: bufio.NewWriterSize(f, 1<<16)}, nil
	}
}

// Write is io.Writer's. After a write that failed, Close fails too.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.buffer.Write(p)
	return n, f.note(err)
}

// Sync writes everything so far to the disk, so that it outlives a crash of the
// machine.
func (f *File) Sync() error {
	return f.note(errors.Join(f.buffer.Flush(), f.file.Sync()))
}

func (f *File) note(err error) error {
	if f.failed == nil {
		f.failed = err
	}
	return err
}

// Close gives the file its name, in place of one that has it. If this or an earlier
// write fails, the file is removed and the old one stays. After Close or Discard it
// does nothing.
func (f *File) Close() error {
	if f.done {
		return nil
	}
	if err := f.finish(); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.rename()
}

// finish writes out the buffer and reports the first write that failed.
func (f *File) finish() error {
	if f.failed != nil {
		return f.failed
	}
	return f.note(f.buffer.Flush())
}

// rename closes a finished file and gives it its name.
func (f *File) rename() error {
	f.done = true
	err := f.file.Close()
	if err == nil {
		err = os.Rename(f.file.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.file.Name()))
	}
	return nil
}

// Discard removes the file; the old one stays. After Close or Discard it does
// nothing, so that it may be deferred.
func (f *File) Discard() error {
	if f.done {
		return nil
	}
	f.done = true
	return errors.Join(f.file.Close(), os.Remove(f.file.Name()))
}

// Write writes a file with what write writes. If that fails, the old file stays.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard() // also if write panics
	if err := write(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Close()
}

// WriteFile writes a small file and syncs it to the disk before it has its name:
// after a crash it holds the old content or the new one, and is not empty.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Close()
}
