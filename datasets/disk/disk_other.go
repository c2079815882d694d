//go:build !(linux || darwin || freebsd)

package disk

// Free says nothing here.
func Free(string) (bytes int64, known bool) { return 0, false }
