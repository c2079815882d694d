//go:build !(linux || darwin || freebsd)

package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// lock makes its caller the only one that fetches the file whose lock is path, and returns what ends that. Another one is refused. A process
// that dies leaves the file.
func lock(_ context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("another fetch is at work: if there is none, remove %s", path)
	}
	if err != nil {
		return nil, err
	}
	return func() { f.Close(); os.Remove(path) }, nil
}
