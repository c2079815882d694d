package main

import (
	"fmt"

	"github.com/necstgen/necstgen/experiments/convert"
	"github.com/necstgen/necstgen/experiments/output"
)

// printImport says what an import has read and written.
func (c *command) printImport(result *convert.Result, o convert.Options) error {
	for _, reason := range result.Reasons {
		c.say(fmt.Sprintf("left out: %v", reason))
	}
	for _, warning := range result.Warnings {
		c.say(fmt.Sprintf("warning: %v", warning))
	}
	if c.json {
		return printJSON(c.out, result)
	}
	if result.Rows > 0 {
		return printLine(c.out, "%s: %s rows", result.PacketsFile, output.Thousands(result.Rows))
	}
	others := ""
	if o.Application != "" {
		others = fmt.Sprintf(" and %s packets of others", output.Thousands(result.Others))
	}
	files := ""
	if n := len(result.Files); n > 0 {
		files = fmt.Sprintf(" in %d files", n)
	}
	err := printLine(c.out, "%s: %s packets%s, %s damaged records%s left out", result.PacketsFile, output.Thousands(result.Packets), files, output.Thousands(result.Damaged), others)
	if err != nil || o.Flows == "" {
		return err
	}
	return printLine(c.out, "%s: %s flows", o.Flows, output.Thousands(result.Flows))
}
