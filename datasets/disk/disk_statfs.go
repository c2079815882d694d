//go:build linux || darwin || freebsd

package disk

import "syscall"

// Free is how many bytes can be written to the folder's disk, and whether that
// could be found out.
func Free(dir string) (bytes int64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
