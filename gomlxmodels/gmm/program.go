package gmm

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// program builds the graphs of EM for rows of the given columns. In shapes, K is
// components, d columns, F monomials, B rows of a block, C blocks.
type program struct {
	covariance Covariance
	columns    int
	// fits is the number of fits J of a stack: then all K components of all fits
	// stand in one axis [J*K], and what belongs to a fit has an axis [J]. 0: one fit,
	// without that axis.
	fits int
}

// pairs are the index pairs (i, j), i <= j, of the second-order monomials: all
// with full covariance, i = j with diagonal, none where the matrix is shared.
func (p program) pairs() (pairs [][2]int) {
	for i := range p.columns {
		for j := i; j < p.columns; j++ {
			if p.covariance == Full || p.covariance == Diagonal && i == j {
				pairs = append(pairs, [2]int{i, j})
			}
		}
	}
	return pairs
}

// features is F: 1, x_i, and the pairs.
func (p program) features() int { return 1 + p.columns + len(p.pairs()) }

// matrixPairs are the entries of a covariance matrix that are kept: the upper
// triangle row by row, or the diagonal.
func (p program) matrixPairs() (pairs [][2]int) {
	if p.covariance != Tied {
		return p.pairs()
	}
	return program{covariance: Full, columns: p.columns}.pairs()
}

// number is a constant of the closure that is being built. (The graph-wide cache of
// graph.Scalar must not be used in closures that share a graph.)
func number(g *graph.Graph, v float64) *graph.Node { return graph.Const(g, v) }

// Expectation

// expectation is the E-step of one block: the sums over its rows of
// responsibilities times monomials, and the sum of the rows' log-likelihoods.
//
//	x [d, B], mask [B], coefficients [K, F] -> sums [K, F], logLikelihood []
func (p program) expectation(x, mask, coefficients *graph.Node) (sums, logLikelihood *graph.Node) {
	g, rows := x.Graph(), x.Shape().Dimensions[1]
	column := func(i int) *graph.Node { return graph.Slice(x, graph.AxisElem(i), graph.AxisRange()) } // [1, B]
	monomials := []*graph.Node{graph.BroadcastToDims(number(g, 1), 1, rows)}
	for i := range p.columns {
		monomials = append(monomials, column(i))
	}
	for _, pair := range p.pairs() {
		monomials = append(monomials, graph.Mul(column(pair[0]), column(pair[1])))
	}
	phi := graph.Concatenate(monomials, 0)           // [F, B]
	logits := graph.MatMul(coefficients, phi)        // [K, B]
	most := graph.ReduceMax(logits, 0)               // [B]
	most = graph.Reshape(most, 1, rows)              // [1, B]
	e := graph.Exp(graph.Sub(logits, most))          // [K, B]
	total := graph.ReduceSum(e, 0)                   // [B]
	total = graph.Reshape(total, 1, rows)            // [1, B]
	mask = graph.Reshape(mask, 1, rows)              // [1, B]
	scaled := graph.Mul(phi, graph.Div(mask, total)) // [F, B]
	sums = graph.DotGeneral(e, []int{1}, nil, scaled, []int{1}, nil)
	logLikelihood = graph.ReduceAllSum(graph.Mul(graph.Add(most, graph.Log(total)), mask))
	sums.AssertDims(coefficients.Shape().Dimensions...)
	return sums, logLikelihood
}

// total sums over the components of each fit: [], in a stack [J].
func (p program) total(x *graph.Node) *graph.Node {
	if p.fits == 0 {
		return graph.ReduceAllSum(x)
	}
	return graph.ReduceSum(graph.Reshape(x, p.fits, x.Shape().Size()/p.fits), 1)
}

// spread gives each component what belongs to its fit: [], in a stack [components].
func (p program) spread(x *graph.Node, components int) *graph.Node {
	if p.fits == 0 {
		return x
	}
	return graph.Reshape(graph.BroadcastToDims(graph.Reshape(x, p.fits, 1), p.fits, components/p.fits), components)
}

