//go:build unix

package slurm

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"
)

// worker is what a task does in these tests, and its exit code: "fail" fails, and "until
// told" waits for a signal as a training does.
func worker(items []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once, as it does the real one
	fmt.Printf("begins %q\n", items)
	switch items[0] {
	case "fail":
		return 1
	case "until told":
		<-ctx.Done()
		fmt.Println("stored what there is")
		return 3
	}
	return 0
}
