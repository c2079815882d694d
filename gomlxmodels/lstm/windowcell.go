package lstm

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
)

// windowCell builds one direction of the network, unrolled over its few steps, and
// its derivative by hand. Letting GoMLX differentiate costs twice the time: the
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

// block is the i-th block of units of x [batch, blocks*units].
func (c windowCell) block(x *Node, i int) *Node {
	return Slice(x, AxisRange(), AxisRange(i*c.units, (i+1)*c.units))
}

// row i of a matrix, [1, columns].
func row(x *Node, i int) *Node { return Slice(x, AxisRange(i, i+1)) }

// forward runs the cell over x [time, batch, inputs], backwards in time if reverse,
// and gives all steps in the order they were made.
func (c windowCell) forward(x *Node, w windowWeights, reverse bool) []windowStep {
	time, batch, inputs := x.Shape().Dimensions[0], x.Shape().Dimensions[1], x.Shape().Dimensions[2]
	bias, inner := w.bias, (*Node)(nil)
	if c.kind == GRU {
		bias, inner = row(w.bias, 0), row(w.bias, 1)
	} else {
		bias = Reshape(bias, 1, c.gates()*c.units)
	}
	projection := Add(MatMul(Reshape(x, time*batch, inputs), w.kernel), bias) // [time*batch, gates*units]
	steps := make([]windowStep, time)
	var last windowStep
	for i := range time {
		t := i
		if reverse {
			t = time - 1 - i
		}
		z := Slice(projection, AxisRange(t*batch, (t+1)*batch)) // [batch, gates*units]
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
		open := Sigmoid(Slice(z, AxisRange(), AxisRange(0, 3*c.units)))
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
	open := Sigmoid(Slice(Add(z, inner), AxisRange(), AxisRange(0, 2*c.units)))
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

// backward is the gradients of the weights from that of the last hidden state,
// gradient [batch, units].
func (c windowCell) backward(x *Node, steps []windowStep, w windowWeights, reverse bool, gradient *Node) windowWeights {
	time, batch, inputs := x.Shape().Dimensions[0], x.Shape().Dimensions[1], x.Shape().Dimensions[2]
	outer := make([]*Node, time) // gradients of the projections, in the order of time
	var inner, before []*Node    // those of the recurrent products, and what they multiplied
	var all []*Node              // those of the recurrent products at all steps, for the bias
	transposed := Transpose(w.recurrent, 0, 1)
	dh, dc := gradient, (*Node)(nil)
	for i := time - 1; i >= 0; i-- {
		s := steps[i]
		var dz, dr, direct *Node
		dz, dr, direct, dc = c.stepBackward(s, dh, dc)
		t := i
		if reverse {
			t = time - 1 - i
		}
		outer[t], all = dz, append(all, dr)
		if s.before == nil {
			break
		}
		inner, before = append(inner, dr), append(before, s.before)
		dh = MatMul(dr, transposed)
		if direct != nil {
			dh = Add(dh, direct)
		}
	}
	dz := Concatenate(outer, 0) // [time*batch, gates*units]
	g := windowWeights{
		kernel: DotGeneral(Reshape(x, time*batch, inputs), []int{0}, nil, dz, []int{0}, nil),
		bias:   ReduceSum(dz, 0),
	}
	if len(inner) > 0 {
		g.recurrent = DotGeneral(Concatenate(before, 0), []int{0}, nil, Concatenate(inner, 0), []int{0}, nil)
	} else {
		g.recurrent = ZerosLike(w.recurrent)
	}
	if c.kind == GRU {
		g.bias = Stack([]*Node{g.bias, ReduceSum(Concatenate(all, 0), 0)}, 0)
	}
	return g
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
		dz = Concatenate([]*Node{sigmoid(Mul(through, candidate), i), df, sigmoid(Mul(dh, s.tanhCell), o), tanh(Mul(through, i), candidate)}, 1)
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
	dz = Concatenate([]*Node{dUpdate, dReset, dCandidate}, 1)
	dr = Concatenate([]*Node{dUpdate, dReset, Mul(dCandidate, reset)}, 1)
	return dz, dr, direct, nil
}
