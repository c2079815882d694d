package lstm

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// A stateful network reads whole flows: forward, its state at a packet has seen all
// packets of the flow before it; backward, all after it. It is trained on segments of
// cfg.Steps packets (truncated back-propagation through time). In a flow that is
// longer, segments overlap by a quarter, in which the state warms up and nothing
// counts (Kapturowski et al. 2019 call it burn-in). Predict carries the state through
// the flow, however long.

// margin is how many packets at a cut do not count.
func (n *windowNetwork) margin() int { return n.cfg.Steps / 4 }

// segment is a stretch of a flow: packets begin to end, of which those from first to
// last-1 count.
type segment struct{ begin, end, first, last int }

// cut divides a flow of packets begin to end into segments.
func (n *windowNetwork) cut(begin, end int) (segments []segment) {
	for first := begin; first < end; {
		s := segment{begin: max(begin, first-n.margin()), first: first}
		s.end = min(end, s.begin+n.cfg.Steps)
		s.last = s.end
		if s.end < end && n.cfg.Bidirectional {
			s.last = max(first+1, s.end-n.margin())
		}
		segments = append(segments, s)
		first = s.last
	}
	return segments
}

// segments are the training rows of a stateful network: inputs [S, steps, inputs],
// targets [S, steps, outputs], which packets are there and which count [S, steps];
// and the rows of flows that are held out.
func (n *windowNetwork) segments(x mat.Matrix, lengths []int, targets mat.Matrix) (data []*tensors.Tensor, held []int) {
	cfg := n.cfg
	out := make(map[int]bool)
	for _, r := range heldFlows(cfg, lengths) {
		out[r] = true
	}
	var all []segment
	begin := 0
	for _, length := range lengths {
		for _, s := range n.cut(begin, begin+length) {
			if out[s.first] {
				held = append(held, len(all))
			}
			all = append(all, s)
		}
		begin += length
	}
	each := func(width int, value func(s segment, r, j int) float64) *tensors.Tensor {
		dims := []int{len(all), cfg.Steps, width}
		if width == 0 {
			dims, width = dims[:2], 1
		}
		return floats(cfg, func(set func(i int, v float64)) {
			for k, s := range all {
				for r := s.begin; r < s.end; r++ {
					for j := range width {
						set((k*cfg.Steps+r-s.begin)*width+j, value(s, r, j))
					}
				}
			}
		}, dims...)
	}
	return []*tensors.Tensor{
		each(cfg.Inputs, func(_ segment, r, j int) float64 { return x.At(r, j) }),
		each(cfg.Outputs(), func(_ segment, r, j int) float64 { return known(targets.At(r, j)) }),
		each(0, func(segment, int, int) float64 { return 1 }),
		each(0, func(s segment, r, _ int) float64 {
			if r < s.first || r >= s.last {
				return 0
			}
			return 1
		}),
	}, held
}

// buildStateful makes the programs of Predict: one for each direction that carries
// its state over a stretch, and one for the outputs.
func (w *Window) buildStateful(b compute.Backend, n *windowNetwork) error {
	for i := range n.directions() {
		carry, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return n.carry(in, i) })
		if err != nil {
			return err
		}
		w.carry = append(w.carry, carry)
	}
	var err error
	w.predict, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return []*graph.Node{n.points(in[1:], in[0])} })
	return err
}

// carry is the program of a direction over a stretch of several flows:
//
//	x [batch, steps, inputs], valid [batch, steps], hidden, cell [batch, units]
//	-> hidden states [batch, steps, units], hidden, cell
//
// A GRU has no cell state; its place is filled with zeros.
func (n *windowNetwork) carry(in []*graph.Node, direction int) []*graph.Node {
	before := windowStep{hidden: in[2]}
	if n.cfg.Cell == LSTM {
		before.cell = in[3]
	}
	reverse := direction == 1
	weights := n.weights(in[4:], n.directions()[direction])
	steps := n.cell.forward(timeFirst(in[0]), weights, reverse, before, timeFirst(graph.InsertAxes(in[1], -1)))
	hidden := make([]*graph.Node, len(steps))
	for k, s := range steps {
		hidden[n.time(k, reverse)] = s.hidden
	}
	last := steps[len(steps)-1]
	cell := in[3]
	if last.cell != nil {
		cell = last.cell
	}
	return []*graph.Node{graph.Stack(hidden, 1), last.hidden, cell}
}

// flowsAtOnce is the number of flows that Predict carries on together.
const flowsAtOnce = 256

