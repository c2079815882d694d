package fit

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// state is the loop state of a training, as graph nodes. All parameters lie in
// one vector, as do the moments, so that Adam is three kernels and not three
// for each parameter: on tiny models that is a third of a step. The scalars
// are key (uint64, the random state of the next step), power1 and power2
// (beta^t of Adam's bias correction) and sums ([1+terms] float64: loss and
// terms weighted by rows).
//
// The powers are carried, not computed by Pow: XLA would fuse Pow into the
// update of every single weight.
type state struct {
	params, first, second     *graph.Node // [weights]
	key, power1, power2, sums *graph.Node
}

// The places of the state in the lists that go in and out of programs.
const (
	paramsAt = iota
	firstAt
	secondAt
	keyAt
	power1At
	power2At
	sumsAt
	stateSize
)

func (s state) list() []*graph.Node {
	return []*graph.Node{s.params, s.first, s.second, s.key, s.power1, s.power2, s.sums}
}

func stateOf(n []*graph.Node) state {
	return state{n[paramsAt], n[firstAt], n[secondAt], n[keyAt], n[power1At], n[power2At], n[sumsAt]}
}

// unpack cuts the vector of all weights into the parameters.
func (t *trainer) unpack(all *graph.Node) []*graph.Node {
	params := make([]*graph.Node, len(t.shapes))
	at := 0
	for i, shape := range t.shapes {
		part := graph.Slice(all, graph.AxisRange(at, at+shape.Size()))
		params[i] = graph.Reshape(part, shape.Dimensions...)
		at += shape.Size()
	}
	return params
}

