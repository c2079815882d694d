package fit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// loops reports whether b can run a whole epoch as one program. (XLA has While
// but does not list it among its capabilities; the Go backend lists While but
// has no DynamicSlice.)
func loops(b compute.Backend) bool {
	c := b.Capabilities()
	return c.Functions && c.Operations[compute.OpTypeDynamicSlice]
}

// blockTime is how long a block of steps may take: the answer to an interrupt
// waits for one block.
const blockTime = 250 * time.Millisecond

// Inputs of the programs, in order: the state, then
//
//	steps: rate, begin, end (int32), order [steps*batch] int32, ordered data...
//	single step: rate, indices [batch] int32, data...
//
// and for validation, after params, key and sums,
//
//	begin, end, order, ordered data... or indices, data...

// steps is the program of a block: steps begin to end of the epoch.
func (t *trainer) steps(in []*graph.Node) []*graph.Node {
	rest := in[stateSize:]
	rate, begin, end, order, data := rest[0], rest[1], rest[2], rest[3], rest[4:]
	if !t.padded {
		order = nil
	}
	initial := append(stateOf(in).list(), rate)
	return loop(begin, end, t.cfg.Batch, initial, func(now []*graph.Node, at *graph.Node) []*graph.Node {
		rate := now[stateSize]
		inputs, mask := t.batchAt(at, order, data)
		return append(t.advance(stateOf(now), rate, inputs, mask).list(), rate)
	})[:stateSize]
}

// single is the program of one step.
func (t *trainer) single(in []*graph.Node) []*graph.Node {
	rest := in[stateSize:]
	rate, indices, data := rest[0], rest[1], rest[2:]
	return t.advance(stateOf(in), rate, t.inputs(indices, data), t.maskOf(indices)).list()
}

// validate is the program of a block of validation steps: it adds to sums.
func (t *trainer) validate(in []*graph.Node) []*graph.Node {
	params, key, sums := in[0], in[1], in[2]
	begin, end, order, data := in[3], in[4], in[5], in[6:]
	initial := []*graph.Node{key, sums, params}
	return loop(begin, end, t.cfg.Batch, initial, func(now []*graph.Node, at *graph.Node) []*graph.Node {
		inputs, mask := t.batchAt(at, order, data)
		return append(t.assess(now[2], now[0], now[1], inputs, mask), now[2])
	})[:2]
}

// validateSingle is the program of one validation step.
func (t *trainer) validateSingle(in []*graph.Node) []*graph.Node {
	indices := in[3]
	return t.assess(in[0], in[1], in[2], t.inputs(indices, in[4:]), t.maskOf(indices))
}

// assess computes loss and terms on one batch without gradients.
func (t *trainer) assess(all, key, sums *graph.Node, inputs []*graph.Node, mask *graph.Node) []*graph.Node {
	params := t.unpack(all)
	step := Step{Params: params, Inputs: inputs, Mask: mask, RNG: rngState(key)}
	var loss *graph.Node
	var terms []*graph.Node
	switch {
	case t.problem.Validation != nil:
		loss, terms = t.problem.Validation(step)
	case t.problem.Loss != nil:
		loss, terms = t.problem.Loss(step)
	default:
		loss, terms, _ = t.problem.Gradient(step)
	}
	t.mustBeScalars(loss, terms)
	return []*graph.Node{
		graph.Add(key, graph.Const(key.Graph(), keyIncrement)),
		graph.Add(sums, weighted(loss, terms, mask)),
	}
}

// loop runs body for the steps begin to end as a While loop; body gets the
// state and the first row of its step. Data that body reads is captured, not
// carried: carried loop invariants cost a copy a step. (Only what goes into
// arithmetic is carried: go-xla does not mix captured and inner operands in a
// binary operation.)
func loop(begin, end *graph.Node, rows int, initial []*graph.Node, body func(now []*graph.Node, at *graph.Node) []*graph.Node) []*graph.Node {
	g := begin.Graph()
	parameters := func(g *graph.Graph) []*graph.Node {
		now := []*graph.Node{graph.Parameter(g, "step", shapes.Make(dtypes.Int32))}
		for i, node := range initial {
			now = append(now, graph.Parameter(g, fmt.Sprintf("state%d", i), node.Shape()))
		}
		return now
	}
	again := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		return []*graph.Node{graph.LessThan(parameters(g)[0], end)}
	})
	once := graph.NewClosure(g, func(g *graph.Graph) []*graph.Node {
		now := parameters(g)
		at := graph.Mul(now[0], graph.Const(g, int32(rows)))
		next := []*graph.Node{graph.Add(now[0], graph.Const(g, int32(1)))}
		return append(next, body(now[1:], at)...)
	})
	return graph.While(again, once, append([]*graph.Node{begin}, initial...)...)[1:]
}

