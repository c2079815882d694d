package lstm

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
)

// windowCell builds one direction of the network, unrolled over its few steps, and
// its derivative by hand. Letting GoMLX differentiate costs more: the
// derivative of each step's slice of the projection is that projection padded with
// zeros, added up step by step. By hand the gates' gradients are laid side by side
// once, and each weight's gradient is one product over all steps.
type windowCell struct {
	kind  Cell
	units int
}

// gates is how many blocks of units the kernels have.
func (c windowCell) gates() int {
	if c.kind == GRU {
		return 3
	}
	return 4
}

// windowWeights are the weights of one direction; the fields of gradients of them
// have the same shapes.
type windowWeights struct {
	kernel    *Node // [inputs, gates*units]
	recurrent *Node // [units, gates*units]
	bias      *Node // [gates*units], GRU [2, gates*units]
}

// windowStep is what the derivative needs of one step, [batch, units] each.
type windowStep struct {
	before, cellBefore *Node   // hidden and cell state; nil: zeros, before the first step
	gates              []*Node // activated
	tanhCell           *Node   // LSTM
	inner              *Node   // GRU: the candidate's product of the hidden state, with its bias
	hidden, cell       *Node   // after the step
}

// fresh is a scalar constant of x's type; the graph's cache of scalars must not be
// used in closures.
func fresh(x *Node, value float64) *Node {
	return Const(x.Graph(), shapes.CastAsDType(value, x.DType()))
}

// columns cuts the columns from to to-1 out of a matrix.
func columns(x *Node, from, to int) *Node { return Slice(x, AxisRange(), AxisRange(from, to)) }

// rowRange cuts the rows from to to-1 out of a matrix.
func rowRange(x *Node, from, to int) *Node { return Slice(x, AxisRange(from, to)) }

// block is the i-th block of units of x [batch, blocks*units].
func (c windowCell) block(x *Node, i int) *Node { return columns(x, i*c.units, (i+1)*c.units) }

// row cuts row i out of a matrix: [1, columns].
func row(x *Node, i int) *Node { return rowRange(x, i, i+1) }

// forward runs the cell over x [time, batch, inputs], backwards in time if reverse,
// from a state of zeros, and gives all steps in the order they were made.
func (c windowCell) forward(x *Node, w windowWeights, reverse bool) []windowStep {
	time, batch, inputs := x.Shape().Dimensions[0], x.Shape().Dimensions[1], x.Shape().Dimensions[2]
	bias, inner := w.bias, (*Node)(nil)
	if c.kind == GRU {
		bias, inner = row(w.bias, 0), row(w.bias, 1)
	} else {
		bias = Reshape(w.bias, 1, c.gates()*c.units)
	}
	projection := Add(MatMul(Reshape(x, time*batch, inputs), w.kernel), bias) // [time*batch, gates*units]
	steps := make([]windowStep, time)
	var last windowStep
	for i := range time {
		t := i
		if reverse {
			t = time - 1 - i
		}
		z := rowRange(projection, t*batch, (t+1)*batch) // [batch, gates*units]
		last = c.step(z, last, w.recurrent, inner)
		last.hidden.AssertDims(batch, c.units)
		steps[i] = last
	}
	return steps
}

// step is one step of the cell from the step before.
func (c windowCell) step(z *Node, before windowStep, recurrent, innerBias *Node) windowStep {
	s := windowStep{before: before.hidden, cellBefore: before.cell}
	if c.kind == LSTM {
		if s.before != nil {
			z = Add(z, MatMul(s.before, recurrent))
		}
		open := Sigmoid(columns(z, 0, 3*c.units))
		s.gates = []*Node{c.block(open, 0), c.block(open, 1), c.block(open, 2), Tanh(c.block(z, 3))}
		s.cell = Mul(s.gates[0], s.gates[3])
		if s.cellBefore != nil {
			s.cell = Add(s.cell, Mul(s.gates[1], s.cellBefore))
		}
		s.tanhCell = Tanh(s.cell)
		s.hidden = Mul(s.gates[2], s.tanhCell)
		return s
	}
	inner := BroadcastToShape(innerBias, z.Shape())
	if s.before != nil {
		inner = Add(MatMul(s.before, recurrent), innerBias) // [batch, 3*units]
	}
	open := Sigmoid(columns(Add(z, inner), 0, 2*c.units))
	update, reset := c.block(open, 0), c.block(open, 1)
	s.inner = c.block(inner, 2)
	candidate := Tanh(Add(c.block(z, 2), Mul(reset, s.inner)))
	s.gates = []*Node{update, reset, candidate}
	s.hidden = Sub(candidate, Mul(update, candidate))
	if s.before != nil {
		s.hidden = Add(s.hidden, Mul(update, s.before))
	}
	return s
}

