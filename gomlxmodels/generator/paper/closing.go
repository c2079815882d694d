package paper

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
)

// closing is how far a connection is closed (RFC 9293, 3.6): which ends have sent FIN,
// and whose FIN was acknowledged.
type closing uint8

// closings is the number of values.
const closings = 16

func finOf(d flow.Direction) closing { return 1 << (d & 1) }
func ackOf(d flow.Direction) closing { return 4 << (d & 1) } // the FIN of d is acknowledged

// has reports whether all bits are set.
func (c closing) has(bits closing) bool { return c&bits == bits }

// after returns the state behind a segment, and whether the segment was to be expected:
// an end that has sent FIN sends no second one, no data, and no ACK that acknowledges
// nothing new. A RST always may come.
func (c closing) after(flags flow.TCPFlags, d flow.Direction) (next closing, expected bool) {
	own, peer, heard := finOf(d), finOf(1-d), ackOf(1-d)
	expected = !c.has(own) || flags&(flow.FIN|flow.SYN|flow.PSH) == 0 && !c.has(peer|heard)
	if flags&flow.RST != 0 {
		return c, true
	}
	next = c
	if flags&flow.FIN != 0 {
		next |= own
	}
	if c.has(peer) {
		next |= heard
	}
	return next, expected
}

// closingModel says how connections of the training were closed, as natural logarithms.
//
// The network predicts each packet from the points that were drawn, never from what it
// has said before (D24), so its answers for neighbours may contradict each other: two
// FINs of one end, and none of the other. The flags and directions of a connection are
// therefore the likeliest sequence as a whole: of each packet the network's
// probabilities, and of the sequence how often training's connections broke the rules
// of closing, and in which way they ended. Nothing is drawn.
type closingModel struct {
	Unexpected float64           `json:"unexpected"` // probability that a segment of an end that has sent FIN is not to be expected
	Ends       [closings]float64 `json:"ends"`       // probability of each state behind a connection's last packet
}

// fitClosing counts; what was never seen counts as seen once.
func fitClosing(flows []*flow.Flow) *closingModel {
	unexpected, closed := 1.0, 1.0
	m := new(closingModel)
	for i := range m.Ends {
		m.Ends[i] = 1
	}
	for _, f := range flows {
		var state closing
		for i := range f.Packets {
			p := &f.Packets[i]
			if state.has(finOf(p.Direction)) {
				closed++
			}
			next, expected := state.after(p.Flags, p.Direction)
			if !expected {
				unexpected++
			}
			state = next
		}
		m.Ends[state]++
	}
	m.Unexpected = math.Log(unexpected / closed)
	all := floats.Sum(m.Ends[:])
	for i := range m.Ends {
		m.Ends[i] = math.Log(m.Ends[i] / all)
	}
	return m
}

// segmentChoice is the class of the flags and the direction of a packet.
type segmentChoice struct {
	code      int
	direction flow.Direction
}

// leastProbability keeps one output that is sure of itself from outweighing all others.
const leastProbability = 1e-4

// likeliest returns the likeliest flags and directions of a connection (Viterbi 1967).
// Row i of y begins with the probabilities of the flags' classes and the output for the
// direction, which squared error makes a probability as well.
func (m *closingModel) likeliest(y *mat.Dense, flags []int64) []segmentChoice {
	type step struct {
		from   closing
		choice segmentChoice
	}
	n, _ := y.Dims()
	steps := make([][closings]step, n)
	var score, next [closings]float64
	for s := range score {
		score[s] = math.Inf(-1)
	}
	score[0] = 0
	for i := range n {
		row := y.RawRowView(i)
		for s := range next {
			next[s] = math.Inf(-1)
		}
		backward := min(max(row[len(flags)], leastProbability), 1-leastProbability)
		for code, f := range flags {
			class := math.Log(max(row[code], leastProbability))
			for d, p := range [2]float64{1 - backward, backward} {
				choice := segmentChoice{code, flow.Direction(d)}
				for s, before := range score {
					if math.IsInf(before, -1) {
						continue
					}
					to, expected := closing(s).after(flow.TCPFlags(f), choice.direction)
					total := before + class + math.Log(p)
					if !expected {
						total += m.Unexpected
					}
					if total > next[to] {
						next[to], steps[i][to] = total, step{closing(s), choice}
					}
				}
			}
		}
		score = next
	}
	floats.Add(score[:], m.Ends[:])
	state := closing(floats.MaxIdx(score[:]))
	choices := make([]segmentChoice, n)
	for i := n - 1; i >= 0; i-- {
		choices[i] = steps[i][state].choice
		state = steps[i][state].from
	}
	return choices
}
