package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/necstgen/necstgen/experiments/run"
)

// terminal returns where a run speaks.
func (c *command) terminal() *run.Terminal {
	f, ok := c.err.(*os.File)
	return &run.Terminal{Out: c.out, Err: c.err, Quiet: c.quiet || c.json, Interactive: ok && term.IsTerminal(int(f.Fd()))}
}

// say prints a message that is no result, such as what is being waited for.
func (c *command) say(message string) {
	if !c.quiet {
		_, _ = fmt.Fprintln(c.err, message) // a closed standard error shall not end the command
	}
}

// confirm asks on a terminal whether to do something, and returns an error unless the
// answer is yes. Without a terminal, the flag --yes is the answer that is wanted.
func (c *command) confirm(what string) error {
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usageError{fmt.Errorf("%s: no terminal to ask on: want --yes", what)}
	}
	fmt.Fprintf(c.err, "%s? [y/N] ", what)
	answer, _ := bufio.NewReader(c.in).ReadString('\n') // the end of the input is no answer
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

// printLine prints one line.
func printLine(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format+"\n", args...)
	return err
}
