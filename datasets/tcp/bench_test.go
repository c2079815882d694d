package tcp

import (
	"io"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/pcap"
)

func BenchmarkFrames(b *testing.B) {
	for _, kind := range []struct {
		name string
		opts Options
	}{{"dissectable", Options{}}, {"random", Options{Payload: payload.Random}}, {"zero", Options{Payload: payload.Zero}}} {
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
			n, err := writeCapture(w, f.Frames(flowtest.PlainStream(b.N)))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64(w.Bytes())/float64(n), "frame-B/packet")
		})
	}
}

// Uplinks cost what their encryption and integrity code do.
func BenchmarkUplinks(b *testing.B) {
	flows := flowtest.Devices(200)
	for _, link := range []Link{LoRaTap, Semtech} {
		b.Run(link.String(), func(b *testing.B) {
			w, err := pcap.NewWriter(io.Discard, pcap.WriterOptions{LinkType: link.Type()})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for n := int64(0); n < int64(b.N); {
				f := newTestFramer(b, nil, Options{Link: link})
				before := w.Packets()
				if _, err := writeCapture(w, f.Frames(flowtest.Sequence(flows))); err != nil {
					b.Fatal(err)
				}
				n += w.Packets() - before
			}
			b.ReportMetric(float64(w.Packets())/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
