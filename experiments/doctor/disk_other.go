//go:build !(linux || darwin || freebsd)

package doctor

// Free says nothing here.
func Free(string) (bytes int64, known bool) { return 0, false }