// backward is the gradients of the weights from that of the hidden state after the
// last step [batch, units].
func (c windowCell) backward(x *Node, steps []windowStep, w windowWeights, reverse bool, gradient *Node) windowWeights {
	time, batch, inputs := x.Shape().Dimensions[0], x.Shape().Dimensions[1], x.Shape().Dimensions[2]
	// In the order of time: gradients of the projections, of the recurrent products
	// (LSTM: the same), and what the latter multiplied.
	outer, inner, before := make([]*Node, time), make([]*Node, time), make([]*Node, time)
	transposed := Transpose(w.recurrent, 0, 1)
	dh, dc := gradient, (*Node)(nil)
	for i := time - 1; i >= 0; i-- {
		s := steps[i]
		t := i
		if reverse {
			t = time - 1 - i
		}
		var direct *Node
		outer[t], inner[t], direct, dc = c.stepBackward(s, dh, dc)
		if s.before == nil {
			before[t] = ZerosLike(s.hidden)
			break
		}
		before[t] = s.before
		dh = MatMul(inner[t], transposed)
		if direct != nil {
			dh = Add(dh, direct)
		}
	}
	// A column of ones gives the bias's gradient from the same product. (Summing dz
	// apart is slow on the CPU: the sum takes its rows from the steps one by one.)
	ones := BroadcastToDims(fresh(x, 1), time*batch, 1)
	rows := Reshape(x, time*batch, inputs)
	hidden := Concatenate(before, 0) // [time*batch, units]
	product := func(left []*Node, right []*Node) *Node {
		return DotGeneral(Concatenate(left, 1), []int{0}, nil, Concatenate(right, 0), []int{0}, nil)
	}
	if c.kind == LSTM {
		all := product([]*Node{rows, hidden, ones}, outer) // [inputs+units+1, gates*units]
		return windowWeights{
			kernel:    rowRange(all, 0, inputs),
			recurrent: rowRange(all, inputs, inputs+c.units),
			bias:      Reshape(row(all, inputs+c.units), c.gates()*c.units),
		}
	}
	kernel := product([]*Node{rows, ones}, outer)      // [inputs+1, gates*units]
	recurrent := product([]*Node{hidden, ones}, inner) // [units+1, gates*units]
	return windowWeights{
		kernel:    rowRange(kernel, 0, inputs),
		recurrent: rowRange(recurrent, 0, c.units),
		bias:      Concatenate([]*Node{row(kernel, inputs), row(recurrent, c.units)}, 0),
	}
}

// stepBackward is the derivative of one step: of the projection and of the
// recurrent product, [batch, gates*units] each, of the hidden state before by the
// way that passes the products by (GRU), and of the cell state before (LSTM).
func (c windowCell) stepBackward(s windowStep, dh, dc *Node) (dz, dr, direct, dcBefore *Node) {
	one := fresh(dh, 1)
	sigmoid := func(d, y *Node) *Node { return Mul(d, Mul(y, Sub(one, y))) }
	tanh := func(d, y *Node) *Node { return Mul(d, Sub(one, Mul(y, y))) }
	if c.kind == LSTM {
		i, f, o, candidate := s.gates[0], s.gates[1], s.gates[2], s.gates[3]
		through := tanh(Mul(dh, o), s.tanhCell)
		if dc != nil {
			through = Add(through, dc)
		}
		df := ZerosLike(f)
		if s.cellBefore != nil {
			df = sigmoid(Mul(through, s.cellBefore), f)
		}
		dz = Concatenate([]*Node{sigmoid(Mul(through, candidate), i), df, sigmoid(Mul(dh, s.tanhCell), o), tanh(Mul(through, i), candidate)}, -1)
		return dz, dz, nil, Mul(through, f)
	}
	update, reset, candidate := s.gates[0], s.gates[1], s.gates[2]
	du := Neg(candidate)
	if s.before != nil {
		du = Sub(s.before, candidate)
		direct = Mul(dh, update)
	}
	dUpdate := sigmoid(Mul(dh, du), update)
	dCandidate := tanh(Mul(dh, Sub(one, update)), candidate)
	dReset := sigmoid(Mul(dCandidate, s.inner), reset)
	dz = Concatenate([]*Node{dUpdate, dReset, dCandidate}, -1)
	dr = Concatenate([]*Node{dUpdate, dReset, Mul(dCandidate, reset)}, -1)
	return dz, dr, direct, nil
}
