package payload_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
)

// Packets of one exchange have one connection ID and count up; the first that has room
// names the version, and by it the reader recognises the exchange.
func TestGQUIC(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pool := payload.NewPool(payload.Options{}, random)
	var w payload.Writer
	ids := map[uint64]bool{}
	for _, c := range []struct {
		name    string
		lengths []int // the sides in turn
		first   int   // packet that names the version, -1: none
	}{
		{"whole hello", []int{1350, 1350, 31, 20}, 0},
		{"DNS-like", []int{37, 77}, 0},
		{"least that names it", []int{15, 15, 15}, 0},
		{"too short for it", []int{14, 14, 14}, -1},
		{"at first too short", []int{14, 1, 18, 20, 11, 3}, 2},
		{"server first has room", []int{2, 40, 40}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.Start(pool, payload.Connection{Application: flow.QUIC, Proto: flow.UDP, ServerPort: 40000}, random)
			var id uint64
			sent := [2]byte{}
			for i, length := range c.lengths {
				b := make([]byte, length)
				side := flow.Direction(i % 2)
				w.Fill(b, side, i, nil)
				p := flow.Packet{Tuple: flow.FiveTuple{Proto: flow.UDP}, Payload: b, PayloadLength: int32(length)}
				p.Tuple.Src, p.Tuple.Dst = endpoint("10.0.0.1:40001"), endpoint("10.0.0.2:40000")
				flow.Identify(&p)
				if got, want := p.Application == flow.QUIC, i == c.first; got != want {
					t.Fatalf("packet %d, %x: recognised: %v, want %v", i, b[:min(length, 16)], got, want)
				}
				if c.first < 0 || i < c.first {
					continue
				}
				number := 1
				if length >= 11 {
					if got := binary.BigEndian.Uint64(b[1:]); id == 0 {
						id = got
					} else if got != id {
						t.Errorf("packet %d has connection ID %x, want %x", i, got, id)
					}
					number = 9
				}
				if i == c.first {
					number = 13
				}
				if sent[side]++; b[number] != sent[side] {
					t.Errorf("packet %d has number %d, want %d", i, b[number], sent[side])
				}
			}
			if c.first >= 0 && (id == 0 || ids[id]) {
				t.Errorf("connection ID %x: want one of its own", id)
			}
			ids[id] = true
		})
	}
}

func endpoint(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }
