package main

import (
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/spf13/cobra"
)

// fitHelp makes the help of all commands fit into so many columns. Paragraphs are
// wrapped, lines that are indented stay as they are. Examples call the program as it was
// called.
func fitHelp(root *cobra.Command, columns int) {
	wrapped := ".FlagUsagesWrapped " + strconv.Itoa(columns)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", wrapped))
	if program := run.Program(); program != run.GoRun {
		root.Use = program
	}
	for _, cmd := range root.Commands() {
		fitLong(cmd, columns)
	}
}

// fitLong fits the description and the examples of a command and of its subcommands.
func fitLong(cmd *cobra.Command, columns int) {
	cmd.Long = fill(cmd.Long, columns)
	cmd.Example = strings.ReplaceAll(cmd.Example, run.GoRun, run.Program())
	for _, sub := range cmd.Commands() {
		fitLong(sub, columns)
	}
}

// fill wraps the paragraphs of a text anew. An empty line or one that is indented ends
// a paragraph.
func fill(text string, columns int) string {
	var lines []string
	paragraph := ""
	end := func() {
		if paragraph != "" {
			lines = append(lines, wrap(paragraph, columns, "", "")...)
		}
		paragraph = ""
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' {
			end()
			lines = append(lines, line)
			continue
		}
		paragraph += " " + line
	}
	end()
	return strings.Join(lines, "\n")
}
