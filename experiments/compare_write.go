package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/comparison"
)

// writeComparison writes the pages into a folder, which is made if it is missing.
func (c *command) writeComparison(folder string, compared *comparison.Comparison) error {
	page := filepath.Join(folder, "compare.html")
	err := os.MkdirAll(folder, 0o777)
	if err == nil {
		err = atomicfile.Write(filepath.Join(folder, "compare.md"), compared.Markdown)
	}
	if err == nil {
		err = atomicfile.Write(page, compared.Page)
	}
	if err != nil {
		return fmt.Errorf("compare: --out: %w", err)
	}
	c.say(page)
	return nil
}
