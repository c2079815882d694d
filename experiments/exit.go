package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 3
)

// usageError is a mistake in what the user wrote: the command line or experiments.toml.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// stoppedError is the error of a command that the same command would not continue.
type stoppedError struct {
	error
	advice string // what does, like ": run it without --force"; "": nothing
}

func (e stoppedError) Unwrap() error { return e.error }

// usage returns a usageError that says where the help is.
func usage(cmd *cobra.Command, err error) error {
	sub := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name())
	return usageError{fmt.Errorf("%w (see: %s%s --help)", err, run.Program(), sub)}
}

// arguments returns a check of the number of arguments that says what is wanted.
func arguments(least, most int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		return usage(cmd, fmt.Errorf("%s: want %s", cmd.Name(), want))
	}
}

// exit prints what went wrong, a line for each error, and returns the exit code.
func (c *command) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		advice := ": run the same command again"
		if stopped, ok := errors.AsType[stoppedError](err); ok {
			advice = stopped.advice
		}
		fmt.Fprintf(c.err, "interrupted%s\n", advice)
		return exitInterrupted
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitFailed // nobody reads the output any more, which is no news
	}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			fmt.Fprintf(c.err, "error: %s\n", line)
		}
	}
	if errors.As(err, new(usageError)) || errors.As(err, new(runner.Mistake)) {
		return exitUsage
	}
	return exitFailed
}
