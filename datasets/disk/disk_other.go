//go:build !(linux || darwin || freebsd)

package disk

// Free knows nothing on this system.
func Free(string) (bytes int64, known bool) { return 0, false }
