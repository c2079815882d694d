//go:build unix

package pcap_test

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
	"github.com/necstgen/necstgen/datasets/testbed"
)

// each benchmarks one way through the mix and through the embedded capture.
func each(b *testing.B, consume func(iter.Seq2[flow.Packet, error]) int) {
	b.Run("mix", func(b *testing.B) {
		const packets = 300_000
		capture, err := io.ReadAll(sharedtest.Traces(b, packets))
		if err != nil {
			b.Fatal(err)
		}
		through(b, capture, packets, consume)
	})
	b.Run("testbed", func(b *testing.B) {
		embedded, err := testbed.Open()
		if err != nil {
			b.Fatal(err)
		}
		defer embedded.Close()
		capture, err := io.ReadAll(embedded)
		if err != nil {
			b.Fatal(err)
		}
		packets := 0
		for range pcap.Packets(bytes.NewReader(capture), testbed.Name) {
			packets++
		}
		through(b, capture, packets, consume)
	})
}

func through(b *testing.B, capture []byte, packets int, consume func(iter.Seq2[flow.Packet, error]) int) {
	b.SetBytes(int64(len(capture)))
	b.ReportAllocs()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := processorSeconds(b)
	for b.Loop() {
		if got := consume(pcap.Packets(bytes.NewReader(capture), "bench")); got != packets {
			b.Fatalf("%d packets, want %d", got, packets)
		}
	}
	total := float64(packets) * float64(b.N)
	b.ReportMetric(total/(processorSeconds(b)-start), "packets/cpu-s")
	runtime.ReadMemStats(&after)
	b.ReportMetric(total/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/total, "B/packet")
}

// processorSeconds is the processor time of this process: on a machine that others
// use too it tells more than the clock. It counts the garbage collector's threads.
func processorSeconds(b *testing.B) float64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}

// BenchmarkPackets reads, decodes and identifies.
func BenchmarkPackets(b *testing.B) {
	each(b, func(packets iter.Seq2[flow.Packet, error]) (n int) {
		for _, err := range packets {
			if err == nil {
				n++
			}
		}
		return n
	})
}

// BenchmarkLabel also gives each packet its flow and direction.
func BenchmarkLabel(b *testing.B) {
	each(b, func(packets iter.Seq2[flow.Packet, error]) (n int) {
		for _, err := range new(flow.Assembler).Label(packets) {
			if err == nil {
				n++
			}
		}
		return n
	})
}

// BenchmarkFlows gathers the packets of each flow.
func BenchmarkFlows(b *testing.B) {
	each(b, func(packets iter.Seq2[flow.Packet, error]) (n int) {
		for f, err := range new(flow.Assembler).Flows(packets) {
			if err == nil {
				n += len(f.Packets)
			}
		}
		return n
	})
}

// BenchmarkTable makes the flow table.
func BenchmarkTable(b *testing.B) {
	each(b, func(packets iter.Seq2[flow.Packet, error]) (n int) {
		for row, err := range new(flow.Assembler).Table(packets) {
			if err == nil {
				n += int(row.Packets)
			}
		}
		return n
	})
}
