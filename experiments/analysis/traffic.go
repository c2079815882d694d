package analysis

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// MaxPackets is how many packets of a side are held for distributions. They take
// 60 MB.
const MaxPackets = 250_000

// loadBin is the bin of time, in nanoseconds, in which load is counted; wider bins
// are multiples of it.
const loadBin = int64(2e8)

// binsPerSecond is how many of them make a second.
const binsPerSecond = int64(1e9) / loadBin

// Traffic is what analyses know of the packets of one side: counts of all of them,
// how they lie in time, and flows to draw distributions from. Its size is bounded
// but for three numbers of each flow and two of each fifth of a second that has
// packets.
type Traffic struct {
	Flows, Packets, Bytes int64
	First, Last           int64 // nanoseconds since 1970-01-01 UTC, of the earliest and the latest packet

	// Sample is all flows; of more than 250,000 packets it is a random part of them,
	// each flow whole.
	Sample []*flow.Flow

	// Timeline says that the flows are segments of one timeline without flows.
	Timeline bool
	// Lacks says what the packets do not tell, as those of the files of generated
	// packets that NeCSTGen publishes.
	Lacks fidelity.Lacks

	all     []*flow.Flow    // every flow, where they are at hand beside the sample
	rows    []flowRow       // by start
	bytes   fidelity.Series // by loadBin since 1970
	packets fidelity.Series
}

// flowRow is what a table of flows says of one.
type flowRow struct {
	id, start      int64 // start in nanoseconds since 1970-01-01 UTC
	packets, bytes int64 // bytes of all its frames; 0 where the table does not say
}

// ReadTraffic reads a packet table once to count it, and once more for the flows of
// the sample, which has no more than limit packets unless one flow has more.
func ReadTraffic(path string, limit int64) (*Traffic, error) {
	t, err := countPackets(table.ReadPackets(path))
	if err != nil {
		return nil, err
	}
	chosen := t.chosen(limit)
	if chosen == nil {
		t.Sample, err = table.ReadFlowPackets(path, nil)
	} else {
		t.Sample, err = table.ReadFlowPackets(path, func(id int64) bool { return chosen[id] })
	}
	return t, err
}

// NewTraffic counts flows that are at hand.
func NewTraffic(flows []*flow.Flow) *Traffic {
	t, err := countPackets(func(yield func(flow.Packet, error) bool) {
		for i, f := range flows {
			for k := range f.Packets {
				p := f.Packets[k]
				if p.FlowID = int64(i); !yield(p, nil) {
					return
				}
			}
		}
	})
	if err != nil {
		panic("analysis: flows at hand have no errors")
	}
	if t.Sample = flows; t.Packets > MaxPackets {
		chosen := t.chosen(MaxPackets)
		t.Sample = nil
		for i, f := range flows {
			if chosen[int64(i)] {
				t.Sample = append(t.Sample, f)
			}
		}
	}
	return t
}

// NewFlowTraffic returns the traffic of a table of flows, whose packets are not at
// hand. The rows may come in any order.
func NewFlowTraffic(rows []flow.TableRow) *Traffic {
	t := &Traffic{Flows: int64(len(rows))}
	for i, r := range rows {
		if i == 0 {
			t.First, t.Last = r.Start, r.Start
		}
		t.First, t.Last = min(t.First, r.Start), max(t.Last, r.Start)
		t.rows = append(t.rows, flowRow{id: r.ID, start: r.Start, packets: r.Packets, bytes: r.Length})
	}
	t.sortRows()
	return t
}

// sortRows sorts the flows by their starts.
func (t *Traffic) sortRows() {
	slices.SortStableFunc(t.rows, func(a, b flowRow) int { return cmp.Compare(a.start, b.start) })
}

// countPackets counts the packets of a stream, which carry the numbers of their
// flows.
func countPackets(packets iter.Seq2[flow.Packet, error]) (*Traffic, error) {
	t := &Traffic{First: math.MaxInt64, Last: math.MinInt64}
	at := map[int64]int{}
	for p, err := range packets {
		if err != nil {
			return nil, err
		}
		t.Packets++
		t.Bytes += int64(p.Length)
		t.First, t.Last = min(t.First, p.Time), max(t.Last, p.Time)
		bin := binOf(p.Time, loadBin)
		t.bytes.Add(bin, float64(p.Length))
		t.packets.Add(bin, 1)
		i, known := at[p.FlowID]
		if !known {
			i = len(t.rows)
			at[p.FlowID] = i
			t.rows = append(t.rows, flowRow{start: p.Time, id: p.FlowID})
		}
		row := &t.rows[i]
		row.start = min(row.start, p.Time)
		row.packets++
		row.bytes += int64(p.Length)
	}
	t.Flows = int64(len(t.rows))
	t.sortRows()
	return t, nil
}

