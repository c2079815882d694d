package output

import (
	"errors"
	"io"
)

// Files are the files that one stream of frames is written to, each of the kind that its
// name says.
type Files struct {
	All  []*File
	sink Sink // of the files of flows
}

// Create creates the files of these names, or writes to stdout where one is Standard.
// Where one cannot be created, none is left.
func Create(paths []string, options Options, stdout io.Writer) (*Files, error) {
	files := new(Files)
	var writers []recordWriter
	for _, path := range paths {
		f, err := create(path, options, stdout)
		if err != nil {
			for _, made := range files.All {
				err = errors.Join(err, made.Close())
			}
			return nil, err
		}
		files.All = append(files.All, f)
		if f.records != nil {
			writers = append(writers, flowFile{f})
		}
	}
	files.sink = newRecords(writers...)
	return files, nil
}

// Sinks returns the files as what takes frames.
func (f *Files) Sinks() []Sink {
	var all []Sink
	flows := false
	for _, file := range f.All {
		if file.sink != nil {
			all = append(all, packetFile{file})
		}
		flows = flows || file.records != nil
	}
	if flows {
		all = append(all, f.sink)
	}
	return all
}

// Close ends the files, as File.Close says.
func (f *Files) Close() error {
	err := f.sink.Close()
	for _, file := range f.All {
		err = errors.Join(err, file.Close())
	}
	return err
}
