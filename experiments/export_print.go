package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/run"
)

// printExport prints what an archive holds.
func (c *command) printExport(m *run.Manifest, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if c.json {
		return printJSON(c.out, struct {
			File     string   `json:"file"`
			Bytes    int64    `json:"bytes"`
			Files    int      `json:"files"` // of the manifest
			Withheld []string `json:"withheld,omitempty"`
		}{file, info.Size(), len(m.Artifacts), m.Withheld})
	}
	if len(m.Withheld) > 0 && !c.quiet {
		text := fmt.Sprintf("left out: %s. Experiment %s keeps its name.", withheld(m), m.Experiment)
		if err := printLine(c.out, "%s", strings.Join(wrap(text, c.columns(), "", "  "), "\n")); err != nil {
			return err
		}
	}
	return printLine(c.out, "%s: %d files, %s", file, len(m.Artifacts), disk.Size(float64(info.Size())))
}

// withheld names what was left out of a shared run, and counts the figures.
func withheld(m *run.Manifest) string {
	var names []string
	figures := 0
	for _, name := range m.Withheld {
		if strings.HasPrefix(name, "figures/") {
			figures++
		} else {
			names = append(names, name)
		}
	}
	if figures > 0 {
		names = append(names, fmt.Sprintf("%d figures", figures))
	}
	return strings.Join(names, ", ")
}