// ordered copies the rows of all data into the order of an epoch, on the
// device. XLA would spread a gather of one batch over the processors in every
// step, and wait for them; here it pays.
func (t *trainer) ordered(order *tensors.Tensor) ([]*tensors.Tensor, error) {
	args := []any{order}
	for _, d := range t.data {
		args = append(args, d)
	}
	return t.call(t.orderProgram, args)
}

// block runs steps begin to end on rows that lie in their order and returns
// the new state. The old state stays valid: training falls back to it.
func (t *trainer) block(now []*tensors.Tensor, rate float64, begin, end int, order *tensors.Tensor, rows []*tensors.Tensor) ([]*tensors.Tensor, error) {
	args := make([]any, 0, len(now)+4+len(rows))
	for _, s := range now {
		args = append(args, s)
	}
	args = append(args, scalarTensor(t.dtype, rate), int32(begin), int32(end), order)
	for _, r := range rows {
		args = append(args, r)
	}
	return t.call(t.stepsProgram, args)
}

// call runs a program and turns GoMLX's long stack traces into one line.
func (t *trainer) call(program *graph.Exec, args []any) ([]*tensors.Tensor, error) {
	out, err := program.Call(args...)
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	return out, nil
}

// oneByOne runs steps begin to end with one call each. The first call keeps
// its inputs (the state to fall back to), later calls donate theirs, so the
// state never leaves the device and is not copied.
func (t *trainer) oneByOne(ctx context.Context, now []*tensors.Tensor, rate float64, begin, end int, order []int32) ([]*tensors.Tensor, int, error) {
	rows := t.cfg.Batch
	for i := begin; i < end; i++ {
		if ctx.Err() != nil {
			return now, i, nil
		}
		args := make([]any, 0, len(now)+2+len(t.data))
		for _, s := range now {
			var arg any = s
			if i > begin {
				donated, err := graph.DonateTensorBuffer(s, t.backend, 0)
				if err != nil {
					return nil, i, fmt.Errorf("fit: donate state: %w", err)
				}
				arg = donated
			}
			args = append(args, arg)
		}
		args = append(args, scalarTensor(t.dtype, rate), order[i*rows:(i+1)*rows])
		for _, d := range t.data {
			args = append(args, d)
		}
		next, err := t.call(t.singleProgram, args)
		if err != nil {
			return nil, i, err
		}
		now = next
	}
	return now, end, nil
}

// programs are what a training computes with; those that it does not need are nil.
type programs struct {
	orderProgram, stepsProgram, singleProgram *graph.Exec
	validateProgram, validateStep             *graph.Exec
}

// compile builds the programs this training needs.
func (t *trainer) compile() error {
	var err error
	build := func(f func([]*graph.Node) []*graph.Node, name string) *graph.Exec {
		e, buildErr := graph.NewExec(t.backend, f)
		if buildErr != nil {
			err = errors.Join(err, fmt.Errorf("fit: build %s: %w", name, buildErr))
			return nil
		}
		return e.WithName("fit:" + name)
	}
	if t.whole {
		t.orderProgram = build(func(in []*graph.Node) []*graph.Node { return t.inputs(in[0], in[1:]) }, "order")
		t.stepsProgram = build(t.steps, "epoch")
		t.validateProgram = build(t.validate, "validation")
	} else {
		t.singleProgram = build(t.single, "step")
		t.validateStep = build(t.validateSingle, "validation step")
	}
	return err
}

// release frees the programs.
func (p *programs) release() {
	for _, e := range []*graph.Exec{p.orderProgram, p.stepsProgram, p.singleProgram, p.validateProgram, p.validateStep} {
		if e != nil {
			e.Finalize()
		}
	}
}

// scalarTensor is a scalar of a floating-point type.
func scalarTensor(dtype dtypes.DType, value float64) *tensors.Tensor {
	return tensors.MustFromAnyValue(shapes.CastAsDType(value, dtype))
}
