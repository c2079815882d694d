package fidelity

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity/forest"
)

// windowPackets is the number of consecutive packets that the window classifier sees.
const windowPackets = 5

// classifierMeasures are the classifier two-sample tests (C2ST).
func classifierMeasures() []measure {
	return []measure{
		{
			Definition: Definition{"classifier", "C2ST flow", Classifier,
				"AUC of a random forest that tries to tell real from synthetic flows by packets, bytes, duration, packets from the server, mean and standard deviation of length, mean log gap."},
			flows: true,
			compute: func(c *comparison) result {
				return classify(c, "C2ST flow", "flows", flowRows(c.real), flowRows(c.synthetic), math.MaxInt)
			},
		},
		{
			Definition: Definition{"classifier", "C2ST window", Classifier,
				"AUC of a random forest that tries to tell real from synthetic windows of 5 consecutive packets by length, direction, log gap, header length and flags of each, of LoRaWAN uplinks also by spreading factor, frequency, SNR, RSSI, code rate and step of the frame counter."},
			compute: func(c *comparison) result {
				uplinks := c.real.radio != nil && c.synthetic.radio != nil
				return classify(c, "C2ST window", "windows", windowRows(c.real, uplinks), windowRows(c.synthetic, uplinks), c.cfg.MaxWindows)
			},
		},
		{
			Definition: Definition{"classifier", "C2ST uplink", Classifier,
				"AUC of a random forest that tries to tell real from synthetic LoRaWAN uplinks by length, log gap, spreading factor, frequency, SNR, RSSI, port and message type."},
			uplinks: true,
			compute: func(c *comparison) result {
				return classify(c, "C2ST uplink", "uplinks", uplinkRows(c.real), uplinkRows(c.synthetic), c.cfg.MaxWindows)
			},
		},
	}
}

// row is what a classifier sees of a flow or window, and the flow it is from.
type row struct {
	values []float64
	flow   int
}

// flowRows is one row of seven values a flow.
func flowRows(s *sample) []row {
	rows := make([]row, len(s.flows))
	for j, f := range s.flows {
		rows[j] = row{summary(f, s.clock), j}
	}
	return rows
}

// summary is what a flow looks like as a whole: packets, bytes, duration in
// seconds, proportion of server packets, mean and standard deviation of the frame
// length, mean log10 gap (the least where there is no gap).
func summary(f *flow.Flow, c clock) []float64 {
	n := float64(len(f.Packets))
	var backward, sum, squares, gaps float64
	for i := range f.Packets {
		p := &f.Packets[i]
		backward += float64(p.Direction)
		sum += float64(p.Length)
		squares += float64(p.Length) * float64(p.Length)
		if i > 0 {
			gaps += c.logSeconds(gapBefore(f, i))
		}
	}
	meanGap := math.Log10(gapFloor)
	if len(f.Packets) > 1 {
		meanGap = gaps / (n - 1)
	}
	deviation := math.Sqrt(max(0, squares/n-sum/n*(sum/n)))
	duration := math.Pow(10, c.logSeconds(int64(f.Duration())))
	return []float64{n, sum, duration, backward / n, sum / n, deviation, meanGap}
}

// windowRows is one row of 5 values a packet, of uplinks 11, for every windowPackets
// packets in a row. A flow's first packet has the least gap.
func windowRows(s *sample, uplinks bool) []row {
	var rows []row
	for j, f := range s.flows {
		if len(f.Packets) < windowPackets {
			continue
		}
		values, width := packetRows(s, f, uplinks)
		for from := 0; from+windowPackets <= len(f.Packets); from++ {
			rows = append(rows, row{values[from*width : (from+windowPackets)*width], j})
		}
	}
	return rows
}

// packetRows is what windows have of the packets of a flow, one behind the other, and
// the number of values of each.
func packetRows(s *sample, f *flow.Flow, uplinks bool) (values []float64, width int) {
	counters := make(map[uint32]uint32)
	for i := range f.Packets {
		p := &f.Packets[i]
		gap := math.Log10(gapFloor)
		if i > 0 {
			gap = s.clock.logSeconds(gapBefore(f, i))
		}
		values = append(values, float64(p.Length), float64(p.Direction), gap, float64(p.HeaderLength), float64(p.Flags))
		if r := p.Radio; uplinks && r != nil {
			values = windowFields(values, r, counters)
		} else if uplinks {
			values = append(values, make([]float64, uplinkFields)...)
		}
		if i == 0 {
			width = len(values)
		}
	}
	return values, width
}

// classify is the cross-validated AUC on as many rows of either side, drawn at
// random. unit is what the rows are, for notes.
func classify(c *comparison, name, unit string, real, synthetic []row, most int) result {
	n := min(len(real), len(synthetic), most)
	if n < 2*c.cfg.Folds {
		return missing("%d real and %d synthetic rows: want at least %d of each", len(real), len(synthetic), 2*c.cfg.Folds)
	}
	src := c.source(name)
	rng := rand.New(src)
	var x [][]float64
	var y []bool
	var flows []int
	for side, rows := range [][]row{real, synthetic} {
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for _, r := range rows[:n] {
			x, y = append(x, r.values), append(y, side == 1)
			flows = append(flows, 2*r.flow+side)
		}
	}
	groups, note := foldGroups(x, flows, c.cfg.Folds)
	auc, err := forest.CrossValidate(c.cfg.Trees, c.cfg.Folds, x, y, groups, src)
	if err != nil {
		return missing("%v", err)
	}
	if n == most && n < min(len(real), len(synthetic)) {
		note = joinNotes(note, fmt.Sprintf("on a random part, %d of %d held-out and %d of %d synthetic %s", n, len(real), n, len(synthetic), unit))
	}
	r := result{value: auc, real: n, synthetic: n, note: note}
	if auc < 0.5 {
		r.value = 0.5
		r.note = joinNotes(fmt.Sprintf("measured %.3f", auc), note)
	}
	return r
}

// foldGroups returns a group for each row; rows of one group have to be in one fold.
// Identical rows are a group, because a duplicate of the other class pushes the
// AUC below 0.5, and so are the rows of one flow, because overlapping windows give
// their neighbours away. If that makes a group larger than a fold, only identical
// rows are grouped.
func foldGroups(x [][]float64, flows []int, folds int) (groups []int, note string) {
	parent := make([]int, len(x))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	identical := make(map[string]int, len(x))
	for i, values := range x {
		key := bytesOf(values)
		if first, ok := identical[key]; ok {
			parent[find(i)] = find(first)
		} else {
			identical[key] = i
		}
	}
	byValue := make([]int, len(x))
	for i := range x {
		byValue[i] = find(i)
	}
	firstOf := map[int]int{}
	size := map[int]int{}
	largest := 0
	for i, f := range flows {
		if first, ok := firstOf[f]; ok {
			parent[find(i)] = find(first)
		} else {
			firstOf[f] = i
		}
	}
	groups = make([]int, len(x))
	for i := range x {
		groups[i] = find(i)
		size[groups[i]]++
		largest = max(largest, size[groups[i]])
	}
	if largest > len(x)/folds {
		return byValue, "identical rows tie most flows together: folds cut flows"
	}
	return groups, ""
}

// bytesOf is a row as a map key.
func bytesOf(values []float64) string {
	key := make([]byte, 0, 8*len(values))
	for _, v := range values {
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v))
	}
	return string(key)
}

// joinNotes puts two notes, which may be empty, into one.
func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
