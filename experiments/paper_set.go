package main

import (
	"errors"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/reproduction"
)

// writePaper writes the page and the table, and prints where they are. A set of which a
// run has failed makes the command fail in the end.
func (c *command) writePaper(dir string, results []*reproduction.Result) error {
	if err := reproduction.Write(dir, results); err != nil {
		return err
	}
	var failed []error
	for _, r := range results {
		if r.Failed {
			failed = append(failed, errors.New(r.Why))
		}
	}
	for _, name := range []string{reproduction.PageName, reproduction.TableName} {
		if err := printLine(c.out, "%s", filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}
