package trace_test

import (
	"testing"

	"github.com/necstgen/necstgen/datasets/trace"
)

// Packets a second of one capture, and of copies of it, whose packets alternate: the
// dearest way to merge.
func BenchmarkPackets(b *testing.B) {
	path := capture(b)
	for name, files := range map[string][]string{"one": {path}, "three": {path, capture(b), capture(b)}} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				tr, err := trace.OpenFiles(b.Context(), files, nil)
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range tr.Packets(b.Context(), trace.Selection{Limit: 4000}) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				tr.Close()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
