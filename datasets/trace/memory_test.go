package trace_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/trace"
)

// What reading several files holds and allocates does not grow with them: one of two
// that alternate, and one that follows. A hundred thousand packets each by default;
// with NECSTGEN_MEMORY=1 a million each.
func TestMergedFlatMemory(t *testing.T) {
	packets := 100_000
	if text := os.Getenv("NECSTGEN_MEMORY"); text != "" {
		millions, err := strconv.Atoi(text)
		if err != nil {
			t.Skipf("NECSTGEN_MEMORY=%s: want one number of millions of packets", text)
		}
		packets = millions * 1_000_000
	}
	dir := t.TempDir()
	for i, start := range []int64{0, 5e5, int64(packets) * 1e6} {
		steady(t, filepath.Join(dir, strconv.Itoa(i)+".pcap"), packets, start)
	}
	tr, err := trace.Open(t.Context(), []string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := time.Now()
	n, last := 0, int64(0)
	for p, err := range tr.Packets(t.Context(), trace.Selection{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; p.Time < last {
			t.Fatalf("packet %d steps back", n)
		}
		last = p.Time
	}
	seconds := time.Since(started).Seconds()
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	t.Logf("%d packets of 3 files: %.1f MB allocated, %.2f million packets/s", n, float64(allocated)/1e6, float64(n)/1e6/seconds)
	if n != 3*packets || allocated > 8<<20 {
		t.Errorf("%d packets, want %d; %d bytes were allocated, want at most %d", n, 3*packets, allocated, 8<<20)
	}
}

// steady writes a capture of datagrams, one a millisecond from a start on.
func steady(t *testing.T, path string, packets int, start int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcap.NewWriter(f, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range packets {
		if err := w.Write(1_000_000_000e9+start+int64(i)*1e6, []byte(datagram)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}