// predictStateful is Predict: groups of flows, whose states are carried stretch by
// stretch, forward and from the end.
func (w *Window) predictStateful(x mat.Matrix, lengths []int) (*mat.Dense, error) {
	cfg := w.Config
	rows, _ := x.Dims()
	out := mat.NewDense(rows, cfg.Outputs(), nil)
	begin := 0
	for len(lengths) > 0 {
		group := lengths[:min(flowsAtOnce, len(lengths))]
		packets := 0
		for _, length := range group {
			packets += length
		}
		states, err := w.states(x, begin, group)
		if err != nil {
			return nil, fmt.Errorf("lstm: predict: %w", err)
		}
		width := len(states) / packets
		for from := 0; from < packets; from += predictRows {
			to := min(packets, from+predictRows)
			flat := make([]float64, powerOfTwo(to-from)*width)
			copy(flat, states[from*width:to*width])
			result, err := w.call(w.predict, tensorOfRows(cfg, flat, len(flat)/width, width))
			if err != nil {
				return nil, fmt.Errorf("lstm: predict: %w", err)
			}
			if err := copyRows(out.RawMatrix().Data[(begin+from)*cfg.Outputs():(begin+to)*cfg.Outputs()], result[0]); err != nil {
				return nil, fmt.Errorf("lstm: predict: %w", err)
			}
		}
		begin, lengths = begin+packets, lengths[len(group):]
	}
	return out, nil
}

// states are the hidden states of all directions at all packets of a group of flows
// that begin at a row: [packets, directions*units].
func (w *Window) states(x mat.Matrix, begin int, lengths []int) ([]float64, error) {
	cfg, units := w.Config, w.Config.units()
	batch, longest, packets := powerOfTwo(len(lengths)), 0, 0
	starts := make([]int, len(lengths))
	for f, length := range lengths {
		starts[f] = packets
		packets += length
		longest = max(longest, length)
	}
	width := len(w.carry) * units
	out := make([]float64, packets*width)
	stretches := (longest + cfg.Steps - 1) / cfg.Steps
	flat := make([]float64, batch*cfg.Steps*units)
	for direction, program := range w.carry {
		hidden, cell := tensorOfRows(cfg, nil, batch, units), tensorOfRows(cfg, nil, batch, units)
		for k := range stretches {
			if direction == 1 {
				k = stretches - 1 - k
			}
			at := k * cfg.Steps
			inputs, valid := w.stretch(x, begin, starts, lengths, at, batch)
			result, err := w.call(program, inputs, valid, hidden, cell)
			if err != nil {
				return nil, err
			}
			hidden, cell = result[1], result[2]
			if err := copyRows(flat, result[0]); err != nil {
				return nil, err
			}
			for f, length := range lengths {
				for s := range max(0, min(cfg.Steps, length-at)) {
					to := (starts[f]+at+s)*width + direction*units
					copy(out[to:to+units], flat[(f*cfg.Steps+s)*units:])
				}
			}
		}
	}
	return out, nil
}

// stretch is the packets at to at+steps-1 of each flow, and which there are.
func (w *Window) stretch(x mat.Matrix, begin int, starts, lengths []int, at, batch int) (inputs, valid *tensors.Tensor) {
	cfg := w.Config
	each := func(width int, value func(r, j int) float64, dims ...int) *tensors.Tensor {
		return floats(cfg, func(set func(i int, v float64)) {
			for f, length := range lengths {
				for s := range max(0, min(cfg.Steps, length-at)) {
					for j := range width {
						set((f*cfg.Steps+s)*width+j, value(begin+starts[f]+at+s, j))
					}
				}
			}
		}, dims...)
	}
	return each(cfg.Inputs, x.At, batch, cfg.Steps, cfg.Inputs), each(1, func(int, int) float64 { return 1 }, batch, cfg.Steps)
}

// call runs a program on the given tensors and the parameters.
func (w *Window) call(program *graph.Exec, in ...*tensors.Tensor) ([]*tensors.Tensor, error) {
	var args []any
	for _, t := range append(in, w.Params.Values...) {
		args = append(args, t)
	}
	return program.Call(args...)
}

// tensorOfRows is a matrix of the network's type; no values are zeros.
func tensorOfRows(cfg WindowConfig, values []float64, rows, columns int) *tensors.Tensor {
	return floats(cfg, func(set func(i int, v float64)) {
		for i, v := range values {
			set(i, v)
		}
	}, rows, columns)
}

// powerOfTwo is the least power of two that is not below n: few sizes to compile for.
func powerOfTwo(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}
