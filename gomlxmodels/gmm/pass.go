package gmm

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// EM is one of two programs: iterate, where the device loops over passes and blocks,
// and pass, where the host does. These are their inputs, in order. Reals are float64,
// counts int32.
//
//	blocks [C, d, B]     rows, centred; those after the last are zeros
//	first []             number of the first of these blocks in the table
//	rows []              how many the table has
//	second [d, d]        their sums of x_i x_j
//	reg [d]              added to the variances
//	active [J*K]         1 for a component, 0 for one that only pads the shape
//	sums [J*K, F]        of the pass before, from which the program begins
//	sumsSecond [J, d, d] what goes with them: second, or a start's own
//
// Pass has also
//
//	soFar [J*K, F], likelihoodSoFar [J]   of the blocks before first
//
// and iterate, for which first is 0,
//
//	likelihood [J]       mean per row of the pass before
//	tolerance []
//	watched [J]          1 for a fit that ends the iteration when it settles
//	passes []            after which it ends anyway, <= passesPerCall
//
// Outputs of both: the new sums; the log-likelihoods, of pass the sum over the blocks
// [J], of iterate the mean per row of each pass [passesPerCall, J]; weights [J*K], means
// [J*K, d] and covariances [J*K, entries] of the last pass; and of iterate the number of
// passes.

// passesPerCall bounds the passes of one call of iterate.
const passesPerCall = 256

// pass is one iteration of EM over the rows of the given blocks: the M-step from the
// sums of the pass before, and the E-step.
func (p program) pass(in []*graph.Node) []*graph.Node {
	blocks, first, rows, second, reg, active, sums, sumsSecond := in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7]
	soFar, likelihood := in[8], in[9]
	p.fits = sumsSecond.Shape().Dimensions[0]
	m := p.maximization(sums, sumsSecond, second, reg, active)
	begins := graph.Equal(first, graph.Const(first.Graph(), int32(0)))
	likelihood = graph.Add(likelihood, graph.Where(begins, m.shared, graph.ZerosLike(m.shared)))
	sums, likelihood = p.overBlocks(blocks, first, rows, m.coefficients, soFar, likelihood)
	return []*graph.Node{sums, likelihood, m.weights, m.means, m.covariances}
}

// Places in the state of iterate's loop.
const (
	stateMade    = iota // passes
	stateSettled        // more than 0: a watched fit has settled
	stateTrace          // [passesPerCall, J]
	stateSums           // of the last pass, and what follows too
	stateSumsSecond
	stateLikelihood
	stateWeights
	stateMeans
	stateCovariances
	stateInputs // first, rows, second, reg, active, tolerance, watched, passes
)

// iterate is passes over all rows until a watched fit changes its likelihood by less
// than the tolerance, or all passes are made.
//
// GoMLX builds a kind of reduction once in a program, so it must not stand both in a
// loop's body and outside of it: only the E-step, in the innermost loop, has
// reductions; all else sums by products with ones. Operands of unlike shapes cannot be
// captured by a loop's body, so small inputs are state; the blocks are captured, as
// state they would be copied.
func (p program) iterate(in []*graph.Node) []*graph.Node {
	blocks, sums, sumsSecond, likelihood := in[0], in[6], in[7], in[8]
	p.fits = sumsSecond.Shape().Dimensions[0]
	g, components, d := sums.Graph(), sums.Shape().Dimensions[0], p.columns
	zeros := func(dimensions ...int) *graph.Node {
		return graph.Zeros(g, shapes.Make(dtypes.Float64, dimensions...))
	}
	state := append([]*graph.Node{
		graph.Const(g, int32(0)), zeros(), zeros(passesPerCall, p.fits), sums, sumsSecond, likelihood,
		zeros(components), zeros(components, d), zeros(components, len(p.matrixPairs())),
	}, in[1], in[2], in[3], in[4], in[5], in[9], in[10], in[11])
	out := while("pass", state, func(now []*graph.Node) *graph.Node {
		passes := now[len(now)-1]
		more := graph.LessThan(now[stateMade], passes)
		return graph.And(more, graph.Equal(now[stateSettled], number(passes.Graph(), 0)))
	}, func(now []*graph.Node) []*graph.Node {
		given := now[stateInputs:]
		first, rows, second, reg, active, tolerance, watched := given[0], given[1], given[2], given[3], given[4], given[5], given[6]
		g := rows.Graph()
		m := p.maximization(now[stateSums], now[stateSumsSecond], second, reg, active)
		empty := graph.BroadcastToDims(number(g, 0), components, p.features())
		sums, likelihood := p.overBlocks(blocks, first, rows, m.coefficients, empty, m.shared)
		mean := graph.Div(likelihood, graph.ConvertDType(rows, dtypes.Float64))
		near := graph.LessThan(graph.Abs(graph.Sub(mean, now[stateLikelihood])), tolerance)
		settled := graph.Mul(graph.ConvertDType(near, dtypes.Float64), watched)
		at := []*graph.Node{now[stateMade], graph.Const(g, int32(0))}
		return append([]*graph.Node{
			graph.Add(now[stateMade], graph.Const(g, int32(1))),
			graph.Reshape(sumRows(graph.Reshape(settled, 1, p.fits))),
			graph.DynamicUpdateSlice(now[stateTrace], graph.Reshape(mean, 1, p.fits), at),
			sums, graph.BroadcastToDims(graph.Reshape(second, 1, d, d), p.fits, d, d), mean,
			m.weights, m.means, m.covariances,
		}, given...)
	})
	return []*graph.Node{out[stateSums], out[stateTrace], out[stateWeights], out[stateMeans], out[stateCovariances], out[stateMade]}
}

