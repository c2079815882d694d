package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/analysis"
)

// writeAnalyses writes the page of results, their numbers and their figures into a
// folder, which is made if it is missing.
func (c *command) writeAnalyses(folder, title string, real analysis.Side, generated []analysis.Side, results []*analysis.Result) error {
	figures := filepath.Join(folder, "figures")
	if err := os.MkdirAll(figures, 0o777); err != nil {
		return fmt.Errorf("analyse: --out: %w", err)
	}
	page := func(w io.Writer) error { return analysis.Write(w, title, real, generated, results) }
	if err := atomicfile.Write(filepath.Join(folder, "analysis.html"), page); err != nil {
		return fmt.Errorf("analyse: %w", err)
	}
	numbers := func(w io.Writer) error { return printJSON(w, results) }
	if err := atomicfile.Write(filepath.Join(folder, "analysis.json"), numbers); err != nil {
		return fmt.Errorf("analyse: %w", err)
	}
	err := analysis.WriteFigures(results, func(name string, content func(io.Writer) error) error {
		return atomicfile.Write(filepath.Join(figures, name), content)
	})
	if err != nil {
		return err
	}
	c.say(filepath.Join(folder, "analysis.html"))
	return nil
}