// pack is the reverse of unpack.
func pack(parts []*graph.Node) *graph.Node {
	flat := make([]*graph.Node, len(parts))
	for i, part := range parts {
		flat[i] = graph.Reshape(part, part.Shape().Size())
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return graph.Concatenate(flat, 0)
}

// constant makes a fresh constant. graph.Scalar caches one node per graph,
// and a node cached inside one closure cannot be used by its sibling.
func constant(g *graph.Graph, dtype dtypes.DType, value float64) *graph.Node {
	return graph.Const(g, shapes.CastAsDType(value, dtype))
}

// keyIncrement moves the random key from one step to the next: 2^64 divided
// by the golden ratio, odd, so that keys repeat only after 2^64 steps.
const keyIncrement = uint64(0x9E3779B97F4A7C15)

// rngState is the random state of one step: its own Philox key, counter zero.
func rngState(key *graph.Node) *graph.Node {
	return graph.Concatenate([]*graph.Node{graph.Reshape(key, 1), graph.Const(key.Graph(), []uint64{0, 0})}, 0)
}

// rowsOf gathers the rows at indices [n] from each of data. Index -1 marks padding; the
// first row stands there, and its loss is masked.
func rowsOf(indices *graph.Node, data []*graph.Node) []*graph.Node {
	at := graph.InsertAxes(graph.Max(indices, graph.Const(indices.Graph(), int32(0))), -1)
	rows := make([]*graph.Node, len(data))
	for i, d := range data {
		rows[i] = graph.Gather(d, at)
	}
	return rows
}

// maskOf is 1 where indices [batch] name a row and 0 where they are padding.
func (t *trainer) maskOf(indices *graph.Node) *graph.Node {
	return graph.ConvertDType(graph.GreaterOrEqual(indices, graph.Const(indices.Graph(), int32(0))), t.dtype)
}

// batchAt cuts a batch out of rows that lie in their order: those of the step
// that begins at row at. Where no batch has padding, order may be nil.
func (t *trainer) batchAt(at, order *graph.Node, data []*graph.Node) (inputs []*graph.Node, mask *graph.Node) {
	g := at.Graph()
	cut := func(x *graph.Node) *graph.Node {
		start, sizes := []*graph.Node{at}, slices.Clone(x.Shape().Dimensions)
		sizes[0] = t.cfg.Batch
		for range sizes[1:] {
			start = append(start, graph.Const(g, int32(0)))
		}
		return graph.DynamicSlice(x, start, sizes)
	}
	for _, d := range data {
		inputs = append(inputs, cut(d))
	}
	if order == nil {
		return inputs, graph.BroadcastToDims(constant(g, t.dtype, 1), t.cfg.Batch)
	}
	return inputs, t.maskOf(cut(order))
}

// advance is one optimiser step: loss, gradients, clipping, Adam.
func (t *trainer) advance(s state, rate *graph.Node, inputs []*graph.Node, mask *graph.Node) state {
	g := rate.Graph()
	params := t.unpack(s.params)
	step := Step{Params: params, Inputs: inputs, Mask: mask, RNG: rngState(s.key)}
	var loss *graph.Node
	var terms, gradients []*graph.Node
	if t.problem.Gradient != nil {
		loss, terms, gradients = t.problem.Gradient(step)
	} else {
		loss, terms = t.problem.Loss(step)
		t.mustBeScalars(loss, terms)
		gradients = graph.Gradient(loss, params...)
	}
	t.mustBeScalars(loss, terms)
	t.mustMatch(gradients, params)
	gradient := pack(gradients)
	if t.cfg.ClipNorm > 0 {
		gradient = clip(gradient, t.cfg.ClipNorm)
	}
	next := t.adam(s, gradient, rate)
	next.key = graph.Add(s.key, graph.Const(g, keyIncrement))
	next.sums = graph.Add(s.sums, weighted(loss, terms, mask))
	return next
}

// weighted is [loss, terms...] times the number of real rows, in float64.
func weighted(loss *graph.Node, terms []*graph.Node, mask *graph.Node) *graph.Node {
	values := []*graph.Node{graph.Reshape(loss, 1)}
	for _, term := range terms {
		values = append(values, graph.Reshape(term, 1))
	}
	all := values[0]
	if len(values) > 1 {
		all = graph.Concatenate(values, 0)
	}
	return graph.ConvertDType(graph.Mul(all, graph.ReduceAllSum(mask)), dtypes.Float64)
}

// clip scales the gradient of all weights so that its Euclidean norm is at
// most limit (Pascanu et al. 2013, algorithm 1; Keras' global_clipnorm).
func clip(gradient *graph.Node, limit float64) *graph.Node {
	most := constant(gradient.Graph(), gradient.DType(), limit)
	norm := graph.Sqrt(graph.ReduceAllSum(graph.Mul(gradient, gradient)))
	return graph.Mul(gradient, graph.Div(most, graph.Max(norm, most)))
}

// adam is Kingma & Ba 2015, section 2, in the form that Keras uses, where
// epsilon is added outside of the bias correction ("epsilon hat"):
//
//	m = m + (1-b1)(g-m)        v = v + (1-b2)(g^2-v)
//	w = w - rate sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) + epsilon)
//
// In the powers, Keras rounds both betas to float32 even when it computes in
// float64, which moves a weight by 3e-8 in five steps; so does this, so that
// its runs can be followed to 1e-8.
func (t *trainer) adam(s state, gradient, rate *graph.Node) state {
	g := rate.Graph()
	one := constant(g, t.dtype, 1)
	decay1, decay2 := constant(g, t.dtype, 1-beta1), constant(g, t.dtype, 1-beta2)
	small := constant(g, t.dtype, epsilon)
	next := s
	next.power1 = graph.Mul(s.power1, constant(g, t.dtype, float64(float32(beta1))))
	next.power2 = graph.Mul(s.power2, constant(g, t.dtype, float64(float32(beta2))))
	alpha := graph.Div(graph.Mul(rate, graph.Sqrt(graph.Sub(one, next.power2))), graph.Sub(one, next.power1))
	next.first = graph.Add(s.first, graph.Mul(graph.Sub(gradient, s.first), decay1))
	next.second = graph.Add(s.second, graph.Mul(graph.Sub(graph.Mul(gradient, gradient), s.second), decay2))
	update := graph.Div(graph.Mul(alpha, next.first), graph.Add(graph.Sqrt(next.second), small))
	next.params = graph.Sub(s.params, update)
	return next
}

// mustBeScalars panics, inside graph building, where a problem's loss or
// terms are not what Problem asks for.
func (t *trainer) mustBeScalars(loss *graph.Node, terms []*graph.Node) {
	if !loss.Shape().IsScalar() || loss.DType() != t.dtype {
		panic(fmt.Errorf("fit: loss has shape %s: must be a scalar of %s", loss.Shape(), t.dtype))
	}
	if len(terms) != len(t.problem.TermNames) {
		panic(fmt.Errorf("fit: %d terms for %d term names", len(terms), len(t.problem.TermNames)))
	}
	for i, term := range terms {
		if !term.Shape().IsScalar() || term.DType() != t.dtype {
			panic(fmt.Errorf("fit: term %q has shape %s: must be a scalar of %s", t.problem.TermNames[i], term.Shape(), t.dtype))
		}
	}
}

// mustMatch panics, inside graph building, where gradients do not fit params.
func (t *trainer) mustMatch(gradients, params []*graph.Node) {
	if len(gradients) != len(params) {
		panic(fmt.Errorf("fit: %d gradients for %d parameters", len(gradients), len(params)))
	}
	for i, grad := range gradients {
		if !grad.Shape().Equal(params[i].Shape()) {
			panic(fmt.Errorf("fit: gradient of parameter %q has shape %s: must be %s", t.names[i], grad.Shape(), params[i].Shape()))
		}
	}
}