// while repeats body on the state while more holds. Names of states must differ from
// those of the loop that it lies in.
func while(name string, state []*graph.Node, more func(now []*graph.Node) *graph.Node, body func(now []*graph.Node) []*graph.Node) []*graph.Node {
	g := state[0].Graph()
	parameters := func(g *graph.Graph) (now []*graph.Node) {
		for i, n := range state {
			now = append(now, graph.Parameter(g, fmt.Sprintf("%s%d", name, i), n.Shape()))
		}
		return now
	}
	again := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node { return []*graph.Node{more(parameters(g))} })
	once := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node { return body(parameters(g)) })
	return graph.While(again, once, state...)
}

// overBlocks is the E-step over the blocks, added to sums and likelihood. Blocks that
// follow the last row are not looked at.
func (p program) overBlocks(blocks, first, rows, coefficients, sums, likelihood *graph.Node) (*graph.Node, *graph.Node) {
	count, size := blocks.Shape().Dimensions[0], blocks.Shape().Dimensions[2]
	state := []*graph.Node{graph.Const(first.Graph(), int32(0)), sums, likelihood, coefficients, first, rows}
	body := func(now []*graph.Node) []*graph.Node {
		at, coefficients, first, rows := now[0], now[3], now[4], now[5]
		g := at.Graph()
		x, zero := blocks, graph.Const(g, int32(0))
		if p.loops {
			x = graph.DynamicSlice(blocks, []*graph.Node{at, zero, zero}, []int{1, p.columns, size})
		}
		s, l := p.expectation(graph.Reshape(x, p.columns, size), blockMask(graph.Add(at, first), rows, size), coefficients)
		next := graph.Add(at, graph.Const(g, int32(1)))
		return []*graph.Node{next, graph.Add(now[1], s), graph.Add(now[2], l), coefficients, first, rows}
	}
	if count == 1 {
		state = body(state)
		return state[1], state[2]
	}
	state = while("block", state, func(now []*graph.Node) *graph.Node {
		g := now[0].Graph()
		begin := graph.Mul(graph.Add(now[0], now[4]), graph.Const(g, int32(size)))
		return graph.And(graph.LessThan(now[0], graph.Const(g, int32(count))), graph.LessThan(begin, now[5]))
	}, body)
	return state[1], state[2]
}

// blockMask is 1 for the rows of a block that are there, 0 for padding.
func blockMask(block, rows *graph.Node, size int) *graph.Node {
	g := block.Graph()
	at := graph.Add(graph.Iota(g, shapes.Make(dtypes.Int32, size), 0), graph.Mul(block, graph.Const(g, int32(size))))
	return graph.ConvertDType(graph.LessThan(at, rows), dtypes.Float64)
}
