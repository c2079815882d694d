package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// fitHelp makes the help of all commands fit into so many columns. Paragraphs are
// wrapped, lines that are indented stay as they are.
func fitHelp(root *cobra.Command, columns int) {
	wrapped := ".FlagUsagesWrapped " + strconv.Itoa(columns)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", wrapped))
	for _, cmd := range root.Commands() {
		fitLong(cmd, columns)
	}
}

// fitLong wraps the description of a command and of its subcommands.
func fitLong(cmd *cobra.Command, columns int) {
	cmd.Long = fill(cmd.Long, columns)
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
