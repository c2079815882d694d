//go:build linux || darwin || freebsd

package catalog

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lock makes its caller the only one, of this process and of others, that fetches the file whose lock is path, and returns what ends that.
// It waits for another one to end. A process that dies lets go.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && same(f, path) {
			return func() {
				os.Remove(path) // before the lock is let go: who waits sees that it is another file
				f.Close()
			}, nil
		}
		f.Close()
		if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// same reports whether the file still has its name.
func same(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(open, named)
}
