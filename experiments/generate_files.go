package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/output"
)

// generateResult is what generate has made.
type generateResult struct {
	Runs    []string       `json:"runs"` // or the file of --from
	Packets int64          `json:"packets"`
	Seconds float64        `json:"seconds"`
	Seed    uint64         `json:"seed"`
	Files   []writtenFile  `json:"files,omitempty"`
	Replay  *replayResult  `json:"replay,omitempty"`
	Repairs map[string]int `json:"repairs,omitempty"` // of the flows of --from, how often each
}

// writtenFile is one file of it, or one split capture.
type writtenFile struct {
	Path    string   `json:"path"`
	Packets int64    `json:"packets"`
	Parts   []string `json:"parts,omitempty"` // the files of a split capture
}

// createFiles creates the files of --out. Where one cannot be created, none is left.
func createFiles(o *generateOptions, link tcp.Link, c *command) ([]*output.File, error) {
	options := output.Options{Link: link, SplitSize: int64(o.splitSize), SplitTime: time.Duration(o.splitTime)}
	var files []*output.File
	for _, path := range o.outs {
		f, err := output.Create(path, options, c.out)
		if err != nil {
			for _, made := range files {
				err = errors.Join(err, made.Close())
			}
			return nil, fmt.Errorf("generate: %w", err)
		}
		files = append(files, f)
	}
	return files, nil
}

// sinks returns the files as what takes frames.
func sinks(files []*output.File) []output.Sink {
	all := make([]output.Sink, len(files))
	for i, f := range files {
		all[i] = f
	}
	return all
}

// describeFile returns what is printed of a file.
func describeFile(f *output.File) writtenFile {
	w := writtenFile{Path: f.Path, Packets: f.Packets()}
	if names := f.Names(); len(names) != 1 || names[0] != f.Path {
		w.Parts = names
	}
	return w
}
