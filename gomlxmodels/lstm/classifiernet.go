package lstm

import (
	"math"
	"math/rand/v2"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// classifierNetwork builds the graphs of several networks of one shape that are
// trained side by side, each on rows of its own. The first axis of every parameter is
// the network; Adam goes value by value, so none sees another.
type classifierNetwork struct {
	networks, steps, columns, units int
	unrolled                        bool // the steps are not a loop on the device
}

// The parameters, in their order.
var classifierParams = []string{"cell/input", "cell/recurrent", "cell/bias", "output/kernel", "output/bias"}

// initialize draws Glorot-uniform kernels, network by network; biases are 0, the forget
// gate's is 1.
func (n classifierNetwork) initialize(src rand.Source) fit.Params {
	random := rand.New(src)
	kernels := func(from, to int) []float32 {
		flat := make([]float32, n.networks*from*to)
		limit := math.Sqrt(6 / float64(from+to))
		for i := range flat {
			flat[i] = float32((2*random.Float64() - 1) * limit)
		}
		return flat
	}
	bias := make([]float32, n.networks*4*n.units)
	for i := range bias {
		if gate := i / n.units % 4; gate == 1 {
			bias[i] = 1
		}
	}
	return fit.Params{Names: classifierParams, Values: []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(kernels(n.columns, 4*n.units), n.networks, n.columns, 4*n.units),
		tensors.FromFlatDataAndDimensions(kernels(n.units, 4*n.units), n.networks, n.units, 4*n.units),
		tensors.FromFlatDataAndDimensions(bias, n.networks, 4*n.units),
		tensors.FromFlatDataAndDimensions(kernels(n.units, 1), n.networks, n.units),
		tensors.FromFlatDataAndDimensions(make([]float32, n.networks), n.networks),
	}}
}

// problem is what fit minimises: see loss.
func (n classifierNetwork) problem() fit.Problem {
	p := fit.Problem{Name: "sequence classifier"}
	if n.unrolled {
		p.Loss = func(s fit.Step) (*Node, []*Node) {
			x, keep := n.inputs(s.Inputs)
			return n.loss(n.logits(s.Params, unroll(n.projection(s.Params, x), keep, s.Params[1])), s), nil
		}
		return p
	}
	p.Gradient = func(s fit.Step) (*Node, []*Node, []*Node) {
		x, keep := n.inputs(s.Inputs)
		states := scan(n.projection(s.Params, x), keep, s.Params[1])
		loss := n.loss(n.logits(s.Params, states.hidden), s)
		above := Gradient(loss, states.hidden, s.Params[3], s.Params[4])
		cell := states.weights(x, keep, states.backpropagate(above[0], keep, s.Params[1]))
		return loss, nil, []*Node{cell[0], cell[1], cell[2], above[1], above[2]}
	}
	return p
}

// inputs puts the columns of rows [batch, networks, steps, columns], and whether a step
// goes on with the state of the one before [batch, networks, steps], in the order of
// time: x [steps, networks, batch, columns] and keep [steps, networks, batch, 1].
func (n classifierNetwork) inputs(in []*Node) (x, keep *Node) {
	batch := in[0].Shape().Dimensions[0]
	x, keep = TransposeAllAxes(in[0], 2, 1, 0, 3), InsertAxes(TransposeAllAxes(in[1], 2, 1, 0), -1)
	x.AssertDims(n.steps, n.networks, batch, n.columns)
	keep.AssertDims(n.steps, n.networks, batch, 1)
	return x, keep
}

// projection is the input's part of the gates [steps, networks, batch, 4*units].
func (n classifierNetwork) projection(params []*Node, x *Node) *Node {
	product := DotGeneral(x, []int{3}, []int{1}, params[0], []int{1}, []int{0}) // [networks, steps, batch, 4*units]
	return Add(TransposeAllAxes(product, 1, 0, 2, 3), Reshape(params[2], 1, n.networks, 1, 4*n.units))
}

// logits is what the networks say at each step [steps, networks, batch]: a linear
// function of the hidden state [steps, networks, batch, units].
func (n classifierNetwork) logits(params []*Node, hidden *Node) *Node {
	said := ReduceSum(Mul(hidden, Reshape(params[3], 1, n.networks, 1, n.units)), -1)
	return Add(said, Reshape(params[4], 1, n.networks, 1))
}

// loss is the sum over the networks of the mean cross-entropy of their sequences, in
// nats, that of a sequence being the mean over its steps of log(1 + exp(-logit)) if it is
// true, of log(1 + exp(logit)) if it is false. The targets [batch, networks, steps] are
// 1/steps of the sequence, negative if it is false, 0 where there is none.
func (n classifierNetwork) loss(logits *Node, s fit.Step) *Node {
	target := Mul(TransposeAllAxes(s.Inputs[2], 2, 1, 0), InsertAxes(s.Mask, 0, 0)) // [steps, networks, batch]
	weight, margin := Abs(target), Mul(logits, Sign(target))
	zero, one := fresh(margin, 0), fresh(margin, 1)
	entropy := Add(Max(Neg(margin), zero), Log(Add(one, Exp(Neg(Abs(margin))))))
	sequences := Max(ReduceSum(weight, 0, 2), one) // [networks]
	return ReduceAllSum(Div(ReduceSum(Mul(entropy, weight), 0, 2), sequences))
}

// scores is the program that scores rows: the inputs without targets, then the
// parameters -> logits [steps, networks, batch].
func (n classifierNetwork) scores(in []*Node) []*Node {
	x, keep := n.inputs(in[:2])
	params := in[2:]
	projection := n.projection(params, x)
	if n.unrolled {
		return []*Node{n.logits(params, unroll(projection, keep, params[1]))}
	}
	return []*Node{n.logits(params, scan(projection, keep, params[1]).hidden)}
}
