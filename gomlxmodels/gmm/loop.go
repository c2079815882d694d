package gmm

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// passesPerCall bounds the passes over the rows of one call of the loop.
const passesPerCall = 256

// What a fit is doing: fitting; then one pass more for the likelihood of what was
// fitted; then nothing.
const (
	fitting int32 = iota
	scoring
	done
)

// Inputs of the loop, in order. Reals are float64, counts int32.
//
//	blocks [C, d, B]  the rows, centred; those after the last are zeros
//	rows []           how many there are
//	second [d, d]     their sums of x_i x_j
//	reg [d]           added to the variances
//	active [K]        1 for a component, 0 for one that only pads the shape
//	tolerance []
//	iterations []     the largest number of M-steps
//	passes []         after which this call returns, <= passesPerCall
//	sums [K, F]       of the pass before, from which the call begins
//	sumsSecond [d, d] what goes with them: second, or a start's own
//	likelihood []     mean per row of the pass before
//	iteration []      M-steps done, the one from sums included
//	phase []
//
// Outputs: sums, sumsSecond, likelihood, iteration, phase, pass [], trace [passesPerCall], the
// mixture's weights, means, covariances.

// Places in the loop's state.
const (
	stateBlock = iota // number of the block
	stateSoFar        // sums of this pass's blocks before
	stateSoFarLikelihood
	stateSums // of the pass before
	stateSumsSecond
	stateLikelihood
	stateIteration
	statePhase
	statePass
	stateTrace
	stateMixture // 5 places
	stateInputs  = stateMixture + 5
)

// loop is EM over all blocks: passes until the likelihood settles. Closures cannot
// be nested, so the two loops, over iterations and over blocks, are one over
// blocks, and the M-step, which is small, is computed at every block and taken at
// the first of a pass. Two more rules of the backend shape it: a reduction must not
// stand both in a closure and outside (each kind is built once), so the M-step is
// inside; and only same-shaped operands can be captured, so the small inputs are
// state. The rows are captured: as state they would be copied.
func (p program) loop(in []*graph.Node) []*graph.Node {
	g, blocks, sums := in[0].Graph(), in[0], in[8]
	components, d := sums.Shape().Dimensions[0], p.columns
	zeros := func(dimensions ...int) *graph.Node {
		return graph.Zeros(g, shapes.Make(dtypes.Float64, dimensions...))
	}
	initial := []*graph.Node{
		graph.Const(g, int32(0)), graph.ZerosLike(sums), zeros(),
		sums, in[9], in[10], in[11], in[12],
		graph.Const(g, int32(0)), zeros(passesPerCall),
		zeros(components), zeros(components, d), zeros(components, len(p.matrixPairs())), zeros(components, p.features()), zeros(),
	}
	initial = append(initial, in[1:8]...)
	out := passesOf(initial, func(now []*graph.Node) *graph.Node {
		return graph.LessThan(now[statePhase], graph.Const(now[statePhase].Graph(), done))
	}, func(now []*graph.Node) []*graph.Node { return p.block(blocks, now) })
	return out[stateSums : stateMixture+3]
}

// passesOf repeats block on the state while more holds and the number of passes, the
// last of the state, is not reached.
func passesOf(initial []*graph.Node, more func(now []*graph.Node) *graph.Node, block func(now []*graph.Node) []*graph.Node) []*graph.Node {
	g := initial[0].Graph()
	parameters := func(g *graph.Graph) (now []*graph.Node) {
		for i, n := range initial {
			now = append(now, graph.Parameter(g, fmt.Sprintf("state%d", i), n.Shape()))
		}
		return now
	}
	again := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		now := parameters(g)
		return []*graph.Node{graph.And(graph.LessThan(now[statePass], now[len(now)-1]), more(now))}
	})
	once := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node { return block(parameters(g)) })
	return graph.While(again, once, initial...)
}

// block is the body of the loop: the state after one block of rows.
func (p program) block(blocks *graph.Node, now []*graph.Node) []*graph.Node {
	rows, second, reg, active := now[stateInputs], now[stateInputs+1], now[stateInputs+2], now[stateInputs+3]
	tolerance, iterations := now[stateInputs+4], now[stateInputs+5]
	g, size := rows.Graph(), blocks.Shape().Dimensions[2]
	zero, one := graph.Const(g, int32(0)), graph.Const(g, int32(1))
	at, soFar, likelihoodSoFar := now[stateBlock], now[stateSoFar], now[stateSoFarLikelihood]

	begins := graph.Equal(at, zero)
	mixture := p.maximization(now[stateSums], now[stateSumsSecond], second, reg, active).flat()
	for i := range mixture {
		mixture[i] = graph.Where(begins, mixture[i], now[stateMixture+i])
	}
	x := graph.DynamicSlice(blocks, []*graph.Node{at, zero, zero}, []int{1, p.columns, size})
	s, l := p.expectation(graph.Reshape(x, p.columns, size), blockMask(at, rows, size), mixture[3])
	soFar, likelihoodSoFar = graph.Add(soFar, s), graph.Add(likelihoodSoFar, l)

	// What holds if this was the pass's last block.
	ends := graph.GreaterOrEqual(graph.Mul(graph.Add(at, one), graph.Const(g, int32(size))), rows)
	mean := graph.Div(graph.Add(likelihoodSoFar, mixture[4]), graph.ConvertDType(rows, dtypes.Float64))
	fits := graph.Equal(now[statePhase], graph.Const(g, fitting))
	settled := graph.LessThan(graph.Abs(graph.Sub(mean, now[stateLikelihood])), tolerance)
	final := graph.Or(settled, graph.GreaterOrEqual(graph.Add(now[stateIteration], one), iterations))
	phase := graph.Where(fits, graph.Where(final, graph.Const(g, scoring), graph.Const(g, fitting)), graph.Const(g, done))
	trace := graph.DynamicUpdateSlice(now[stateTrace], graph.Reshape(mean, 1), []*graph.Node{now[statePass]})
	updates := graph.And(ends, fits)
	next := append([]*graph.Node{
		graph.Where(ends, zero, graph.Add(at, one)),
		graph.Where(ends, graph.ZerosLike(soFar), soFar),
		graph.Where(ends, number(g, 0), likelihoodSoFar),
		graph.Where(updates, soFar, now[stateSums]),
		graph.Where(updates, second, now[stateSumsSecond]),
		graph.Where(ends, mean, now[stateLikelihood]),
		graph.Where(updates, graph.Add(now[stateIteration], one), now[stateIteration]),
		graph.Where(ends, phase, now[statePhase]),
		graph.Where(ends, graph.Add(now[statePass], one), now[statePass]),
		graph.Where(ends, trace, now[stateTrace]),
	}, mixture...)
	return append(next, now[stateInputs:]...)
}

// blockMask is 1 for the rows of a block that are there, 0 for padding.
func blockMask(block, rows *graph.Node, size int) *graph.Node {
	g := block.Graph()
	at := graph.Add(graph.Iota(g, shapes.Make(dtypes.Int32, size), 0), graph.Mul(block, graph.Const(g, int32(size))))
	return graph.ConvertDType(graph.LessThan(at, rows), dtypes.Float64)
}
