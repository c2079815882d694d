package main

import (
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/comparison"
)

// printComparison prints tables of what differs, of the closing scores and of losses,
// with an empty line between them.
func (c *command) printComparison(compared *comparison.Comparison) error {
	for i, t := range compared.Tables() {
		if i > 0 {
			if err := printLine(c.out, ""); err != nil {
				return err
			}
		}
		heads := slices.Clone(t.Heads)
		for column := range heads {
			if column == 0 || column > len(compared.Runs) { // not the name of a run
				heads[column] = strings.ToUpper(heads[column])
			}
		}
		if err := printTable(c.out, heads, t.Rows); err != nil {
			return err
		}
	}
	return nil
}
