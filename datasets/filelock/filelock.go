// Package filelock locks folders and files against other processes. A lock ends
// with the process that holds it, however it ends.
package filelock

import (
	"os"
)

// Try opens a file or folder and locks it; nil without an error: another process
// holds the lock, or the path is gone. Close the file to let go. The lock belongs to
// what was opened: Try reports only a lock on what still has the name, so whoever
// waits for a path that is renamed or removed under the lock finds that out.
func Try(path string) (*os.File, error) {
	f, err := tryLock(path)
	if f == nil || err != nil {
		return nil, err
	}
	held, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if there, err := os.Stat(path); err != nil || !os.SameFile(held, there) {
		return nil, f.Close()
	}
	return f, nil
}
