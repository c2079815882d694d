//go:build unix

package table

import (
	"bytes"
	"io"
	"iter"
	"runtime"
	"syscall"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// stages are how far a capture goes on its way to a table.
var stages = []struct {
	name string
	run  func(capture io.Reader, packets, features io.Writer) error
}{
	{"read", func(capture io.Reader, _, _ io.Writer) error { return drain(pcap.Packets(capture, "mix")) }},
	{"label", func(capture io.Reader, _, _ io.Writer) error { return drain(labelled(capture)) }},
	{"features", func(capture io.Reader, _, features io.Writer) error {
		return Export{Features: features}.Write(labelled(capture))
	}},
	{"packets", func(capture io.Reader, packets, _ io.Writer) error {
		return Export{Packets: packets}.Write(labelled(capture))
	}},
	{"export", func(capture io.Reader, packets, features io.Writer) error {
		return Export{Packets: packets, Features: features}.Write(labelled(capture))
	}},
}

func labelled(capture io.Reader) iter.Seq2[flow.Packet, error] {
	return new(flow.Assembler).Label(pcap.Packets(capture, "mix"))
}

func drain(packets iter.Seq2[flow.Packet, error]) error {
	for _, err := range packets {
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkCaptureToParquet is the whole way of a capture of a million packets:
// layers and applications, flow ids, packet table, features of each packet, both
// as Parquet; and the parts of the way.
func BenchmarkCaptureToParquet(b *testing.B) {
	const packets = 1_000_000
	capture, err := io.ReadAll(sharedtest.Mix(b, packets))
	if err != nil {
		b.Fatal(err)
	}
	for _, stage := range stages {
		b.Run(stage.name, func(b *testing.B) {
			b.SetBytes(int64(len(capture)))
			var rows, features counting
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := processorSeconds(b)
			for b.Loop() {
				if err := stage.run(bytes.NewReader(capture), &rows, &features); err != nil {
					b.Fatal(err)
				}
			}
			total := float64(packets) * float64(b.N)
			b.ReportMetric(total/(processorSeconds(b)-start), "packets/cpu-s")
			runtime.ReadMemStats(&after)
			b.ReportMetric(total/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/total, "B/packet")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/total, "allocs/packet")
			b.ReportMetric(float64(rows.n+features.n)/total, "file-B/packet")
		})
	}
}

// processorSeconds is the processor time of this process, the garbage collector's
// included: where others use the machine too it tells more than the clock.
func processorSeconds(t testing.TB) float64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}
