package lstm

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// scanned is the result of the forward pass over a long sequence, with everything that
// back-propagation through time needs.
type scanned struct {
	hidden *Node // [time, batch, units], h after each step
	cell   *Node // [time, batch, units], c after each step
	gates  *Node // [time, batch, 4*units], i, f, o, g after their activation
}

// scan runs the cell over all steps in one While loop on the device:
//
//	z = projection[t] + (keep[t]*h) Wh
//	i, f, o = sigmoid(z[:3H]); g = tanh(z[3H:])
//	c = f*(keep[t]*c) + i*g; h = o*tanh(c)
//
// projection is [time, batch, 4*units], keep is [time, batch, 1] (0 where a new
// flow begins in the row, so that it starts from a zero state), recurrent is
// [units, 4*units]. Unrolling instead grows quadratically in compile time and
// run time beyond some 16 steps (128 steps: 242 ms a step against 13 ms).
func scan(projection, keep, recurrent *Node) scanned {
	g := projection.Graph()
	steps, batch := projection.Shape().Dimensions[0], projection.Shape().Dimensions[1]
	units := recurrent.Shape().Dimensions[0]
	dtype := projection.DType()
	state := func(g *Graph) (t, h, c, hidden, cell, gates *Node) {
		return Parameter(g, "t", shapes.Make(dtypes.Int32)),
			Parameter(g, "h", shapes.Make(dtype, batch, units)),
			Parameter(g, "c", shapes.Make(dtype, batch, units)),
			Parameter(g, "hidden", shapes.Make(dtype, steps, batch, units)),
			Parameter(g, "cell", shapes.Make(dtype, steps, batch, units)),
			Parameter(g, "gates", shapes.Make(dtype, steps, batch, 4*units))
	}
	cond := NewClosure(g, func(g *Graph) []*Node {
		t, _, _, _, _, _ := state(g)
		return []*Node{LessThan(t, Const(g, int32(steps)))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		t, h, c, hidden, cell, gates := state(g)
		carry := at(keep, t)
		h, c, activated := step(at(projection, t), Mul(h, carry), Mul(c, carry), recurrent)
		return []*Node{
			Add(t, Const(g, int32(1))), h, c,
			put(hidden, h, t), put(cell, c, t), put(gates, activated, t),
		}
	})
	zero := func(dims ...int) *Node { return Zeros(g, shapes.Make(dtype, dims...)) }
	out := While(cond, body, Const(g, int32(0)), zero(batch, units), zero(batch, units),
		zero(steps, batch, units), zero(steps, batch, units), zero(steps, batch, 4*units))
	return scanned{hidden: out[3], cell: out[4], gates: out[5]}
}

// step is one step of the cell. z is the input's product [batch, 4*units] with
// its bias; h and c are [batch, units]. The gates come back activated.
func step(z, h, c, recurrent *Node) (newH, newC, gates *Node) {
	units := recurrent.Shape().Dimensions[0]
	z = Add(z, MatMul(h, recurrent))
	gates = Concatenate([]*Node{
		Sigmoid(Slice(z, AxisRange(), AxisRange(0, 3*units))),
		Tanh(Slice(z, AxisRange(), AxisRange(3*units, 4*units))),
	}, 1)
	i, f, o, candidate := quarters(gates, units)
	newC = Add(Mul(f, c), Mul(i, candidate))
	return Mul(o, Tanh(newC)), newC, gates
}

// backpropagate runs the cell's analytic derivative over the steps in reverse.
// gradient is the loss's derivative by the hidden state of each step
// [time, batch, units]; the result is its derivative by the projection
// [time, batch, 4*units], from which every weight gradient is one product.
func (s scanned) backpropagate(gradient, keep, recurrent *Node) *Node {
	g := gradient.Graph()
	steps, batch := gradient.Shape().Dimensions[0], gradient.Shape().Dimensions[1]
	units := recurrent.Shape().Dimensions[0]
	dtype := gradient.DType()
	before := Mul(shift(s.cell), keep) // the c that each step started from
	transposed := Transpose(recurrent, 0, 1)
	state := func(g *Graph) (t, dh, dc, dz *Node) {
		return Parameter(g, "t", shapes.Make(dtypes.Int32)),
			Parameter(g, "dh", shapes.Make(dtype, batch, units)),
			Parameter(g, "dc", shapes.Make(dtype, batch, units)),
			Parameter(g, "dz", shapes.Make(dtype, steps, batch, 4*units))
	}
	cond := NewClosure(g, func(g *Graph) []*Node {
		t, _, _, _ := state(g)
		return []*Node{GreaterOrEqual(t, Const(g, int32(0)))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		t, dh, dc, dz := state(g)
		one := ConstAsDType(g, dtype, 1.0)
		i, f, o, candidate := quarters(at(s.gates, t), units)
		tanhC := Tanh(at(s.cell, t))
		dh = Add(dh, at(gradient, t))
		dc = Add(dc, Mul(Mul(dh, o), Sub(one, Mul(tanhC, tanhC))))
		sigmoid := func(d, y *Node) *Node { return Mul(d, Mul(y, Sub(one, y))) }
		dZ := Concatenate([]*Node{
			sigmoid(Mul(dc, candidate), i),
			sigmoid(Mul(dc, at(before, t)), f),
			sigmoid(Mul(dh, tanhC), o),
			Mul(Mul(dc, i), Sub(one, Mul(candidate, candidate))),
		}, 1)
		carry := at(keep, t)
		return []*Node{
			Sub(t, Const(g, int32(1))),
			Mul(MatMul(dZ, transposed), carry),
			Mul(Mul(dc, f), carry),
			put(dz, dZ, t),
		}
	})
	zero := func(dims ...int) *Node { return Zeros(g, shapes.Make(dtype, dims...)) }
	out := While(cond, body, Const(g, int32(steps-1)), zero(batch, units), zero(batch, units), zero(steps, batch, 4*units))
	return out[3]
}

// weights are the derivatives by the input's kernel, the recurrent kernel and the
// bias, given those by the projection; in is [time, batch, width]. Left to
// Gradient, the first would be a product with the transpose of dz, the largest of
// all tensors: a quarter of the whole step.
func (s scanned) weights(in, keep, dz *Node) [3]*Node {
	over := [][2]int{{0, 0}, {1, 1}} // time and batch
	before := Mul(shift(s.hidden), keep)
	return [3]*Node{EinsumAxes(in, dz, over, nil), EinsumAxes(before, dz, over, nil), ReduceSum(dz, 0, 1)}
}

// unroll runs the cell step by step as one graph that Gradient can pass through:
// for rows of few steps, and for backends without dynamic slices.
func unroll(projection, keep, recurrent *Node) (hidden *Node) {
	g := projection.Graph()
	steps, batch := projection.Shape().Dimensions[0], projection.Shape().Dimensions[1]
	units := recurrent.Shape().Dimensions[0]
	h := Zeros(g, shapes.Make(projection.DType(), batch, units))
	c := h
	all := make([]*Node, steps)
	for t := range steps {
		carry := Reshape(Slice(keep, AxisElem(t)), batch, 1)
		z := Reshape(Slice(projection, AxisElem(t)), batch, 4*units)
		h, c, _ = step(z, Mul(h, carry), Mul(c, carry), recurrent)
		all[t] = InsertAxes(h, 0)
	}
	return Concatenate(all, 0)
}

// at is x[t], of x [time, batch, width].
func at(x, t *Node) *Node {
	zero := Const(x.Graph(), int32(0))
	dims := x.Shape().Dimensions
	return Reshape(DynamicSlice(x, []*Node{t, zero, zero}, []int{1, dims[1], dims[2]}), dims[1], dims[2])
}

// put returns x with x[t] replaced.
func put(x, value, t *Node) *Node {
	zero := Const(x.Graph(), int32(0))
	return DynamicUpdateSlice(x, InsertAxes(value, 0), []*Node{t, zero, zero})
}

// shift is x [time, batch, width] one step later: zeros first, the last step gone.
func shift(x *Node) *Node {
	dims := x.Shape().Dimensions
	first := Zeros(x.Graph(), shapes.Make(x.DType(), 1, dims[1], dims[2]))
	if dims[0] == 1 {
		return first
	}
	return Concatenate([]*Node{first, Slice(x, AxisRange(0, dims[0]-1))}, 0)
}

// quarters splits [batch, 4*units] into i, f, o, g.
func quarters(gates *Node, units int) (i, f, o, g *Node) {
	part := func(k int) *Node { return Slice(gates, AxisRange(), AxisRange(k*units, (k+1)*units)) }
	return part(0), part(1), part(2), part(3)
}
