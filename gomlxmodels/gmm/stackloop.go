package gmm

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// stackLoop is EM for J fits in one program, T tables with S fits each, J = T*S. All
// make their passes over the rows together; a fit that is done stays as it is. Tables
// are padded to the blocks of the longest, fits to K components.
type stackLoop struct {
	program
	tables int // T
}

// Inputs of the loop, in order, and the same inputs and outputs as those of one fit
// (see program.loop), with a leading axis:
//
//	blocks [C, T, d, B], rows [T] int32, longest [] int32 the largest of rows,
//	second [J, d, d], reg [J, d], active [J*K], tolerance [J], iterations [J], passes [],
//	sums [J*K, F], sumsSecond [J, d, d], likelihood [J], iteration [J], phase [J]
//
// Outputs: sums, sumsSecond, likelihood, iteration, phase, pass [], trace
// [passesPerCall, J], weights [J*K], means [J*K, d], covariances [J*K, entries].

// Places in the state: those of one fit, with the number of fits that are not done
// before the mixture.
const (
	stackLeft    = stateTrace + 1
	stackMixture = stackLeft + 1 // 5 places
	stackInputs  = stackMixture + 5
)

func (p stackLoop) loop(in []*graph.Node) []*graph.Node {
	g, blocks, sums := in[0].Graph(), in[0], in[9]
	components, d := sums.Shape().Dimensions[0], p.columns
	zeros := func(dimensions ...int) *graph.Node {
		return graph.Zeros(g, shapes.Make(dtypes.Float64, dimensions...))
	}
	initial := []*graph.Node{
		graph.Const(g, int32(0)), graph.ZerosLike(sums), zeros(p.fits),
		sums, in[10], in[11], in[12], in[13],
		graph.Const(g, int32(0)), zeros(passesPerCall, p.fits), graph.Const(g, int32(p.fits)),
		zeros(components), zeros(components, d), zeros(components, len(p.matrixPairs())), zeros(components, p.features()), zeros(p.fits),
	}
	initial = append(initial, in[1:9]...)
	out := passesOf(initial, func(now []*graph.Node) *graph.Node {
		left := now[stackLeft]
		return graph.GreaterThan(left, graph.Const(left.Graph(), int32(0)))
	}, func(now []*graph.Node) []*graph.Node { return p.block(blocks, now) })
	return append(out[stateSums:stackLeft:stackLeft], out[stackMixture:stackMixture+3]...)
}

// block is the body of the loop: the state after one block of rows of each table.
func (p stackLoop) block(blocks *graph.Node, now []*graph.Node) []*graph.Node {
	rows, longest, second, reg, active := now[stackInputs], now[stackInputs+1], now[stackInputs+2], now[stackInputs+3], now[stackInputs+4]
	tolerance, iterations := now[stackInputs+5], now[stackInputs+6]
	g, size := rows.Graph(), blocks.Shape().Dimensions[3]
	zero, one := graph.Const(g, int32(0)), graph.Const(g, int32(1))
	at, soFar, likelihoodSoFar := now[stateBlock], now[stateSoFar], now[stateSoFarLikelihood]

	begins := graph.Equal(at, zero)
	mixture := p.maximization(now[stateSums], now[stateSumsSecond], second, reg, active).flat()
	for i := range mixture {
		mixture[i] = graph.Where(begins, mixture[i], now[stackMixture+i])
	}
	x := graph.DynamicSlice(blocks, []*graph.Node{at, zero, zero, zero}, []int{1, p.tables, p.columns, size})
	s, l := p.expectation(graph.Reshape(x, p.tables, p.columns, size), p.mask(at, rows, size), mixture[3])
	soFar, likelihoodSoFar = graph.Add(soFar, s), graph.Add(likelihoodSoFar, l)

	// What holds if this was the pass's last block.
	ends := graph.GreaterOrEqual(graph.Mul(graph.Add(at, one), graph.Const(g, int32(size))), longest)
	count := p.perFit(graph.ConvertDType(rows, dtypes.Float64))
	mean := graph.Div(graph.Add(likelihoodSoFar, mixture[4]), count)
	each := func(v int32) *graph.Node { return graph.BroadcastToDims(graph.Const(g, v), p.fits) }
	fits := graph.Equal(now[statePhase], each(fitting))
	settled := graph.LessThan(graph.Abs(graph.Sub(mean, now[stateLikelihood])), tolerance)
	final := graph.Or(settled, graph.GreaterOrEqual(graph.Add(now[stateIteration], one), iterations))
	phase := graph.Where(fits, graph.Where(final, each(scoring), each(fitting)), each(done))
	trace := graph.DynamicUpdateSlice(now[stateTrace], graph.Reshape(mean, 1, p.fits), []*graph.Node{now[statePass], zero})
	updates := graph.And(graph.BroadcastToDims(ends, p.fits), fits)
	updated := func(now, next *graph.Node) *graph.Node { // [J, ...] or [J*K, ...]
		dims := next.Shape().Dimensions
		flat := graph.Reshape(next, p.fits, next.Shape().Size()/p.fits)
		old := graph.Reshape(now, flat.Shape().Dimensions...)
		mask := graph.BroadcastToDims(graph.Reshape(updates, p.fits, 1), flat.Shape().Dimensions...)
		return graph.Reshape(graph.Where(mask, flat, old), dims...)
	}
	left := graph.ReduceAllSum(graph.ConvertDType(graph.LessThan(phase, each(done)), dtypes.Int32))
	next := append([]*graph.Node{
		graph.Where(ends, zero, graph.Add(at, one)),
		graph.Where(ends, graph.ZerosLike(soFar), soFar),
		graph.Where(ends, graph.ZerosLike(likelihoodSoFar), likelihoodSoFar),
		updated(now[stateSums], soFar),
		updated(now[stateSumsSecond], second),
		graph.Where(ends, mean, now[stateLikelihood]),
		graph.Where(updates, graph.Add(now[stateIteration], one), now[stateIteration]),
		graph.Where(ends, phase, now[statePhase]),
		graph.Where(ends, graph.Add(now[statePass], one), now[statePass]),
		graph.Where(ends, trace, now[stateTrace]),
		graph.Where(ends, left, now[stackLeft]),
	}, mixture...)
	return append(next, now[stackInputs:]...)
}

