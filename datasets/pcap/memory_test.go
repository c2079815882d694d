package pcap_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/netip"
	"runtime"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// allocated is how many bytes f allocates in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestClaimsCostNothing: lengths that a file claims and does not hold make no
// memory. Each reading needs its windows, two of 1 MiB behind a compressor.
func TestClaimsCostNothing(t *testing.T) {
	zstdWindow := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 24<<3 | 1, 0, 0}, classic(binary.LittleEndian, micro, 4, 1).data...)
	for _, row := range []struct {
		name string
		data []byte
	}{
		{"record", classic(binary.LittleEndian, micro, 4, 1).u32(base, 0, 0xffffff00, 0xffffff00).raw(loop...).data},
		{"block", le().section().port(1).u32(6, 1<<29, 0).data},
		{"unknown block", le().section().u32(77, 1<<30, 0).data},
		{"option", le().section().block(1, func(b *builder) { b.u16(1, 0).u32(0).u16(2, 0xffff) }).data},
		{"zstd window of 2 GiB", zstdWindow},
	} {
		got := allocated(func() {
			for range pcap.Packets(bytes.NewReader(row.data), row.name) {
			}
		})
		if got > 4<<20 {
			t.Errorf("%s: %d bytes for an input of %d", row.name, got, len(row.data))
		}
	}
}

// endless repeats records without holding them.
type endless struct {
	data []byte
	at   int
	left int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.data[e.at:])
	e.at = (e.at + n) % len(e.data)
	e.left -= int64(n)
	return n, nil
}

// TestFlatMemory: neither packets nor flows stay. A million packets of endless short
// conversations cost what the windows and the open flows cost: those of the last second,
// and of stations, whose flows no silence ends, as many as may be open.
func TestFlatMemory(t *testing.T) {
	for _, test := range []struct {
		name      string
		assembler flow.Assembler
		other     func(p *flow.Packet, n int) // makes the packet of another flow
	}{
		{"datagrams", flow.Assembler{IdleTimeout: 1e9}, func(p *flow.Packet, n int) {
			p.Tuple = flow.FiveTuple{Proto: flow.UDP, Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 9)}
		}},
		{"stations", flow.Assembler{MaxOpen: 1000}, func(p *flow.Packet, n int) {
			p.SrcMAC = flow.MAC{byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
		}},
	} {
		record := (&builder{order: binary.LittleEndian}).record(base, 5, loop).data
		source := &endless{data: record, left: int64(1_000_000 * len(record))}
		head := bytes.NewReader(classic(binary.LittleEndian, micro, 4, 1).data)
		n := 0
		moving := func(yield func(flow.Packet, error) bool) {
			var p flow.Packet // one for all: other's argument escapes
			var err error
			for p, err = range pcap.Packets(io.MultiReader(head, source), "endless") {
				p.Time += int64(n) * 1e6 // a millisecond a packet
				test.other(&p, n)
				n++
				if !yield(p, err) {
					return
				}
			}
		}
		got := allocated(func() {
			rows := 0
			for _, err := range test.assembler.Table(moving) {
				if err != nil {
					t.Fatal(err)
				}
				rows++
			}
			if rows != 1_000_000 {
				t.Errorf("%s: %d rows, want 1000000", test.name, rows)
			}
		})
		if got > 8<<20 {
			t.Errorf("%s: %d bytes were allocated for a million packets", test.name, got)
		}
		t.Logf("%s: %.2f B/packet", test.name, float64(got)/1e6)
	}
}

// TestNoAllocations: a good packet costs none.
func TestNoAllocations(t *testing.T) {
	capture := classic(binary.LittleEndian, micro, 4, 1)
	for i := range 20000 {
		capture.record(base+uint32(i), 0, loop)
	}
	got := testing.AllocsPerRun(3, func() {
		for range new(flow.Assembler).Label(pcap.Packets(bytes.NewReader(capture.data), "loop")) {
		}
	})
	if got > 50 {
		t.Errorf("%v allocations for 20000 packets", got)
	}
}
