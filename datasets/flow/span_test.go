package flow_test

import (
	"iter"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// spread makes packets of a hundred clients in turn, the steps between them given.
func spread(packets int, step func(i int) int64) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		at := int64(0)
		for i := range packets {
			at += step(i)
			p := flow.Packet{Number: int64(i), Time: at, Length: 60, Captured: 60, Application: flow.DNS}
			p.Tuple = flow.FiveTuple{Proto: flow.UDP, Src: netip.AddrPortFrom(client.Addr(), uint16(40000+i%100)), Dst: netip.AddrPortFrom(server.Addr(), 53)}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Memory and work go with the packets, not with the time that they span: however
// the clock jumps, flows and their table cost what the packets cost.
func TestSpanCostsNothing(t *testing.T) {
	const packets = 20000
	jumps := map[string]func(int) int64{
		"a millisecond each":        func(int) int64 { return 1e6 },
		"a day each":                func(int) int64 { return 86400e9 },
		"a jump of 54 years":        func(i int) int64 { return map[bool]int64{true: 54 * 365 * 86400e9, false: 1e6}[i == packets/2] },
		"back and forth by a year":  func(i int) int64 { return int64(1-2*(i%2)) * 365 * 86400e9 },
		"from the first to the end": func(i int) int64 { return map[bool]int64{true: 1<<63 - 1, false: 0}[i == 1] },
	}
	for name, step := range jumps {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		flows, rows := 0, 0
		for _, err := range new(flow.Assembler).Flows(spread(packets, step)) {
			if err != nil {
				t.Fatal(err)
			}
			flows++
		}
		for _, err := range new(flow.Assembler).Table(spread(packets, step)) {
			if err != nil {
				t.Fatal(err)
			}
			rows++
		}
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		// A flow of its own for each packet is the most that a jump can make of it.
		if used := after.TotalAlloc - before.TotalAlloc; used > packets*4096 {
			t.Errorf("%s: %d bytes were allocated for %d packets", name, used, packets)
		}
		if flows != rows || flows == 0 || flows > packets || took > 5*time.Second {
			t.Errorf("%s: %d flows, %d rows, %v", name, flows, rows, took)
		}
	}
}
