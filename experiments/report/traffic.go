package report

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// maxPackets is how many packets of a table are held for distributions. They take
// 60 MB.
const maxPackets = 250_000

// loadBin is the bin of time, in nanoseconds, in which a table's load is counted;
// the figures' bins are multiples of it.
const loadBin = int64(2e8)

// Traffic is what a report knows of the packets of one table: counts of all of
// them, how they lie in time, and flows to draw distributions from. Its size is
// bounded but for the count of each flow and of each fifth of a second that has
// packets.
type Traffic struct {
	Flows, Packets, Bytes int64
	First, Last           int64 // nanoseconds since 1970-01-01 UTC, of the earliest and the latest packet

	// Sample is all flows; of a table with more than 250,000 packets it is a random
	// part of them, each flow whole.
	Sample []*flow.Flow

	bytes  fidelity.Series // by loadBin since 1970
	starts fidelity.Series // flows that start
	counts map[int64]int64 // packets of each flow, by its number
}

// readTraffic reads a packet table once to count it, and once more for the flows
// of the sample, which has no more than limit packets unless one flow has more.
func readTraffic(path string, limit int64) (*Traffic, error) {
	t, err := countPackets(table.ReadPackets(path))
	if err != nil {
		return nil, err
	}
	t.Sample, err = table.ReadFlowPackets(path, t.chosen(limit))
	t.counts = nil
	return t, err
}

// countPackets counts the packets of a stream, which carry the numbers of their
// flows.
func countPackets(packets iter.Seq2[flow.Packet, error]) (*Traffic, error) {
	t := &Traffic{First: math.MaxInt64, Last: math.MinInt64, counts: map[int64]int64{}}
	for p, err := range packets {
		if err != nil {
			return nil, err
		}
		t.Packets++
		t.Bytes += int64(p.Length)
		t.First, t.Last = min(t.First, p.Time), max(t.Last, p.Time)
		bin := binOf(p.Time)
		t.bytes.Add(bin, float64(p.Length))
		if t.counts[p.FlowID]++; t.counts[p.FlowID] == 1 {
			t.Flows++
			t.starts.Add(bin, 1)
		}
	}
	return t, nil
}

// binOf is the bin of a time, also of one before 1970.
func binOf(time int64) int64 {
	bin := time / loadBin
	if time%loadBin < 0 {
		bin--
	}
	return bin
}

// chosen reports which flows are held: nil stands for all. Flows are taken in random
// order, always the same, until they would have more than limit packets.
func (t *Traffic) chosen(limit int64) func(id int64) bool {
	if t.Packets <= limit {
		return nil
	}
	ids := make([]int64, 0, len(t.counts))
	for id := range t.counts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	chosen := map[int64]bool{}
	var packets int64
	for i, id := range ids {
		if packets += t.counts[id]; packets > limit && i > 0 {
			break
		}
		chosen[id] = true
	}
	return func(id int64) bool { return chosen[id] }
}

// together is the traffic of two tables of one capture.
func together(a, b *Traffic) *Traffic {
	if a.Packets == 0 || b.Packets == 0 {
		if a.Packets == 0 {
			a = b
		}
		return a
	}
	t := &Traffic{
		Flows: a.Flows + b.Flows, Packets: a.Packets + b.Packets, Bytes: a.Bytes + b.Bytes,
		First: min(a.First, b.First), Last: max(a.Last, b.Last), Sample: slices.Concat(a.Sample, b.Sample),
	}
	for _, part := range []*Traffic{a, b} {
		for bin, value := range part.bytes.All() {
			t.bytes.Add(bin, value)
		}
		for bin, value := range part.starts.All() {
			t.starts.Add(bin, value)
		}
	}
	return t
}

// seconds is the time from the first packet to the last.
func (t *Traffic) seconds() float64 {
	if t.Packets == 0 {
		return 0
	}
	return float64(t.Last-t.First) / 1e9
}

// part is how much of the traffic the sample is, in words. It is empty if it is all.
func (t *Traffic) part() string {
	var packets int64
	for _, f := range t.Sample {
		packets += int64(len(f.Packets))
	}
	if packets == t.Packets {
		return ""
	}
	return fmt.Sprintf("%s of %s flows (%s of %s packets)", thousands(len(t.Sample)), thousands(t.Flows), thousands(packets), thousands(t.Packets))
}

// TrafficTable counts what is in sets of flows, one row a set.
func TrafficTable(names []string, sets ...*Traffic) Table {
	t := Table{
		Title: "Traffic",
		Heads: []string{"flows of", "flows", "packets", "bytes", "seconds", "packets/flow", "bytes/packet", "first packet (UTC)"},
		Right: []bool{false, true, true, true, true, true, true, true},
	}
	for i, set := range sets {
		if set.Packets == 0 {
			continue
		}
		t.Rows = append(t.Rows, []string{
			names[i], thousands(set.Flows), thousands(set.Packets), thousands(set.Bytes), fmt.Sprintf("%.1f", set.seconds()),
			fmt.Sprintf("%.1f", float64(set.Packets)/float64(set.Flows)), fmt.Sprintf("%.0f", float64(set.Bytes)/float64(set.Packets)),
			(&flow.Packet{Time: set.First}).Timestamp().Format("2006-01-02 15:04:05"),
		})
	}
	return t
}
