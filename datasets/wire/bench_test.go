package wire

import (
	"context"
	"io"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// plainFlow is a clean HTTP connection of n packets, 20 ms apart.
func plainFlow(id int64, start int64, n int) *flow.Flow {
	f := &flow.Flow{ID: id, Application: flow.HTTP, Tuple: flow.FiveTuple{Proto: flow.TCP}}
	for i := range n {
		p := flow.Packet{Time: start + int64(i)*20e6, Flags: flow.ACK, HeaderLength: 66, Direction: flow.Direction(i & 1)}
		switch {
		case i == 0:
			p.Flags, p.HeaderLength = flow.SYN, 74
		case i == 1:
			p.Flags, p.HeaderLength = flow.SYN|flow.ACK, 74
		case i >= n-3:
			p.Flags = flow.FIN | flow.ACK
		case i == 3:
			p.Flags, p.PayloadLength, p.Direction = flow.PSH|flow.ACK, 120, flow.Forward
		case i == 4:
			p.Direction = flow.Backward
		case i > 4 && i%2 == 1:
			p.PayloadLength = 1448
		}
		f.Packets = append(f.Packets, p)
	}
	f.Packets[n-1].Flags = flow.ACK
	return f
}

// plainFlows is an endless stream of overlapping flows, a thousand at a time.
func plainFlows(packets int) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		f := plainFlow(0, epoch, 14)
		for id := 0; id*14 < packets; id++ {
			f.ID = int64(id)
			for i := range f.Packets {
				f.Packets[i].Time += 280_000
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

func BenchmarkWriteCapture(b *testing.B) {
	for _, kind := range []struct {
		name string
		opts Options
	}{{"dissectable", Options{}}, {"random", Options{Payload: RandomPayload}}, {"zero", Options{Payload: ZeroPayload}}} {
		b.Run(kind.name, func(b *testing.B) {
			f, err := NewFramer(nil, kind.opts, rand.NewPCG(1, 2))
			if err != nil {
				b.Fatal(err)
			}
			w, err := pcap.NewWriter(io.Discard, pcap.WriterOptions{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			n, err := WriteCapture(context.Background(), w, f.Frames(plainFlows(b.N)))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64(w.Bytes())/float64(n), "frame-B/packet")
			b.ReportMetric(float64(f.Peak()), "open-flows")
		})
	}
}

// Uplinks cost what their encryption and integrity code do.
func BenchmarkUplinks(b *testing.B) {
	flows := devices(200)
	for _, link := range []Link{LoRaTap, Ethernet} {
		b.Run(link.String(), func(b *testing.B) {
			w, err := pcap.NewWriter(io.Discard, pcap.WriterOptions{LinkType: link.Type()})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for n := int64(0); n < int64(b.N); {
				f := newTestFramer(b, nil, Options{Link: link})
				before := w.Packets()
				if _, err := WriteCapture(context.Background(), w, f.Frames(sequence(flows))); err != nil {
					b.Fatal(err)
				}
				n += w.Packets() - before
			}
			b.ReportMetric(float64(w.Packets())/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