// binOf returns the bin of a time, also of one before 1970.
func binOf(time, width int64) int64 {
	bin := time / width
	if time%width < 0 {
		bin--
	}
	return bin
}

// chosen returns the flows that are held, nil for all. Flows are taken in random
// order, always the same, until they would have more than limit packets.
func (t *Traffic) chosen(limit int64) map[int64]bool {
	if t.Packets <= limit {
		return nil
	}
	rows := slices.Clone(t.rows)
	slices.SortFunc(rows, func(a, b flowRow) int { return cmp.Compare(a.id, b.id) })
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	chosen := map[int64]bool{}
	var packets int64
	for i, r := range rows {
		if packets += r.packets; packets > limit && i > 0 {
			break
		}
		chosen[r.id] = true
	}
	return chosen
}

// whole returns every flow, nil where only a part of them is at hand.
func (t *Traffic) whole() []*flow.Flow {
	if t.all == nil && t.Part() == "" {
		return t.Sample
	}
	return t.all
}

// Together returns the traffic of two tables of one capture, whose distributions are
// those of the sample.
func Together(a, b *Traffic, sample []*flow.Flow) *Traffic {
	t := &Traffic{First: math.MaxInt64, Last: math.MinInt64, Sample: sample, Timeline: a.Timeline || b.Timeline, Lacks: a.Lacks | b.Lacks}
	for _, part := range []*Traffic{a, b} {
		if part.Packets == 0 {
			continue
		}
		t.Flows, t.Packets, t.Bytes = t.Flows+part.Flows, t.Packets+part.Packets, t.Bytes+part.Bytes
		t.First, t.Last = min(t.First, part.First), max(t.Last, part.Last)
		t.rows = append(t.rows, part.rows...)
		for bin, value := range part.bytes.All() {
			t.bytes.Add(bin, value)
		}
		for bin, value := range part.packets.All() {
			t.packets.Add(bin, value)
		}
	}
	t.sortRows()
	if t.all = slices.Concat(a.whole(), b.whole()); int64(packetsIn(t.all)) != t.Packets {
		t.all = nil
	}
	return t
}

// Seconds returns the time from the first packet to the last.
func (t *Traffic) Seconds() float64 {
	if t.Packets+t.Flows == 0 {
		return 0
	}
	return float64(t.Last-t.First) / 1e9
}

// Part returns how much of the traffic the sample is, in words. It is empty if it is
// all.
func (t *Traffic) Part() string {
	packets := int64(packetsIn(t.Sample))
	if packets == t.Packets {
		return ""
	}
	return fmt.Sprintf("%s of %s flows (%s of %s packets)", thousands(len(t.Sample)), thousands(t.Flows), thousands(packets), thousands(t.Packets))
}

// packetsIn returns the number of packets of flows.
func packetsIn(flows []*flow.Flow) (packets int) {
	for _, f := range flows {
		packets += len(f.Packets)
	}
	return packets
}

// seconds sums a load in whole seconds of UTC, from the second of the first packet to
// that of the last: the seconds that have some, and how many have none.
func (t *Traffic) seconds(load *fidelity.Series) fidelity.Values {
	first, n := t.secondSpan()
	return inSeconds(load, first*binsPerSecond, n, binsPerSecond)
}

// secondSpan returns the first whole second and how many there are.
func (t *Traffic) secondSpan() (first, n int64) {
	first = binOf(t.First, 1e9)
	return first, binOf(t.Last, 1e9) - first + 1
}

// inSeconds sums n groups of so many bins from the bin first on.
func inSeconds(load *fidelity.Series, first, n, group int64) fidelity.Values {
	var v fidelity.Values
	last := int64(-1)
	for bin, value := range load.Window(first, n*group).All() {
		if at := bin / group; at != last {
			v.List, last = append(v.List, 0), at
		}
		v.List[len(v.List)-1] += value
	}
	v.Zeros = n - int64(len(v.List))
	return v
}

// ofFlows returns a series by loadBin of a weight of each flow at its start.
func (t *Traffic) ofFlows(weight func(r *flowRow) float64) *fidelity.Series {
	s := new(fidelity.Series)
	for i := range t.rows {
		s.Add(binOf(t.rows[i].start, loadBin), weight(&t.rows[i]))
	}
	return s
}

// between returns the seconds from each flow's start to the next.
func (t *Traffic) between() []float64 {
	var gaps []float64
	for i := 1; i < len(t.rows); i++ {
		gaps = append(gaps, float64(t.rows[i].start-t.rows[i-1].start)/1e9)
	}
	return gaps
}
