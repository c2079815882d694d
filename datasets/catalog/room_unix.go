//go:build linux || darwin || freebsd

package catalog

import (
	"fmt"
	"syscall"
)

// room makes sure that dir's disk has space for need bytes and a little to spare.
func room(dir string, need int64) error {
	const spare = 64 << 20
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return fmt.Errorf("free space of %s: %w", dir, err)
	}
	if free := int64(s.Bavail) * int64(s.Bsize); need > 0 && free < need+spare {
		return fmt.Errorf("%s has %d MB free, needed are %d MB", dir, free>>20, (need+spare)>>20+1)
	}
	return nil
}
