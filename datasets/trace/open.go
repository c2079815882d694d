package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/necstgen/necstgen/datasets/catalog"
)

// Open opens as one trace what names stand for: data sets of the catalog, by name or by a
// pattern of names (darpa1999/week1/*), and files, folders and patterns as [Files] has
// them.
func Open(ctx context.Context, names []string, say func(message string)) (*Trace, error) {
	if len(names) == 1 {
		if info, err := new(catalog.Catalog).Get(names[0]); err == nil && info.Embedded() {
			return openEmbedded(names[0])
		}
	}
	var files []string
	for _, name := range names {
		found, err := resolve(name)
		if err != nil {
			return nil, err
		}
		files = addNew(files, found)
	}
	return OpenFiles(ctx, files, say)
}

// openEmbedded opens an embedded capture.
func openEmbedded(name string) (*Trace, error) {
	r, err := catalog.Open(name)
	if err != nil {
		return nil, err
	}
	return &Trace{Name: name, in: r}, nil
}

// resolve returns the files of a data set, or of those whose names a pattern matches, or
// else those that a name stands for.
func resolve(name string) ([]string, error) {
	sets := new(catalog.Catalog)
	info, unknown := sets.Get(name)
	if unknown == nil && info.Embedded() {
		return nil, fmt.Errorf("trace: %s is embedded in the program, not a file: want it alone", name)
	}
	if unknown == nil || len(sets.Match(name)) > 0 {
		return sets.Data(name)
	}
	files, err := Files([]string{name})
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsRune(name, '.') {
		return nil, fmt.Errorf("trace: no file and no data set %s: data list names the data sets", name)
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil, unknown
	}
	return files, err
}

// OpenFiles opens files as one trace, whose packets merge in time order. Of several
// none may be a pipe or device.
func OpenFiles(ctx context.Context, paths []string, say func(message string)) (*Trace, error) {
	switch len(paths) {
	case 0:
		return nil, errors.New("trace: no file: want at least one")
	case 1:
		return OpenFile(ctx, paths[0], say)
	}
	t := &Trace{Name: fmt.Sprintf("%s to %s (%d files)", paths[0], paths[len(paths)-1], len(paths)), in: io.NopCloser(noBytes{})}
	for _, path := range paths {
		part, err := OpenFile(ctx, path, nil) // now, so that one that cannot be opened is known before the first packet
		if err != nil {
			return nil, err
		}
		if err := part.Close(); err != nil {
			return nil, fmt.Errorf("trace: %w", err)
		}
		t.parts = append(t.parts, part)
	}
	return t, nil
}

// noBytes is what Read finds in a trace of several files.
type noBytes struct{}

// Read returns an error.
func (noBytes) Read([]byte) (int, error) {
	return 0, errors.New("trace: several files are no one file: read each by itself")
}

// OpenFile opens a file. A pipe or device is announced by say before it is waited
// for; where say is nil it is refused, because it can be read only once and may have
// to be waited for. The end of ctx ends the wait.
func OpenFile(ctx context.Context, path string, say func(message string)) (*Trace, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("trace: open %s: %w", path, errors.Unwrap(err))
	}
	kind := kindOf(info.Mode())
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("trace: %s is a folder: want a file", path)
	case kind != "" && say == nil:
		return nil, fmt.Errorf("trace: %s is %s, which can be read only once: want a file", path, kind)
	case kind != "":
		say(fmt.Sprintf("reading %s, %s, to its end", path, kind))
	}
	f, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	t := &Trace{Name: path, Say: say}
	t.take(f, true)
	return t, nil
}

// kindOf names what a file is that is neither regular nor a folder.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular() || mode.IsDir():
		return ""
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "no regular file"
}

// open opens a file. Opening a named pipe waits for who writes to it; that wait
// ends with ctx.
func open(ctx context.Context, path string) (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := os.Open(path)
		opened <- result{f, err}
	}()
	select {
	case r := <-opened:
		return r.file, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
