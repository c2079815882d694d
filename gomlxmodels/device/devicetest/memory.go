package devicetest

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// PeakMemory runs f and returns by how many bytes the resident memory of this process
// was at its peak above what it was before, device memory of a CPU included. It is 0
// where there is no /proc (other systems than Linux).
func PeakMemory(f func()) int64 {
	debug.FreeOSMemory()
	before := residentBytes("VmRSS:")
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // begins a new peak
		before = 0
	}
	f()
	if before == 0 {
		return 0
	}
	return residentBytes("VmHWM:") - before
}

// residentBytes is a line of /proc/self/status, or 0.
func residentBytes(name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes int64
		if rest, ok := strings.CutPrefix(line, name); ok {
			if _, err := fmt.Sscan(rest, &kilobytes); err == nil {
				return kilobytes << 10
			}
		}
	}
	return 0
}
