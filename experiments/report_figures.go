package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/report"
)

// writeFigures writes the figures of a report into a folder, which is made if it is missing.
func writeFigures(data *report.Data, folder string, formats []string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("report: --figures: %w", err)
	}
	return data.WriteFigures(func(name string, content func(io.Writer) error) error {
		return atomicfile.Write(filepath.Join(folder, path.Base(name)), content)
	}, formats...)
}
