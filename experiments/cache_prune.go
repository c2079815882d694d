package main

import (
	"errors"
	"fmt"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// pruneCache removes all stored results but the last keep of each stage.
func (c *command) pruneCache(keep int) error {
	if keep < 0 {
		return usageError{fmt.Errorf("cache prune: --keep %d: want at least 0", keep)}
	}
	removed, err := c.runner().Store().Prune(keep)
	folders, left := run.RemoveLeftovers(c.runs)
	if err = errors.Join(err, left); err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, struct {
			Results []store.Usage  `json:"results"`
			Folders []run.Leftover `json:"folders"` // that commands had left
		}{append([]store.Usage{}, removed...), append([]run.Leftover{}, folders...)}) // [], not null
	}
	for _, f := range folders {
		if err := printLine(c.out, "%s removed, %s", f.Dir, disk.Size(float64(f.Bytes))); err != nil {
			return err
		}
	}
	return printLine(c.out, "%d results removed, %s", len(removed), totalSize(removed))
}
