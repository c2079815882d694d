//go:build !unix

package run

import (
	"io"
	"os"
)

// acquire opens the lock file; without flock nothing keeps a second process out.
func acquire(path string) (io.Closer, error) { return os.Create(path) }
