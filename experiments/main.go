// Experiments learns a capture and writes a synthetic one: the command of this
// repository. See README.md, or run it with --help.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	// Whoever reads the output may go away before the end, as head does. Then a write
	// fails, and the program, which may have hours of work under way, does not end by a
	// signal.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(experiments(ctx, os.Stdin, os.Stdout, os.Stderr, os.Args[1:]))
}

// experiments runs one command and returns its exit code.
func experiments(ctx context.Context, in io.Reader, out, err io.Writer, args []string) int {
	c := &command{in: in, out: out, err: err}
	root := c.root()
	root.SetArgs(args)
	return c.exit(ctx, root.ExecuteContext(ctx))
}
