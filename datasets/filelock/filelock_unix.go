//go:build unix

package filelock

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

func tryLock(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
			return nil, f.Close()
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
