package convert_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/experiments/convert"
)

// A conversion allocates for flows and batches, never for each packet: one allocation
// a packet costs a fifth more CPU time.
func TestNoAllocationPerPacket(t *testing.T) {
	const few, many = 20_000, 60_000
	allocated := func(packets int) uint64 {
		dir := t.TempDir()
		path := filepath.Join(dir, "mix.pcap")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := io.Copy(f, sharedtest.Mix(t, packets)); err != nil {
			t.Fatal(err)
		}
		o := convert.Options{Packets: filepath.Join(dir, "packets.parquet"), Features: filepath.Join(dir, "features.parquet")}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := convert.Run(t.Context(), []string{path}, o, nil); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	allocated(few) // what is made once
	less, more := allocated(few), allocated(many)
	perPacket := (float64(more) - float64(less)) / (many - few)
	t.Logf("%.3f allocations a packet", perPacket)
	if perPacket > 0.5 {
		t.Errorf("%.2f allocations a packet, want less than one for two", perPacket)
	}
}
