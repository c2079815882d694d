package main

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/run"
)

// otherFolders describes the folders among the runs that hold none that can be read, and
// those that commands have left.
func (c *command) otherFolders(broken []run.Broken) ([]listing.Run, error) {
	var others []listing.Run
	for _, b := range broken {
		others = append(others, listing.Run{Dir: b.Dir, Problem: "unreadable: " + b.Err.Error()})
	}
	left, err := run.Leftovers(c.runs)
	for _, l := range left {
		others = append(others, listing.Run{Dir: l.Dir, Problem: fmt.Sprintf("left by a command, %s: cache prune removes it", disk.Size(float64(l.Bytes)))})
	}
	return others, err
}
