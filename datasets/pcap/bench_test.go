//go:build unix

package pcap_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/gopacket/pcapgo"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// mix is a capture in memory of at least want packets: the Ethernet traces again
// and again, each round a second later and with other IPv4 addresses, so that
// flows overlap and are many.
func mix(b *testing.B, want int) []byte {
	b.Helper()
	var frames [][]byte
	for _, e := range expectations(b) {
		if strings.HasPrefix(e.file, "fuzz") {
			continue // damaged packets: an error each
		}
		data, err := os.ReadFile(filepath.Join(sharedDir(b, "traces"), e.file))
		if err != nil {
			b.Fatal(err)
		}
		reader, err := pcapgo.NewReader(bytes.NewReader(data))
		if err != nil || reader.LinkType() != 1 {
			continue // pcapng, and other link types
		}
		for {
			frame, _, err := reader.ReadPacketData()
			if err != nil {
				break
			}
			frames = append(frames, frame)
		}
	}
	return repeat(frames, want)
}

func repeat(frames [][]byte, want int) []byte {
	var out bytes.Buffer
	header := [24]byte{0: 0x4d, 1: 0x3c, 2: 0xb2, 3: 0xa1, 4: 2, 6: 4, 18: 4, 20: 1}
	out.Write(header[:])
	var record [16]byte
	for round, packets := 0, 0; packets < want; round++ {
		for i, frame := range frames {
			if packets++; packets > want {
				break
			}
			binary.LittleEndian.PutUint32(record[:], uint32(1_600_000_000+round))
			binary.LittleEndian.PutUint32(record[4:], uint32(i*1e9/len(frames)))
			binary.LittleEndian.PutUint32(record[8:], uint32(len(frame)))
			binary.LittleEndian.PutUint32(record[12:], uint32(len(frame)))
			out.Write(record[:])
			at := out.Len()
			out.Write(frame)
			if len(frame) > 34 && frame[12] == 8 && frame[13] == 0 {
				copied := out.Bytes()[at:]
				copied[28] ^= byte(round)
				copied[32] ^= byte(round)
			}
		}
	}
	return out.Bytes()
}

// each benchmarks one way through the mix and through the embedded capture.
func each(b *testing.B, consume func(iter.Seq2[flow.Packet, error]) int) {
	b.Run("mix", func(b *testing.B) {
		const packets = 300_000
		through(b, mix(b, packets), packets, consume)
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