// perFit gives each fit what belongs to its table: [T] to [J].
func (p stackLoop) perFit(x *graph.Node) *graph.Node {
	each := p.fits / p.tables
	return graph.Reshape(graph.BroadcastToDims(graph.Reshape(x, p.tables, 1), p.tables, each), p.fits)
}

// mask is 1 for the rows of a block that are there [T, B].
func (p stackLoop) mask(block, rows *graph.Node, size int) *graph.Node {
	g := block.Graph()
	at := graph.Add(graph.Iota(g, shapes.Make(dtypes.Int32, p.tables, size), 1), graph.Mul(block, graph.Const(g, int32(size))))
	most := graph.BroadcastToDims(graph.Reshape(rows, p.tables, 1), p.tables, size)
	return graph.ConvertDType(graph.LessThan(at, most), dtypes.Float64)
}

// expectation is the E-step of one block of each table:
//
//	x [T, d, B], mask [T, B], coefficients [J*K, F] -> sums [J*K, F], logLikelihood [J]
//
// The monomials of a table are computed once for all its fits.
func (p stackLoop) expectation(x, mask, coefficients *graph.Node) (sums, logLikelihood *graph.Node) {
	g, rows := x.Graph(), x.Shape().Dimensions[2]
	each := p.fits / p.tables
	components := coefficients.Shape().Dimensions[0] / p.fits
	column := func(i int) *graph.Node {
		return graph.Slice(x, graph.AxisRange(), graph.AxisElem(i), graph.AxisRange())
	}
	monomials := []*graph.Node{graph.BroadcastToDims(number(g, 1), p.tables, 1, rows)}
	for i := range p.columns {
		monomials = append(monomials, column(i))
	}
	for _, pair := range p.pairs() {
		monomials = append(monomials, graph.Mul(column(pair[0]), column(pair[1])))
	}
	phi := graph.Concatenate(monomials, 1) // [T, F, B]
	logits := graph.MatMul(graph.Reshape(coefficients, p.tables, each*components, p.features()), phi)
	logits = graph.Reshape(logits, p.tables, each, components, rows)
	narrow := func(n *graph.Node) *graph.Node { return graph.Reshape(n, p.tables, each, 1, rows) }
	most := narrow(graph.ReduceMax(logits, 2))
	e := graph.Exp(graph.Sub(logits, most)) // [T, S, K, B]
	total := narrow(graph.ReduceSum(e, 2))
	there := graph.BroadcastToDims(graph.Reshape(mask, p.tables, 1, 1, rows), p.tables, each, 1, rows)
	shares := graph.Reshape(graph.Mul(e, graph.Div(there, total)), p.tables, each*components, rows)
	sums = graph.DotGeneral(shares, []int{2}, []int{0}, phi, []int{2}, []int{0}) // [T, S*K, F]
	sums = graph.Reshape(sums, p.fits*components, p.features())
	logLikelihood = graph.ReduceSum(graph.Mul(graph.Add(most, graph.Log(total)), there), 2, 3)
	return sums, graph.Reshape(logLikelihood, p.fits)
}
