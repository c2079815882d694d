//go:build unix

package run

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// acquire takes the folder's lock, which ends with the process that holds it.
func acquire(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, errLocked
	}
	return f, nil
}

var errLocked = errors.New("another process is writing this run")
