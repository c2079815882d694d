package fit

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// state is the loop state of a training, as graph nodes. Parameters and both
// moments are lists in the order of Params; the scalars are key (uint64, the
// random state of the next step), power1 and power2 (beta^t of Adam's bias
// correction) and sums ([1+terms] float64: loss and terms weighted by rows).
//
// The powers are carried, not computed by Pow: XLA would fuse Pow into the
// update of every single weight.
type state struct {
	params, first, second     []*graph.Node
	key, power1, power2, sums *graph.Node
}

// scalars is the number of state nodes beside parameters and moments.
const scalars = 4

func (s state) flat() []*graph.Node {
	nodes := make([]*graph.Node, 0, 3*len(s.params)+scalars)
	nodes = append(nodes, s.params...)
	nodes = append(nodes, s.first...)
	nodes = append(nodes, s.second...)
	return append(nodes, s.key, s.power1, s.power2, s.sums)
}

func unflatten(nodes []*graph.Node, params int) state {
	return state{
		params: nodes[:params],
		first:  nodes[params : 2*params],
		second: nodes[2*params : 3*params],
		key:    nodes[3*params], power1: nodes[3*params+1], power2: nodes[3*params+2], sums: nodes[3*params+3],
	}
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

// batch takes the rows that indices [batch] name; -1 is padding.
func batch(indices *graph.Node, data []*graph.Node, padded bool, dtype dtypes.DType) (inputs []*graph.Node, mask *graph.Node) {
	g := indices.Graph()
	zero := graph.Const(g, int32(0))
	if padded {
		mask = graph.ConvertDType(graph.GreaterOrEqual(indices, zero), dtype)
		indices = graph.Max(indices, zero)
	} else {
		mask = graph.BroadcastToDims(constant(g, dtype, 1), indices.Shape().Dimensions[0])
	}
	at := graph.InsertAxes(indices, -1)
	for _, d := range data {
		inputs = append(inputs, graph.Gather(d, at))
	}
	return inputs, mask
}

// advance is one optimiser step: loss, gradients, clipping, Adam.
func (t *trainer) advance(s state, rate, indices *graph.Node, data []*graph.Node) state {
	g := indices.Graph()
	inputs, mask := batch(indices, data, t.padded, t.dtype)
	step := Step{Params: s.params, Inputs: inputs, Mask: mask, RNG: rngState(s.key)}
	var loss *graph.Node
	var terms, gradients []*graph.Node
	if t.problem.Gradient != nil {
		loss, terms, gradients = t.problem.Gradient(step)
	} else {
		loss, terms = t.problem.Loss(step)
		gradients = graph.Gradient(loss, s.params...)
	}
	t.mustMatch(loss, terms, gradients, s.params)
	if t.cfg.ClipNorm > 0 {
		gradients = clip(gradients, t.cfg.ClipNorm)
	}
	next := t.adam(s, gradients, rate)
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

// clip scales all gradients so that their common Euclidean norm is at most
// limit (Pascanu et al. 2013, algorithm 1; Keras' global_clipnorm).
func clip(gradients []*graph.Node, limit float64) []*graph.Node {
	g := gradients[0].Graph()
	dtype := gradients[0].DType()
	square := graph.ReduceAllSum(graph.Mul(gradients[0], gradients[0]))
	for _, grad := range gradients[1:] {
		square = graph.Add(square, graph.ReduceAllSum(graph.Mul(grad, grad)))
	}
	most := constant(g, dtype, limit)
	scale := graph.Div(most, graph.Max(graph.Sqrt(square), most))
	clipped := make([]*graph.Node, len(gradients))
	for i, grad := range gradients {
		clipped[i] = graph.Mul(grad, scale)
	}
	return clipped
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
func (t *trainer) adam(s state, gradients []*graph.Node, rate *graph.Node) state {
	g := rate.Graph()
	one := constant(g, t.dtype, 1)
	decay1, decay2 := constant(g, t.dtype, 1-t.cfg.Beta1), constant(g, t.dtype, 1-t.cfg.Beta2)
	epsilon := constant(g, t.dtype, t.cfg.Epsilon)
	next := s
	next.power1 = graph.Mul(s.power1, constant(g, t.dtype, float64(float32(t.cfg.Beta1))))
	next.power2 = graph.Mul(s.power2, constant(g, t.dtype, float64(float32(t.cfg.Beta2))))
	alpha := graph.Div(graph.Mul(rate, graph.Sqrt(graph.Sub(one, next.power2))), graph.Sub(one, next.power1))
	next.params, next.first, next.second = nil, nil, nil
	for i, grad := range gradients {
		m := graph.Add(s.first[i], graph.Mul(graph.Sub(grad, s.first[i]), decay1))
		v := graph.Add(s.second[i], graph.Mul(graph.Sub(graph.Mul(grad, grad), s.second[i]), decay2))
		update := graph.Div(graph.Mul(alpha, m), graph.Add(graph.Sqrt(v), epsilon))
		next.params = append(next.params, graph.Sub(s.params[i], update))
		next.first, next.second = append(next.first, m), append(next.second, v)
	}
	return next
}

// mustMatch panics on what a problem's author got wrong, inside graph building.
func (t *trainer) mustMatch(loss *graph.Node, terms, gradients, params []*graph.Node) {
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
	if len(gradients) != len(params) {
		panic(fmt.Errorf("fit: %d gradients for %d parameters", len(gradients), len(params)))
	}
	for i, grad := range gradients {
		if !grad.Shape().Equal(params[i].Shape()) {
			panic(fmt.Errorf("fit: gradient of parameter %q has shape %s: must be %s", t.names[i], grad.Shape(), params[i].Shape()))
		}
	}
}
