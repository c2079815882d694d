package main

import (
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
	Packets int64    `json:"packets,omitempty"`
	Flows   int64    `json:"flows,omitempty"` // of a table of flows
	Parts   []string `json:"parts,omitempty"` // the files of a split capture
}

// createFiles creates the files of --out, and the tables of flows beside captures.
func createFiles(o *generateOptions, link tcp.Link, c *command) (*output.Files, error) {
	options := output.Options{Link: link, SplitSize: int64(o.splitSize), SplitTime: time.Duration(o.splitTime)}
	files, err := output.Create(output.WithFlows(o.outs), options, c.out)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	return files, nil
}

// describeFile returns what is printed of a file.
func describeFile(f *output.File) writtenFile {
	w := writtenFile{Path: f.Path, Packets: f.Written()}
	if f.Kind.Flows != "" {
		w.Packets, w.Flows = 0, f.Written()
	}
	if names := f.Names(); len(names) != 1 || names[0] != f.Path {
		w.Parts = names
	}
	return w
}
