package lstm

import (
	"fmt"
	"math"
	"math/rand/v2"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// network builds the graphs of a sampled network: one for training, one that
// draws a packet. Its parameters are float32, addressed by name.
type network struct {
	cfg   SampledConfig
	names []string
	dims  [][]int
	index map[string]int
}

func newNetwork(cfg SampledConfig) *network {
	n := &network{cfg: cfg, index: make(map[string]int)}
	input, units, hidden := cfg.Continuous+cfg.Latent, cfg.Units, cfg.HeadUnits
	for _, head := range cfg.Heads {
		n.add(head.Name+"/embedding", head.Classes, n.width(head))
		input += n.width(head)
	}
	n.add("cell/input", input, 4*units)
	n.add("cell/bias", 4*units)
	n.add("cell/recurrent", units, 4*units)
	seen := units + cfg.Latent
	for _, head := range cfg.Heads {
		n.add(head.Name+"/hidden", seen, hidden)
		n.add(head.Name+"/hidden_bias", hidden)
		n.add(head.Name+"/logits", hidden, head.Classes)
		n.add(head.Name+"/logits_bias", head.Classes)
		seen += n.width(head)
	}
	return n
}

func (n *network) add(name string, dims ...int) {
	n.index[name] = len(n.names)
	n.names = append(n.names, name)
	n.dims = append(n.dims, dims)
}

// width is the number of columns of a head's embedding.
func (n *network) width(head Head) int { return min(n.cfg.Embedding, head.Classes) }

// initialize draws Glorot-uniform kernels; biases are 0, the forget gate's is 1
// (Gers, Schmidhuber and Cummins 2000), embeddings are normal.
func (n *network) initialize(src rand.Source) fit.Params {
	random := rand.New(src)
	params := fit.Params{Names: n.names}
	for i, dims := range n.dims {
		size := 1
		for _, d := range dims {
			size *= d
		}
		flat := make([]float32, size)
		switch {
		case n.names[i] == "cell/bias":
			for u := n.cfg.Units; u < 2*n.cfg.Units; u++ {
				flat[u] = 1
			}
		case len(dims) == 2:
			limit := math.Sqrt(6 / float64(dims[0]+dims[1]))
			for j := range flat {
				flat[j] = float32((2*random.Float64() - 1) * limit)
			}
		}
		params.Values = append(params.Values, tensors.FromFlatDataAndDimensions(flat, dims...))
	}
	return params
}

// problem gives fit the loss, or loss and gradients where the rows are scanned.
func (n *network) problem() fit.Problem {
	p := fit.Problem{}
	for _, head := range n.cfg.Heads {
		p.TermNames = append(p.TermNames, head.Name)
	}
	if n.cfg.Steps <= n.cfg.MaxUnroll {
		p.Loss = func(s fit.Step) (*Node, []*Node) {
			x := n.inputs(s)
			return n.loss(s.Params, x, unroll(n.projection(s.Params, x), x.keep, n.param(s.Params, "cell/recurrent")))
		}
		return p
	}
	p.Gradient = n.scannedGradient
	p.Validation = func(s fit.Step) (*Node, []*Node) {
		x := n.inputs(s)
		return n.loss(s.Params, x, scan(n.projection(s.Params, x), x.keep, n.param(s.Params, "cell/recurrent")).hidden)
	}
	return p
}

func (n *network) param(params []*Node, name string) *Node { return params[n.index[name]] }

// batch is one batch of rows, time first.
type batch struct {
	codes      *Node // [time, batch, heads]
	continuous *Node // [time, batch, continuous]
	latent     *Node // [time, batch, latent], with the training noise
	prior      *Node // [time, batch, classes of head 0], or [time, batch, 1]
	keep       *Node // [time, batch, 1]
	weight     *Node // [time, batch, 1]
	dropout    *Node // [1, batch, units] factors on the hidden state, or nil
}

func (n *network) inputs(s fit.Step) batch {
	timeFirst := func(x *Node) *Node { return TransposeAllDims(x, 1, 0, 2) }
	in := s.Inputs
	x := batch{
		codes: timeFirst(in[0]), continuous: timeFirst(in[1]), latent: timeFirst(in[2]), prior: timeFirst(in[3]),
		keep:   InsertAxes(Transpose(in[4], 0, 1), -1),
		weight: InsertAxes(Transpose(Mul(in[5], InsertAxes(s.Mask, -1)), 0, 1), -1),
	}
	g, rows := x.latent.Graph(), x.latent.Shape().Dimensions[1]
	forLatent, rest := RNGStateSplit(s.RNG)
	forContinuous, forDropout := RNGStateSplit(rest)
	if n.cfg.Latent > 0 && n.cfg.Noise > 0 {
		noise := fit.Normal(forLatent, shapes.Make(dtypes.Float32, 1, rows, n.cfg.Latent))
		x.latent = Add(x.latent, Mul(noise, Const(g, float32(n.cfg.Noise))))
	}
	if n.cfg.Continuous > 0 && n.cfg.Jitter > 0 {
		noise := fit.Normal(forContinuous, x.continuous.Shape())
		x.continuous = Add(x.continuous, Mul(noise, Const(g, float32(n.cfg.Jitter))))
	}
	if n.cfg.Dropout > 0 {
		_, uniform := RandomUniform(forDropout, shapes.Make(dtypes.Float32, 1, rows, n.cfg.Units))
		kept := GreaterOrEqual(uniform, Const(g, float32(n.cfg.Dropout)))
		x.dropout = Mul(ConvertDType(kept, dtypes.Float32), Const(g, float32(1/(1-n.cfg.Dropout))))
	}
	return x
}

// embed returns the embeddings [time, batch, width] of each head's classes. They are
// products with one-hot rows, because the gradient of a gather is a serial scatter on
// the CPU.
func (n *network) embed(params []*Node, codes *Node) []*Node {
	embedded := make([]*Node, len(n.cfg.Heads))
	last := codes.Rank() - 1
	for k, head := range n.cfg.Heads {
		code := Squeeze(SliceAxis(codes, last, AxisElem(k)), last)
		embedded[k] = MatMul(OneHot(code, head.Classes, dtypes.Float32), n.param(params, head.Name+"/embedding"))
	}
	return embedded
}

// projection is the input's part of the gates for all steps in one product,
// [time, batch, 4*units].
func (n *network) projection(params []*Node, x batch) *Node {
	return n.project(params, n.seen(params, x))
}

// seen is the input of the cell in each step, [time, batch, width]: the packet before,
// the numbers known in advance, and the latent.
func (n *network) seen(params []*Node, x batch) *Node {
	var parts []*Node
	for _, e := range n.embed(params, x.codes) {
		parts = append(parts, Mul(shift(e), x.keep))
	}
	if n.cfg.Continuous > 0 {
		parts = append(parts, x.continuous)
	}
	if n.cfg.Latent > 0 {
		parts = append(parts, x.latent)
	}
	return Concatenate(parts, -1)
}

func (n *network) project(params []*Node, in *Node) *Node {
	bias := n.param(params, "cell/bias")
	return Add(MatMul(in, n.param(params, "cell/input")), ExpandLeftToRank(bias, in.Rank()))
}

// logits is one head's output for all steps, given the hidden state, the latent
// and the embeddings of the heads drawn before it.
func (n *network) logits(params []*Node, head Head, seen []*Node, prior *Node) *Node {
	x := Concatenate(seen, -1)
	hidden := Add(MatMul(x, n.param(params, head.Name+"/hidden")), ExpandLeftToRank(n.param(params, head.Name+"/hidden_bias"), x.Rank()))
	out := MatMul(Tanh(hidden), n.param(params, head.Name+"/logits"))
	out = Add(out, ExpandLeftToRank(n.param(params, head.Name+"/logits_bias"), x.Rank()))
	if prior != nil {
		out = Add(out, prior)
	}
	return out
}

// loss is the mean over the steps that count of the summed cross-entropies of
// the heads, in nats; the terms are the heads' own.
func (n *network) loss(params []*Node, x batch, hidden *Node) (*Node, []*Node) {
	embedded := n.embed(params, x.codes)
	if x.dropout != nil {
		hidden = Mul(hidden, x.dropout)
	}
	seen := []*Node{hidden}
	if n.cfg.Latent > 0 {
		seen = append(seen, x.latent)
	}
	g := hidden.Graph()
	total := Max(ReduceAllSum(x.weight), Const(g, float32(1)))
	var loss *Node
	var terms []*Node
	for k, head := range n.cfg.Heads {
		var prior *Node
		if k == 0 && n.cfg.Prior {
			prior = x.prior
		}
		logits := n.logits(params, head, seen, prior)
		target := OneHot(Squeeze(SliceAxis(x.codes, 2, AxisElem(k)), 2), head.Classes, dtypes.Float32)
		entropy := Neg(ReduceSum(Mul(target, LogSoftmax(logits, -1)), -1))
		term := Div(ReduceAllSum(Mul(entropy, Squeeze(x.weight, -1))), total)
		terms = append(terms, term)
		if loss == nil {
			loss = term
		} else {
			loss = Add(loss, term)
		}
		seen = append(seen, embedded[k])
	}
	return loss, terms
}

// scannedGradient is the loss and its gradients where the cell runs in a While
// loop, through which Gradient cannot pass: Gradient of the loss by the hidden
// states, the cell's own derivative in a second loop, the products for the
// cell's weights, and Gradient again from the cell's input down.
func (n *network) scannedGradient(s fit.Step) (*Node, []*Node, []*Node) {
	x := n.inputs(s)
	in := n.seen(s.Params, x)
	recurrent := n.param(s.Params, "cell/recurrent")
	states := scan(n.project(s.Params, in), x.keep, recurrent)
	loss, terms := n.loss(s.Params, x, states.hidden)
	above := Gradient(loss, append([]*Node{states.hidden}, s.Params...)...)
	dz := states.backpropagate(above[0], x.keep, recurrent)
	dIn := MatMul(dz, Transpose(n.param(s.Params, "cell/input"), 0, 1))
	below := Gradient(ReduceAllSum(Mul(in, StopGradient(dIn))), s.Params...)
	gradients := make([]*Node, len(s.Params))
	for i := range gradients {
		gradients[i] = Add(above[i+1], below[i])
	}
	weights := states.weights(in, x.keep, dz)
	for k, name := range []string{"cell/input", "cell/recurrent", "cell/bias"} {
		gradients[n.index[name]] = Add(gradients[n.index[name]], weights[k])
	}
	return loss, terms, gradients
}

// checkParams returns an error unless params are this network's.
func (n *network) checkParams(params fit.Params) error {
	if len(params.Names) != len(n.names) || len(params.Values) != len(n.names) {
		return fmt.Errorf("lstm: %d saved parameters, want %d", len(params.Names), len(n.names))
	}
	for i, name := range n.names {
		if params.Names[i] != name {
			return fmt.Errorf("lstm: saved parameter %d is %q, want %q", i, params.Names[i], name)
		}
		if !params.Values[i].Shape().Equal(shapes.Make(dtypes.Float32, n.dims[i]...)) {
			return fmt.Errorf("lstm: saved parameter %q is %s, want %v", name, params.Values[i].Shape(), n.dims[i])
		}
	}
	return nil
}
