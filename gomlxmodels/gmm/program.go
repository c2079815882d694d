package gmm

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// program builds the graphs of EM for rows of the given columns and for J fits at
// once, which read the same rows. In shapes, K is the components of a fit, d columns,
// F monomials, B rows of a block, C blocks. The components of all fits stand in one
// axis [J*K].
type program struct {
	covariance Covariance
	columns    int
	fits       int  // J
	loops      bool // whether the device loops over passes and blocks
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

// expectation is the E-step of one block: for each fit the sums over its rows of
// responsibilities times monomials, and the sum of the rows' log-likelihoods.
//
//	x [d, B], mask [B], coefficients [J*K, F] -> sums [J*K, F], logLikelihood [J]
//
// The monomials are computed once for all fits.
func (p program) expectation(x, mask, coefficients *graph.Node) (sums, logLikelihood *graph.Node) {
	g, rows := x.Graph(), x.Shape().Dimensions[1]
	components := coefficients.Shape().Dimensions[0] / p.fits
	column := func(i int) *graph.Node { return graph.Slice(x, graph.AxisElem(i), graph.AxisRange()) } // [1, B]
	monomials := []*graph.Node{graph.BroadcastToDims(number(g, 1), 1, rows)}
	for i := range p.columns {
		monomials = append(monomials, column(i))
	}
	for _, pair := range p.pairs() {
		monomials = append(monomials, graph.Mul(column(pair[0]), column(pair[1])))
	}
	phi := graph.Concatenate(monomials, 0) // [F, B]
	each, narrow, axis := []int{p.fits, components, rows}, []int{p.fits, 1, rows}, 1
	if p.fits == 1 { // an axis of one fit would make XLA's kernels slower, an iteration by 8 %
		each, narrow, axis = each[1:], narrow[1:], 0
	}
	logits := graph.Reshape(graph.MatMul(coefficients, phi), each...)
	most := graph.Reshape(graph.ReduceMax(logits, axis), narrow...)
	e := graph.Exp(graph.Sub(logits, most)) // [J, K, B], [K, B] of one fit
	total := graph.Reshape(graph.ReduceSum(e, axis), narrow...)
	mask = graph.ExpandLeftToRank(mask, len(each))
	share := graph.Div(mask, total)
	if p.fits == 1 {
		sums = graph.DotGeneral(e, []int{1}, nil, graph.Mul(phi, share), []int{1}, nil)
	} else {
		memberships := graph.Reshape(graph.Mul(e, share), p.fits*components, rows)
		sums = graph.DotGeneral(memberships, []int{1}, nil, phi, []int{1}, nil)
	}
	logLikelihood = graph.ReduceSum(graph.Mul(graph.Add(most, graph.Log(total)), mask), axis, axis+1)
	logLikelihood = graph.Reshape(logLikelihood, p.fits)
	return sums, logLikelihood
}

// total sums over the components of each fit: [J*K] to [J].
func (p program) total(x *graph.Node) *graph.Node {
	components := x.Shape().Size() / p.fits
	return sumRows(graph.Reshape(x, p.fits, components))
}

// sumRows sums each row of a matrix, by a product with ones.
func sumRows(x *graph.Node) *graph.Node {
	ones := graph.BroadcastToDims(number(x.Graph(), 1), x.Shape().Dimensions[1])
	return graph.DotGeneral(x, []int{1}, nil, ones, []int{0}, nil)
}

// spread gives each component what belongs to its fit: [J] to [J*K].
func (p program) spread(x *graph.Node, components int) *graph.Node {
	return graph.Reshape(graph.BroadcastToDims(graph.Reshape(x, p.fits, 1), p.fits, components/p.fits), components)
}

// entry cuts one number out of a tensor that all fits share.
func entry(n *graph.Node, at ...int) *graph.Node {
	var specs []graph.SliceAxisSpec
	for _, v := range at {
		specs = append(specs, graph.AxisElem(v))
	}
	return graph.Reshape(graph.Slice(n, specs...))
}

// entryOfEach cuts one number of each fit out of a tensor [J, ...].
func (p program) entryOfEach(n *graph.Node, at ...int) *graph.Node {
	specs := []graph.SliceAxisSpec{graph.AxisRange()}
	for _, v := range at {
		specs = append(specs, graph.AxisElem(v))
	}
	return graph.Reshape(graph.Slice(n, specs...), p.fits)
}

// Maximisation

// mixture is the parameters of all fits as nodes, and what the E-step needs of them.
type mixture struct {
	weights      *graph.Node // [J*K]
	means        *graph.Node // [J*K, d]
	covariances  *graph.Node // [J*K, entries of matrixPairs]
	coefficients *graph.Node // [J*K, F]
	shared       *graph.Node // [J], part of the log-likelihood of all rows that the coefficients leave out
}

// maximization is the M-step: the mixtures from the sums of all rows, or of a start;
// see pass for the shapes.
func (p program) maximization(sums, sumsSecond, second, reg, active *graph.Node) mixture {
	g, d := sums.Graph(), p.columns
	components := sums.Shape().Dimensions[0]
	column := func(n *graph.Node, i int) *graph.Node {
		return graph.Reshape(graph.Slice(n, graph.AxisRange(), graph.AxisElem(i)), components)
	}
	mass := graph.Add(column(sums, 0), number(g, 10*0x1p-52)) // [J*K]; what scikit-learn adds against empty components
	rows := p.spread(p.total(graph.Mul(mass, active)), components)
	weights := graph.Div(graph.Mul(mass, active), rows)
	means := make([]*graph.Node, d)
	for i := range d {
		means[i] = graph.Div(column(sums, 1+i), mass)
	}
	matrix := make([][]*graph.Node, d) // upper triangle, [J*K] each
	for i := range d {
		matrix[i] = make([]*graph.Node, d)
	}
	for at, pair := range p.matrixPairs() {
		i, j := pair[0], pair[1]
		var c *graph.Node
		if p.covariance == Tied {
			between := p.total(graph.Mul(mass, graph.Mul(means[i], means[j])))
			c = graph.Div(p.spread(graph.Sub(p.entryOfEach(sumsSecond, i, j), between), components), rows)
		} else {
			c = graph.Sub(graph.Div(column(sums, 1+d+at), mass), graph.Mul(means[i], means[j]))
		}
		if i == j {
			c = graph.Max(c, number(g, 0))
			c = graph.Add(c, entry(reg, i))
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
	shared = graph.BroadcastToDims(number(g, 0), p.fits)
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
		one := p.entryOfEach(graph.Reshape(c, p.fits, c.Shape().Size()/p.fits), 0) // the same for all components
		shared = graph.Add(shared, graph.Mul(one, entry(second, i, j)))
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
// their determinants, [J*K] each, by Cholesky's decomposition written out. A pivot
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
