package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Every subcommand's help has an example.
func TestHelpHasExample(t *testing.T) {
	forEachCommand((&command{}).root(), func(cmd *cobra.Command) {
		if cmd.Runnable() && cmd.HasParent() && cmd.Example == "" {
			t.Errorf("%s: no example", cmd.CommandPath())
		}
	})
}

// Help fits a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	forEachCommand((&command{}).root(), func(cmd *cobra.Command) {
		var out bytes.Buffer
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
	})
}

func forEachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		forEachCommand(sub, do)
	}
}

func TestFill(t *testing.T) {
	text := "one\ntwo three\n\nfour\n  as it is  x\nfive six"
	if got, want := fill(text, 8), "one two\nthree\n\nfour\n  as it is  x\nfive six"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := fill(fill(text, 8), 8); got != fill(text, 8) {
		t.Errorf("%q", got)
	}
}