// entry cuts one number out of a tensor, in a stack one of each fit.
func (p program) entry(n *graph.Node, at ...int) *graph.Node {
	var specs []graph.SliceAxisSpec
	var dims []int
	if p.fits > 0 {
		specs, dims = append(specs, graph.AxisRange()), []int{p.fits}
	}
	for _, v := range at {
		specs = append(specs, graph.AxisElem(v))
	}
	return graph.Reshape(graph.Slice(n, specs...), dims...)
}

// Maximisation

// mixture is the parameters as nodes, and what the E-step needs of them.
type mixture struct {
	weights      *graph.Node // [K]
	means        *graph.Node // [K, d]
	covariances  *graph.Node // [K, entries of matrixPairs]
	coefficients *graph.Node // [K, F]
	shared       *graph.Node // [], part of the log-likelihood of all rows that the coefficients leave out
}

func (m mixture) flat() []*graph.Node {
	return []*graph.Node{m.weights, m.means, m.covariances, m.coefficients, m.shared}
}

// maximization is the M-step: the mixture from the sums of all rows.
//
//	sums [K, F], of the rows or of a start, and their sums of x_i x_j,
//	sumsSecond [d, d]; second [d, d] of the rows, reg [d],
//	active [K] 1 for a component, 0 for one that only pads the shape
//
// In a stack K is J*K, and sumsSecond, second and reg have a leading axis J.
func (p program) maximization(sums, sumsSecond, second, reg, active *graph.Node) mixture {
	g, d := sums.Graph(), p.columns
	components := sums.Shape().Dimensions[0]
	column := func(n *graph.Node, i int) *graph.Node {
		return graph.Reshape(graph.Slice(n, graph.AxisRange(), graph.AxisElem(i)), components)
	}
	mass := graph.Add(column(sums, 0), number(g, 10*0x1p-52)) // [K]; what scikit-learn adds against empty components
	rows := p.spread(p.total(graph.Mul(mass, active)), components)
	weights := graph.Div(graph.Mul(mass, active), rows)
	means := make([]*graph.Node, d)
	for i := range d {
		means[i] = graph.Div(column(sums, 1+i), mass)
	}
	matrix := make([][]*graph.Node, d) // upper triangle, [K] each
	for i := range d {
		matrix[i] = make([]*graph.Node, d)
	}
	for at, pair := range p.matrixPairs() {
		i, j := pair[0], pair[1]
		var c *graph.Node
		if p.covariance == Tied {
			between := p.total(graph.Mul(mass, graph.Mul(means[i], means[j])))
			c = graph.Div(p.spread(graph.Sub(p.entry(sumsSecond, i, j), between), components), rows)
			if p.fits == 0 {
				c = graph.BroadcastToDims(c, components)
			}
		} else {
			c = graph.Sub(graph.Div(column(sums, 1+d+at), mass), graph.Mul(means[i], means[j]))
		}
		if i == j {
			c = graph.Max(c, number(g, 0))
			c = graph.Add(c, p.spread(p.entry(reg, i), components))
		}
		matrix[i][j] = c
	}
	m := mixture{weights: weights, means: graph.Stack(means, 1)}
	var packed []*graph.Node
	for _, pair := range p.matrixPairs() {
		packed = append(packed, matrix[pair[0]][pair[1]])
	}
	m.covariances = graph.Stack(packed, 1)
	m.coefficients, m.shared = p.coefficients(weights, means, matrix, second)
	return m
}

