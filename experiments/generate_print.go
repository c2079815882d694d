package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
)

// endedEarly says of each file what it holds all the same, and returns the error.
func (c *command) endedEarly(files []*output.File, err error) error {
	for _, f := range files {
		if n := f.Written(); n > 0 {
			fmt.Fprintf(c.err, "%s: ended early; its %s %s are a valid %s\n", shownName(f.Path), output.Thousands(n), f.Kind.Unit(), f.Kind.Noun())
		} else {
			fmt.Fprintf(c.err, "%s: not written\n", shownName(f.Path))
		}
	}
	return stoppedError{error: fmt.Errorf("generate: %w", err)}
}

// shownName returns what a file is called in messages.
func shownName(path string) string {
	if path == output.Standard {
		return "standard output"
	}
	return path
}

// printGenerated prints what was made: to the standard error where the standard output
// is one of the files.
func (c *command) printGenerated(g *generateResult) error {
	out := c.out
	for _, f := range g.Files {
		if f.Path == output.Standard {
			out = c.err
		}
	}
	if out == c.err && c.quiet {
		return nil
	}
	if c.json {
		return printJSON(out, g)
	}
	var err error
	for _, f := range g.Files {
		name := shownName(f.Path)
		if n := len(f.Parts); n > 0 {
			name = fmt.Sprintf("%s to %s, %d files", f.Parts[0], f.Parts[n-1], n)
		}
		n, unit := f.Packets, "packets"
		if f.Flows > 0 {
			n, unit = f.Flows, "flows"
		}
		err = errors.Join(err, printLine(out, "%s: %s %s", name, output.Thousands(n), unit))
	}
	if c.quiet {
		return err
	}
	for _, what := range slices.Sorted(maps.Keys(g.Repairs)) {
		err = errors.Join(err, printLine(out, "mended: %s: %s", what, output.Thousands(int64(g.Repairs[what]))))
	}
	if g.Replay != nil {
		return errors.Join(err, printLine(out, "%s", g.Replay.line()))
	}
	return errors.Join(err, printLine(out, "%s, %s packets a second", run.Seconds(g.Seconds), output.Thousands(int64(float64(g.Packets)/max(g.Seconds, 1e-3)))))
}
