package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command that the README or a help text shows is one: its subcommand,
// flags, experiment and keys exist.
func TestShownCommands(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := commandLines(string(readme))
	if len(shown) < 8 {
		t.Errorf("the README shows %d commands: %q", len(shown), shown)
	}
	root := (&command{out: io.Discard, err: io.Discard}).root()
	var examples func(cmd *cobra.Command)
	examples = func(cmd *cobra.Command) {
		shown = append(shown, commandLines(cmd.Example)...)
		for _, sub := range cmd.Commands() {
			examples(sub)
		}
	}
	examples(root)
	for _, line := range shown {
		t.Run(line, func(t *testing.T) { checkLine(t, words(line)) })
	}
}

// commandLines are the lines that start this program, without "go run ./experiments".
func commandLines(text string) []string {
	text = regexp.MustCompile(` \\\n\s*`).ReplaceAllString(text, " ") // a line that goes on in the next
	var lines []string
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./experiments "); ok {
			command, _, _ := strings.Cut(rest, " | ") // what reads its output
			command, _, _ = strings.Cut(command, " > ")
			lines = append(lines, command)
		}
	}
	return lines
}

// words splits a command line as a shell does that knows single quotes.
func words(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 0 {
			words = append(words, strings.Fields(part)...)
		} else {
			words = append(words, part)
		}
	}
	return words
}

func checkLine(t *testing.T, words []string) {
	c := &command{out: io.Discard, err: io.Discard}
	root := c.root()
	cmd, rest, err := root.Find(words)
	if err != nil || cmd == root {
		t.Fatalf("no such command: %v", err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Fatal(err)
	}
	args := cmd.Flags().Args()
	if err := cobra.PositionalArgs(cmd.Args)(cmd, args); err != nil {
		t.Fatal(err)
	}
	if name := cmd.Name(); name == "run" || name == "plan" || name == "show" {
		c.file = "../experiments.toml"
		if _, err := c.runner().Experiment(args[0], args[1:]); err != nil {
			t.Error(err)
		}
	}
}

// What the README tells people to run is what is run before a change is taken.
func TestReadmeAndCIAgree(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	ci, err := os.ReadFile("../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"go run ./experiments run quickstart", "go test ./..."} {
		if !strings.Contains(string(readme), "\n    "+line+"\n") || !strings.Contains(string(ci), "\n"+line) {
			t.Errorf("%q is not in both README.md and .ci/run", line)
		}
	}
}