// coefficients of the monomials in log(weight) + log(density).
func (p program) coefficients(weights *graph.Node, means []*graph.Node, matrix [][]*graph.Node, second *graph.Node) (coefficients, shared *graph.Node) {
	g, d := weights.Graph(), p.columns
	precision, logDet := p.invert(matrix)
	constant := graph.Add(graph.Log(weights), number(g, -0.5*float64(d)*math.Log(2*math.Pi)))
	constant = graph.Sub(constant, graph.Mul(number(g, 0.5), logDet))
	linear := make([]*graph.Node, d)
	for i := range d {
		for j := range d {
			entry := precision[min(i, j)][max(i, j)]
			if entry == nil {
				continue
			}
			linear[i] = plus(linear[i], graph.Mul(entry, means[j]))
		}
		constant = graph.Sub(constant, graph.Mul(number(g, 0.5), graph.Mul(linear[i], means[i])))
	}
	out := append([]*graph.Node{constant}, linear...)
	shared = number(g, 0)
	if p.fits > 0 {
		shared = graph.BroadcastToDims(shared, p.fits)
	}
	for _, pair := range p.matrixPairs() {
		i, j := pair[0], pair[1]
		factor := -1.0 // x_i x_j stands for both orders
		if i == j {
			factor = -0.5
		}
		c := graph.Mul(number(g, factor), precision[i][j])
		if p.covariance != Tied {
			out = append(out, c)
			continue
		}
		if p.fits > 0 {
			c = graph.Reshape(c, p.fits, c.Shape().Size()/p.fits)
		}
		one := p.entry(c, 0) // the same for all components
		shared = graph.Add(shared, graph.Mul(one, p.entry(second, i, j)))
	}
	return graph.Stack(out, 1), shared
}

func plus(sum, x *graph.Node) *graph.Node {
	if sum == nil {
		return x
	}
	return graph.Add(sum, x)
}

// invert gives the upper triangles of the matrices' inverses and the logarithms of
// their determinants, [K] each, by Cholesky's decomposition written out. A pivot
// that rounding made too small for its variance is lifted, so that no mixture is
// ever NaN.
func (p program) invert(matrix [][]*graph.Node) (precision [][]*graph.Node, logDet *graph.Node) {
	g, d := matrix[0][0].Graph(), p.columns
	precision = make([][]*graph.Node, d)
	for i := range d {
		precision[i] = make([]*graph.Node, d)
	}
	if p.covariance == Diagonal {
		for i := range d {
			precision[i][i] = graph.Div(number(g, 1), matrix[i][i])
			logDet = plus(logDet, graph.Log(matrix[i][i]))
		}
		return precision, logDet
	}
	lower := make([][]*graph.Node, d)   // L, matrix = L L'
	inverse := make([][]*graph.Node, d) // of L
	for i := range d {
		lower[i], inverse[i] = make([]*graph.Node, d), make([]*graph.Node, d)
		for j := range i {
			c := matrix[j][i]
			for k := range j {
				c = graph.Sub(c, graph.Mul(lower[i][k], lower[j][k]))
			}
			lower[i][j] = graph.Mul(c, inverse[j][j])
		}
		c := matrix[i][i]
		for k := range i {
			c = graph.Sub(c, graph.Mul(lower[i][k], lower[i][k]))
		}
		c = graph.Max(c, graph.Mul(number(g, smallestPivot), matrix[i][i]))
		logDet = plus(logDet, graph.Log(c))
		lower[i][i] = graph.Sqrt(c)
		inverse[i][i] = graph.Div(number(g, 1), lower[i][i])
		for j := range i {
			var sum *graph.Node
			for k := j; k < i; k++ {
				sum = plus(sum, graph.Mul(lower[i][k], inverse[k][j]))
			}
			inverse[i][j] = graph.Neg(graph.Mul(sum, inverse[i][i]))
		}
	}
	for i := range d {
		for j := i; j < d; j++ {
			for k := j; k < d; k++ {
				precision[i][j] = plus(precision[i][j], graph.Mul(inverse[k][i], inverse[k][j]))
			}
		}
	}
	return precision, logDet
}

// smallestPivot of a Cholesky decomposition, relative to the variance: 1 minus the
// square of a correlation cannot be told from 0 below it.
const smallestPivot = 0x1p-48
