package lstm

import (
	"slices"

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
// [units, 4*units]. Several networks run side by side where projection is [time,
// networks, batch, 4*units] and recurrent [networks, units, 4*units]: then all that is
// [time, batch, ...] here has their axis, too. Unrolling instead grows quadratically in
// compile time and run time beyond some 16 steps (128 steps: 242 ms a step against
// 13 ms).
func scan(projection, keep, recurrent *Node) scanned {
	g := projection.Graph()
	steps, one, all, gatesOfAll := scanShapes(projection)
	state := func(g *Graph) (t, h, c, hidden, cell, gates *Node) {
		return Parameter(g, "t", shapes.Make(dtypes.Int32)),
			Parameter(g, "h", one), Parameter(g, "c", one),
			Parameter(g, "hidden", all), Parameter(g, "cell", all), Parameter(g, "gates", gatesOfAll)
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
	out := While(cond, body, Const(g, int32(0)), Zeros(g, one), Zeros(g, one), Zeros(g, all), Zeros(g, all), Zeros(g, gatesOfAll))
	return scanned{hidden: out[3], cell: out[4], gates: out[5]}
}

// scanShapes returns the number of steps of a projection and the shapes of the state
// in one step, of that in all of them, and of the gates in all of them.
func scanShapes(projection *Node) (steps int, one, all, gates shapes.Shape) {
	gates = projection.Shape().Clone()
	all = gates.Clone()
	all.Dimensions[all.Rank()-1] /= 4
	return gates.Dimensions[0], shapes.Make(all.DType, all.Dimensions[1:]...), all, gates
}

// times is the product of x [batch, n] with weights [n, m], or network by network of x
// [networks, batch, n] with weights [networks, n, m].
func times(x, weights *Node) *Node {
	if weights.Rank() == 2 {
		return MatMul(x, weights)
	}
	return DotGeneral(x, []int{2}, []int{0}, weights, []int{1}, []int{0})
}

// step is one step of the cell. z is the input's product [batch, 4*units] with
// its bias; h and c are [batch, units]. The gates come back activated.
func step(z, h, c, recurrent *Node) (newH, newC, gates *Node) {
	units := z.Shape().Dimensions[z.Rank()-1] / 4
	z = Add(z, times(h, recurrent))
	gates = Concatenate([]*Node{
		Sigmoid(SliceAxis(z, -1, AxisRange(0, 3*units))),
		Tanh(SliceAxis(z, -1, AxisRange(3*units, 4*units))),
	}, -1)
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
	steps, one, _, gatesOfAll := scanShapes(s.gates)
	units := one.Dimensions[one.Rank()-1]
	before := Mul(shift(s.cell), keep) // the c that each step started from
	transposed := Transpose(recurrent, -2, -1)
	state := func(g *Graph) (t, dh, dc, dz *Node) {
		return Parameter(g, "t", shapes.Make(dtypes.Int32)),
			Parameter(g, "dh", one), Parameter(g, "dc", one), Parameter(g, "dz", gatesOfAll)
	}
	cond := NewClosure(g, func(g *Graph) []*Node {
		t, _, _, _ := state(g)
		return []*Node{GreaterOrEqual(t, Const(g, int32(0)))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		t, dh, dc, dz := state(g)
		one := ConstAsDType(g, gradient.DType(), 1.0)
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
		}, -1)
		carry := at(keep, t)
		return []*Node{
			Sub(t, Const(g, int32(1))),
			Mul(times(dZ, transposed), carry),
			Mul(Mul(dc, f), carry),
			put(dz, dZ, t),
		}
	})
	out := While(cond, body, Const(g, int32(steps-1)), Zeros(g, one), Zeros(g, one), Zeros(g, gatesOfAll))
	return out[3]
}

// weights are the derivatives by the input's kernel, the recurrent kernel and the
// bias, given those by the projection; in is [time, batch, width]. Left to
// Gradient, the first would be a product with the transpose of dz, the largest of
// all tensors: a quarter of the whole step.
func (s scanned) weights(in, keep, dz *Node) [3]*Node {
	before := Mul(shift(s.hidden), keep)
	rows := dz.Rank() - 2 // the axis of the batch
	over := [][2]int{{0, 0}, {rows, rows}}
	var networks [][2]int
	if rows > 1 {
		networks = [][2]int{{1, 1}}
	}
	return [3]*Node{EinsumAxes(in, dz, over, networks), EinsumAxes(before, dz, over, networks), ReduceSum(dz, 0, rows)}
}

// unroll runs the cell step by step as one graph that Gradient can pass through:
// for rows of few steps, and for backends without dynamic slices.
func unroll(projection, keep, recurrent *Node) (hidden *Node) {
	steps, one, _, _ := scanShapes(projection)
	h := Zeros(projection.Graph(), one)
	c := h
	all := make([]*Node, steps)
	for t := range steps {
		carry := Squeeze(Slice(keep, AxisElem(t)), 0)
		h, c, _ = step(Squeeze(Slice(projection, AxisElem(t)), 0), Mul(h, carry), Mul(c, carry), recurrent)
		all[t] = InsertAxes(h, 0)
	}
	return Concatenate(all, 0)
}

// at is x[t], of x [time, batch, width].
func at(x, t *Node) *Node {
	dims := x.Shape().Dimensions
	sizes := slices.Concat([]int{1}, dims[1:])
	return Reshape(DynamicSlice(x, startOf(x, t), sizes), dims[1:]...)
}

// put returns x with x[t] replaced.
func put(x, value, t *Node) *Node { return DynamicUpdateSlice(x, InsertAxes(value, 0), startOf(x, t)) }

// startOf is where x[t] begins, a number for each axis.
func startOf(x, t *Node) []*Node {
	starts := []*Node{t}
	for range x.Rank() - 1 {
		starts = append(starts, Const(x.Graph(), int32(0)))
	}
	return starts
}

// shift is x [time, batch, width] one step later: zeros first, the last step gone.
func shift(x *Node) *Node {
	dims := x.Shape().Dimensions
	first := Zeros(x.Graph(), shapes.Make(x.DType(), slices.Concat([]int{1}, dims[1:])...))
	if dims[0] == 1 {
		return first
	}
	return Concatenate([]*Node{first, Slice(x, AxisRange(0, dims[0]-1))}, 0)
}

// quarters splits [batch, 4*units] into i, f, o, g.
func quarters(gates *Node, units int) (i, f, o, g *Node) {
	part := func(k int) *Node { return SliceAxis(gates, -1, AxisRange(k*units, (k+1)*units)) }
	return part(0), part(1), part(2), part(3)
}
