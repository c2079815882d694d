//go:build linux || darwin || freebsd

package doctor

import (
	"fmt"
	"syscall"
)

// freeSpace is ", 12.3 GB free", or nothing where that cannot be found out.
func freeSpace(dir string) string {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return ""
	}
	return fmt.Sprintf(", %.1f GB free", float64(s.Bavail)*float64(s.Bsize)/1e9)
}
