package table

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// residentLimit is what the whole way from a capture to its tables may hold.
const residentLimit = 400 << 20

// TestResidentMemory: what is held does not grow with the capture. A million
// packets by default; with NECSTGEN_MEMORY=1,10,100 that many millions, one after
// the other (100 million take a minute or two on two processors).
func TestResidentMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a million packets: not with -short")
	}
	sizes := os.Getenv("NECSTGEN_MEMORY")
	if sizes == "" {
		sizes = "1"
	}
	for _, size := range strings.Split(sizes, ",") {
		millions, err := strconv.Atoi(size)
		if err != nil {
			t.Fatalf("NECSTGEN_MEMORY=%s: want millions of packets, as 1,10,100", sizes)
		}
		debug.FreeOSMemory()
		before := resident(t)
		var first, last runtime.MemStats
		runtime.ReadMemStats(&first)
		start := time.Now()
		most := peak(t, func() {
			var packets, features counting
			if err := (Export{Packets: &packets, Features: &features}).Write(labelled(sharedtest.Mix(t, millions*1_000_000))); err != nil {
				t.Fatal(err)
			}
		})
		runtime.ReadMemStats(&last)
		t.Logf("%d million packets: %d MiB resident at most, %d MiB before, %.1f B allocated a packet, %.1f s", millions, most>>20, before>>20,
			float64(last.TotalAlloc-first.TotalAlloc)/float64(millions)/1e6, time.Since(start).Seconds())
		if most > residentLimit {
			t.Errorf("%d million packets: %d MiB resident, want at most %d", millions, most>>20, residentLimit>>20)
		}
	}
}

// peak is the most resident memory while f runs, looked at every 20 ms.
func peak(t *testing.T, f func()) (most int64) {
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			most = max(most, resident(t))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	f()
	close(stop)
	watch.Wait()
	return most
}

// resident is this process's resident memory in bytes.
func resident(t *testing.T) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Error(err)
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Error(err)
	}
	return pages * int64(os.Getpagesize())
}
