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
//	tolerance []
//	iterations []     the largest number of M-steps
//	passes []         after which this call returns, <= passesPerCall
//	sums [K, F]       of the pass before, from which the call begins
//	likelihood []     mean per row of the pass before
//	iteration []      M-steps done, the one from sums included
//	phase []
//
// Outputs: sums, likelihood, iteration, phase, pass [], trace [passesPerCall], the
// mixture's weights, means, covariances.
const loopInputs = 11

// loop is EM over all blocks: passes until the likelihood settles. Closures cannot
// be nested, so the two loops, over iterations and over blocks, are one over
// blocks, and the M-step, which is small, is computed at every block and taken at
// the last.
func (p program) loop(in []*graph.Node) []*graph.Node {
	blocks, rows, second, reg, tolerance, iterations, passes := in[0], in[1], in[2], in[3], in[4], in[5], in[6]
	sums, likelihood, iteration, phase := in[7], in[8], in[9], in[10]
	g := blocks.Graph()
	size := blocks.Shape().Dimensions[2]
	last := graph.Sub(graph.Div(graph.Add(rows, graph.Const(g, int32(size-1))), graph.Const(g, int32(size))), graph.Const(g, int32(1)))
	initial := []*graph.Node{
		graph.Const(g, int32(0)), graph.ZerosLike(sums), number(g, 0), // block, sums and likelihood so far in this pass
		sums, likelihood, iteration, phase,
		graph.Const(g, int32(0)), graph.Zeros(g, shapes.Make(dtypes.Float64, passesPerCall)), // pass, trace
	}
	initial = append(initial, p.maximization(sums, second, reg).flat()...)
	parameters := func(g *graph.Graph) (now []*graph.Node) {
		for i, n := range initial {
			now = append(now, graph.Parameter(g, fmt.Sprintf("state%d", i), n.Shape()))
		}
		return now
	}
	again := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		now := parameters(g)
		return []*graph.Node{graph.And(graph.LessThan(now[7], passes), graph.LessThan(now[6], graph.Const(g, done)))}
	})
	once := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		now := parameters(g)
		block, soFar, likelihoodSoFar := now[0], now[1], now[2]
		zero, one := graph.Const(g, int32(0)), graph.Const(g, int32(1))
		x := graph.DynamicSlice(blocks, []*graph.Node{block, zero, zero}, []int{1, p.columns, size})
		s, l := p.expectation(graph.Reshape(x, p.columns, size), blockMask(block, rows, size), now[12])
		soFar, likelihoodSoFar = graph.Add(soFar, s), graph.Add(likelihoodSoFar, l)

		// What holds if this was the pass's last block.
		ends := graph.Equal(block, last)
		mean := graph.Div(graph.Add(likelihoodSoFar, now[13]), graph.ConvertDType(rows, dtypes.Float64))
		fits := graph.Equal(now[6], graph.Const(g, fitting))
		settled := graph.LessThan(graph.Abs(graph.Sub(mean, now[4])), tolerance)
		final := graph.Or(settled, graph.GreaterOrEqual(graph.Add(now[5], one), iterations))
		phase := graph.Where(fits, graph.Where(final, graph.Const(g, scoring), graph.Const(g, fitting)), graph.Const(g, done))
		trace := graph.DynamicUpdateSlice(now[8], graph.Reshape(mean, 1), []*graph.Node{now[7]})
		next := p.maximization(soFar, second, reg).flat()

		updates := graph.And(ends, fits)
		out := []*graph.Node{
			graph.Where(ends, zero, graph.Add(block, one)),
			graph.Where(ends, graph.ZerosLike(soFar), soFar),
			graph.Where(ends, number(g, 0), likelihoodSoFar),
			graph.Where(updates, soFar, now[3]),
			graph.Where(ends, mean, now[4]),
			graph.Where(updates, graph.Add(now[5], one), now[5]),
			graph.Where(ends, phase, now[6]),
			graph.Where(ends, graph.Add(now[7], one), now[7]),
			graph.Where(ends, trace, now[8]),
		}
		for i, n := range next {
			out = append(out, graph.Where(updates, n, now[9+i]))
		}
		return out
	})
	out := graph.While(again, once, initial...)
	return append(out[3:9:9], out[9:12]...)
}

// blockMask is 1 for the rows of a block that are there, 0 for padding.
func blockMask(block, rows *graph.Node, size int) *graph.Node {
	g := block.Graph()
	at := graph.Add(graph.Iota(g, shapes.Make(dtypes.Int32, size), 0), graph.Mul(block, graph.Const(g, int32(size))))
	return graph.ConvertDType(graph.LessThan(at, rows), dtypes.Float64)
}
