package fit

import (
	"fmt"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// A stack's state is that of Run with a leading axis of models, except for the
// powers of the betas, which all models share: params, first and second [M,
// weights], key [M], sums [M, 1+terms]. The inputs of its programs are those of
// Run's, with rate [M, 1] and order [M, steps*batch].

// steps is the program of a block: steps begin to end of a span.
func (s *stack) steps(in []*graph.Node) []*graph.Node {
	rest := in[stateSize:]
	rate, begin, end, order, data := rest[0], rest[1], rest[2], rest[3], rest[4:]
	if !s.models[0].padded {
		order = nil
	}
	initial := append(stateOf(in).list(), rate)
	return loop(begin, end, s.cfg.Batch, initial, func(now []*graph.Node, at *graph.Node) []*graph.Node {
		rate := now[stateSize]
		inputs, mask := s.batchAt(at, order, data)
		return append(s.advance(stateOf(now), rate, inputs, mask).list(), rate)
	})[:stateSize]
}

// single is the program of one step.
func (s *stack) single(in []*graph.Node) []*graph.Node {
	rest := in[stateSize:]
	rate, indices, data := rest[0], rest[1], rest[2:]
	return s.advance(stateOf(in), rate, s.inputs(indices, data), s.models[0].maskOf(indices)).list()
}

// validate is the program of a block of validation steps: it adds to sums.
func (s *stack) validate(in []*graph.Node) []*graph.Node {
	begin, end, order, data := in[3], in[4], in[5], in[6:]
	return loop(begin, end, s.cfg.Batch, []*graph.Node{in[1], in[2], in[0]}, func(now []*graph.Node, at *graph.Node) []*graph.Node {
		inputs, mask := s.batchAt(at, order, data)
		return append(s.assess(now[2], now[0], now[1], inputs, mask), now[2])
	})[:2]
}

// validateSingle is the program of one validation step.
func (s *stack) validateSingle(in []*graph.Node) []*graph.Node {
	indices := in[3]
	return s.assess(in[0], in[1], in[2], s.inputs(indices, in[4:]), s.models[0].maskOf(indices))
}

// inputs are the inputs [M, n, ...] of the rows at indices [M, n].
func (s *stack) inputs(indices *graph.Node, data []*graph.Node) []*graph.Node {
	models, n := indices.Shape().Dimensions[0], indices.Shape().Dimensions[1]
	rows := s.models[0].inputs(graph.Reshape(indices, models*n), data)
	for i, r := range rows {
		rows[i] = graph.Reshape(r, append([]int{models, n}, r.Shape().Dimensions[1:]...)...)
	}
	return rows
}

// batchAt cuts the batches of one step out of rows that lie in their order.
func (s *stack) batchAt(at, order *graph.Node, data []*graph.Node) (inputs []*graph.Node, mask *graph.Node) {
	g := at.Graph()
	cut := func(x *graph.Node) *graph.Node {
		sizes := append([]int{len(s.models), s.cfg.Batch}, x.Shape().Dimensions[2:]...)
		start := []*graph.Node{graph.Const(g, int32(0)), at}
		for range sizes[2:] {
			start = append(start, graph.Const(g, int32(0)))
		}
		return graph.DynamicSlice(x, start, sizes)
	}
	for _, d := range data {
		inputs = append(inputs, cut(d))
	}
	t := s.models[0]
	if order == nil {
		return inputs, graph.BroadcastToDims(constant(g, t.dtype, 1), len(s.models), s.cfg.Batch)
	}
	return inputs, t.maskOf(cut(order))
}

// unpack cuts the vectors of all weights [M, weights] into parameters [M, ...].
func (s *stack) unpack(all *graph.Node) []*graph.Node {
	var params []*graph.Node
	at := 0
	for _, shape := range s.models[0].shapes {
		part := graph.Slice(all, graph.AxisRange(), graph.AxisRange(at, at+shape.Size()))
		params = append(params, graph.Reshape(part, append([]int{len(s.models)}, shape.Dimensions...)...))
		at += shape.Size()
	}
	return params
}

// states are the random states [M, 3] of one step of keys [M].
func states(key *graph.Node) *graph.Node {
	models := key.Shape().Dimensions[0]
	zeros := graph.BroadcastToDims(graph.Const(key.Graph(), uint64(0)), models, 2)
	return graph.Concatenate([]*graph.Node{graph.Reshape(key, models, 1), zeros}, 1)
}

// advance is one optimiser step of all models. The gradient of the sum of their
// losses is that of each, since no weight is shared.
func (s *stack) advance(now state, rate *graph.Node, inputs []*graph.Node, mask *graph.Node) state {
	t, g := s.models[0], rate.Graph()
	params := s.unpack(now.params)
	loss, terms := s.problem.Loss(Step{Params: params, Inputs: inputs, Mask: mask, RNG: states(now.key)})
	s.mustBePerModel(loss, terms)
	gradients := graph.Gradient(graph.ReduceAllSum(loss), params...)
	parts := make([]*graph.Node, len(gradients))
	for i, part := range gradients {
		parts[i] = graph.Reshape(part, len(s.models), part.Shape().Size()/len(s.models))
	}
	gradient := graph.Concatenate(parts, 1) // [M, weights]
	if s.cfg.ClipNorm > 0 {
		most := constant(g, t.dtype, s.cfg.ClipNorm)
		norm := graph.Sqrt(graph.ReduceSum(graph.Mul(gradient, gradient), -1))
		gradient = graph.Mul(gradient, graph.InsertAxes(graph.Div(most, graph.Max(norm, most)), -1))
	}
	next := t.adam(now, gradient, rate)
	next.key = graph.Add(now.key, graph.Const(g, keyIncrement))
	next.sums = graph.Add(now.sums, weightedEach(loss, terms, mask))
	return next
}

// assess computes losses and terms on one batch without gradients.
func (s *stack) assess(all, key, sums *graph.Node, inputs []*graph.Node, mask *graph.Node) []*graph.Node {
	evaluate := s.problem.Loss
	if s.problem.Validation != nil {
		evaluate = s.problem.Validation
	}
	loss, terms := evaluate(Step{Params: s.unpack(all), Inputs: inputs, Mask: mask, RNG: states(key)})
	s.mustBePerModel(loss, terms)
	return []*graph.Node{
		graph.Add(key, graph.Const(key.Graph(), keyIncrement)),
		graph.Add(sums, weightedEach(loss, terms, mask)),
	}
}

// weightedEach is weighted of each model: [M, 1+terms].
func weightedEach(loss *graph.Node, terms []*graph.Node, mask *graph.Node) *graph.Node {
	all := graph.Stack(append([]*graph.Node{loss}, terms...), 1)
	rows := graph.InsertAxes(graph.ReduceSum(mask, -1), -1)
	return graph.ConvertDType(graph.Mul(all, rows), sumsType)
}

// mustBePerModel panics, inside graph building, where a loss or a term is not one
// number for each model.
func (s *stack) mustBePerModel(loss *graph.Node, terms []*graph.Node) {
	want := shapes.Make(s.models[0].dtype, len(s.models))
	if len(terms) != len(s.problem.TermNames) {
		panic(fmt.Errorf("fit: %d terms for %d term names", len(terms), len(s.problem.TermNames)))
	}
	for _, n := range append([]*graph.Node{loss}, terms...) {
		if !n.Shape().Equal(want) {
			panic(fmt.Errorf("fit: a loss or term of a stack has shape %s: must be %s", n.Shape(), want))
		}
	}
}
