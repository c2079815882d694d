package paper

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// rankTable takes the network's numbers back to values. The network answers with points:
// trained by squared error, an output is the mean of what may be, so its spread is too
// small, and it lies between the values that there are (0 or 1460 bytes, never 700). The
// original rescales it to the range of the training (algorithm.md 9.2) and writes 60.4
// bytes (D30). Here an output is taken back by its rank: one that is higher than 30
// percent of the outputs on the training packets becomes the value that is higher than
// 30 percent of the training's values. The order of outputs remains, nothing is drawn, and
// no length is written that training did not have.
//
// Ranks are those among the packets of equal classes and direction, by cellKey, so that a
// SYN has no payload, and a question the length of questions. The cell "" is of all
// packets: it stands for those that training did not have.
type rankTable map[string][]rankScale

// rankScale takes outputs to values by rank: both ascend, and entry i of one is at the
// rank of entry i of the other. Both are empty where no packet of the cell has a value.
type rankScale struct {
	Outputs []float64 `json:"outputs"`
	Values  []float64 `json:"values"`
}

// mostRanks is how many entries a scale has at most.
const mostRanks = 512

// check refuses a table that does not fit so many numbers.
func (t rankTable) check(numbers int) error {
	if t[""] == nil {
		return errors.New("no ranks of all packets: not of this version")
	}
	for key, cell := range t {
		if len(cell) != numbers {
			return fmt.Errorf("ranks of %d numbers in cell %q: want %d: not of this version", len(cell), key, numbers)
		}
		for k, s := range cell {
			if len(s.Outputs) != len(s.Values) {
				return fmt.Errorf("%d outputs for %d values of number %d in cell %q: want as many", len(s.Outputs), len(s.Values), k, key)
			}
		}
	}
	return nil
}

// cellKey names the cell of packets that are in another and have a class or direction
// beside.
func cellKey(cell string, code int) string { return cell + "/" + strconv.Itoa(code) }

// fitRanks learns the scales of the numbers from the network's outputs on the training
// packets, y [packets, outputs].
func (g *Generator) fitRanks(flows []*flow.Flow, y *mat.Dense) {
	numbers := len(g.targets.numbers)
	_, width := y.Dims()
	type cell struct{ outputs, values [][]float64 }
	cells := make(map[string]*cell)
	add := func(key string, k int, output, value float64) {
		c := cells[key]
		if c == nil {
			c = &cell{make([][]float64, numbers), make([][]float64, numbers)}
			cells[key] = c
		}
		c.outputs[k], c.values[k] = append(c.outputs[k], output), append(c.values[k], value)
	}
	row := 0
	for at, f := range flows {
		g.poolHeaders(y.Slice(row, row+len(f.Packets), 0, width).(*mat.Dense), func(i int) flow.TCPFlags { return f.Packets[i].Flags })
		for i := range f.Packets {
			outputs := y.RawRowView(row)[width-numbers:]
			row++
			key := g.cellOf(&f.Packets[i])
			for k, n := range g.targets.numbers {
				if n.Name == directionName {
					continue
				}
				v, key := g.number(k, flows, at, i), key
				if g.connected() && k == headerNumber {
					key = headerCell(f.Packets[i].Flags)
				}
				if add("", k, outputs[k], v); key != "" {
					add(key, k, outputs[k], v)
				}
			}
		}
	}
	g.Scales.Ranks = make(rankTable)
	for key, c := range cells {
		scales := make([]rankScale, numbers)
		for k := range scales {
			scales[k] = fitRankScale(c.outputs[k], c.values[k])
		}
		g.Scales.Ranks[key] = scales
	}
}

// poolHeaders gives the packets of a connection, y [packets, outputs], one output for their
// header length, the mean: it is of the IP version and the TCP options of two hosts, which
// stay as they are. SYNs have options of their own, and their own mean.
func (g *Generator) poolHeaders(y *mat.Dense, flags func(i int) flow.TCPFlags) {
	if !g.connected() {
		return
	}
	n, width := y.Dims()
	column := width - len(g.targets.numbers) + headerNumber
	var sums, counts [2]float64
	group := func(i int) int { return int(flags(i) & flow.SYN / flow.SYN) }
	for i := range n {
		sums[group(i)] += y.At(i, column)
		counts[group(i)]++
	}
	for i := range n {
		y.Set(i, column, sums[group(i)]/counts[group(i)])
	}
}

// headerCell names the cell of header lengths: of SYNs, or of all other segments.
func headerCell(flags flow.TCPFlags) string {
	if flags&flow.SYN != 0 {
		return "SYN"
	}
	return "no SYN"
}

// cellOf returns the cell of a training packet.
func (g *Generator) cellOf(p *flow.Packet) (key string) {
	for k, c := range g.targets.classes {
		code, _ := g.Scales.Classes[k].Values.Code(c.Get(p))
		key = cellKey(key, code)
	}
	if g.targets.directed() {
		key = cellKey(key, int(p.Direction))
	}
	return key
}

// fitRankScale pairs outputs with values, of which NaN is none.
func fitRankScale(outputs, values []float64) rankScale {
	var x, y []float64
	for i, v := range values {
		if !math.IsNaN(v) {
			x, y = append(x, outputs[i]), append(y, v)
		}
	}
	return rankScale{quantiles(x), quantiles(y)}
}

// quantiles returns mostRanks of the values at equal distances of rank, the least and
// the greatest among them; all where there are no more.
func quantiles(x []float64) []float64 {
	slices.Sort(x)
	if len(x) <= mostRanks {
		return x
	}
	q := make([]float64, mostRanks)
	for i := range q {
		q[i] = x[int(math.Round(float64(i)/(mostRanks-1)*float64(len(x)-1)))]
	}
	return q
}

// value returns the value at the rank of an output: the nearest that training had, or,
// where values are continuous, one between two neighbours.
func (s rankScale) value(output float64, continuous bool) float64 {
	last := len(s.Outputs) - 1
	i := sort.SearchFloat64s(s.Outputs, output) // the first that is not below
	above := i + sort.Search(len(s.Outputs)-i, func(k int) bool { return s.Outputs[i+k] > output })
	switch {
	case above > i: // equal outputs, as where the sigmoid is saturated
		return s.Values[(i+above-1)/2]
	case i > last:
		return s.Values[last]
	case i == 0:
		return s.Values[0]
	}
	t := (output - s.Outputs[i-1]) / (s.Outputs[i] - s.Outputs[i-1])
	switch {
	case continuous:
		return s.Values[i-1] + t*(s.Values[i]-s.Values[i-1])
	case t < 0.5:
		return s.Values[i-1]
	}
	return s.Values[i]
}

// value takes number k of a packet of a cell back.
func (t rankTable) value(key string, k int, output float64, continuous bool) float64 {
	if cell := t[key]; cell != nil && len(cell[k].Outputs) > 0 {
		return cell[k].value(output, continuous)
	}
	if all := t[""][k]; len(all.Outputs) > 0 {
		return all.value(output, continuous)
	}
	return math.Log10(timeline.ShortestGap) // flows of one packet have no gap
}
