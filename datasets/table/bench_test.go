package table

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// capture is n packets as of a server's link: 256 conversations at a time, each
// with its ports, sequence numbers, layers and gaps.
func capture(n int) []flow.Packet {
	rng := rand.New(rand.NewPCG(3, 3))
	type side struct{ seq uint32 }
	type conversation struct {
		id    int64
		tuple flow.FiveTuple
		mac   [2]flow.MAC
		sides [2]side
		count int
	}
	open := make([]conversation, 256)
	next := int64(0)
	renew := func(c *conversation) {
		*c = conversation{id: next, mac: [2]flow.MAC{{2, 0, 0, 0, 0, byte(rng.IntN(32))}, {2, 0, 0, 0, 1, 1}}}
		port := uint16(32768 + rng.IntN(28000))
		c.tuple = flow.FiveTuple{Proto: flow.TCP, Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(rng.IntN(4)), byte(rng.IntN(250))}), port),
			Dst: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(rng.IntN(8))}), []uint16{80, 25, 443}[rng.IntN(3)])}
		c.sides = [2]side{{rng.Uint32()}, {rng.Uint32()}}
		next++
	}
	for i := range open {
		renew(&open[i])
	}
	packets := make([]flow.Packet, n)
	now := int64(1_700_000_000_000_000_000)
	for i := range packets {
		c := &open[rng.IntN(len(open))]
		direction := rng.IntN(2)
		now += int64(rng.ExpFloat64() * 20_000)
		p := &packets[i]
		payload := []int32{0, 0, 0, 512, 1448, 1448, int32(rng.IntN(1448))}[rng.IntN(7)]
		*p = flow.Packet{Number: int64(i), Time: now, HeaderLength: 66, PayloadLength: payload, Length: 66 + payload, Captured: 66 + payload,
			SrcMAC: c.mac[direction], DstMAC: c.mac[1-direction], Tuple: c.tuple, TTL: []uint8{64, 57}[direction], Flags: flow.ACK,
			Seq: c.sides[direction].seq, Ack: c.sides[1-direction].seq, Window: []uint16{502, 501, 64240, 509}[rng.IntN(4)],
			FlowID: c.id, Direction: flow.Direction(direction), Application: flow.HTTP}
		if direction == 1 {
			p.Tuple = p.Tuple.Reverse()
		}
		p.Layers = flow.Layers{{Name: flow.LayerEther, Length: p.Length}, {Name: flow.LayerIP, Length: p.Length - 14}, {Name: flow.LayerTCP, Length: p.Length - 34}}
		if payload > 0 {
			p.Flags |= flow.PSH
			p.Layers[3], p.Layers[4] = flow.Layer{Name: flow.LayerHTTP, Length: payload}, flow.Layer{Name: flow.LayerRaw, Length: payload}
		}
		c.sides[direction].seq += uint32(payload)
		if c.count++; c.count > 30 {
			renew(c)
		}
	}
	return packets
}

// counting counts what is written.
type counting struct{ n int64 }

func (c *counting) Write(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }

func BenchmarkWritePackets(b *testing.B) {
	packets := capture(1 << 18)
	for _, format := range formats {
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			var out counting
			w, err := NewPacketWriter(&out, format, AnySource)
			if err != nil {
				b.Fatal(err)
			}
			for i := range b.N {
				if err := w.Write(&packets[i&(1<<18-1)]); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64(out.n)/float64(b.N), "file-B/packet")
		})
	}
}

func BenchmarkReadPackets(b *testing.B) {
	packets := capture(1 << 19)
	for _, format := range formats {
		path := writeFile(b, format, func(w io.Writer) error { return WritePackets(w, format, stream(packets)) })
		b.Run(string(format), func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for n < b.N {
				for p, err := range ReadPackets(path) {
					if err != nil {
						b.Fatal(err)
					}
					if n++; n >= b.N || p.Length < 0 {
						break
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}

func BenchmarkWriteFeatures(b *testing.B) {
	names := make([]string, 16)
	row := make([]float64, 16)
	for i := range names {
		names[i] = fmt.Sprint("column_", i)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var out counting
	b.ReportAllocs()
	err := WriteFeatures(&out, Parquet, names, func(yield func([]float64, error) bool) {
		for range b.N {
			for i := range row {
				row[i] = rng.Float64()
			}
			if !yield(row, nil) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(out.n)/float64(b.N), "file-B/row")
}
