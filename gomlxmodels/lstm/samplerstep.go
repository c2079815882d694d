package lstm

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// The sampling step computes what the training graph does (network.go), with
// products that do not depend on the slot made beforehand: an embedding enters
// the gates and the later heads' hidden layers linearly, so that the product of
// each class's embedding with each weight is a table, of which the step takes one
// row (84 x 384 products a packet less, with the default widths and heads); and
// all heads' products with the hidden state are one.
//
// fused are the weights in that form. H is the number of heads, C that of a
// head's classes, D the hidden units of a head.
type fused struct {
	n *network

	gates   *Node   // [units+continuous+latent, 4*units]: of h, continuous, latent
	before  *Node   // [sum of C + 2, 4*units]: of the class drawn before; with it the bias in the rows of head 0; the last two rows are for none
	hidden  *Node   // [units+latent, H*D]: of h, latent
	bias    *Node   // [H*D]
	drawn   []*Node // of each head but the last: [C, (H-1-k)*D], of its class in the hidden layers of the later heads
	outputs []*Node // of each head: [D, C]
	offsets []*Node // of each head: [C]
}

// fuse computes the fused weights.
func (n *network) fuse(params fit.Params) ([]*tensors.Tensor, error) {
	flat := make([][]float32, len(n.names))
	for i, value := range params.Values {
		var err error
		if flat[i], err = tensors.CopyFlatData[float32](value); err != nil {
			return nil, fmt.Errorf("lstm: read parameter %s: %w", n.names[i], err)
		}
	}
	of := func(name string) []float32 { return flat[n.index[name]] }
	cfg, gates, heads := n.cfg, 4*n.cfg.Units, len(n.cfg.Heads)
	input := of("cell/input")
	var all []*tensors.Tensor
	add := func(x []float32, dims ...int) { all = append(all, tensors.FromFlatDataAndDimensions(x, dims...)) }

	// The input's rows are the embeddings of all heads, then continuous, then latent.
	embedded := 0
	var before []float32
	for k, head := range cfg.Heads {
		width := n.width(head)
		rows := product(of(head.Name+"/embedding"), input[embedded*gates:(embedded+width)*gates], head.Classes, width, gates)
		if k == 0 {
			addBias(rows, of("cell/bias"))
		}
		before = append(before, rows...)
		embedded += width
	}
	before = append(append(before, of("cell/bias")...), make([]float32, gates)...)
	recurrent := append(of("cell/recurrent"), input[embedded*gates:]...)
	halve(recurrent, gates)
	halve(before, gates)
	add(recurrent, cfg.Units+cfg.Continuous+cfg.Latent, gates)
	add(before, len(before)/gates, gates)

	// A head's hidden layer has rows for h, the latent, and the heads before it.
	seen, d := cfg.Units+cfg.Latent, cfg.HeadUnits
	hidden, bias := make([]float32, seen*heads*d), make([]float32, 0, heads*d)
	for k, head := range cfg.Heads {
		w := of(head.Name + "/hidden")
		for row := range seen {
			copy(hidden[(row*heads+k)*d:], w[row*d:(row+1)*d])
		}
		bias = append(bias, of(head.Name+"/hidden_bias")...)
	}
	add(hidden, seen, heads*d)
	add(bias, heads*d)
	at := seen
	for k, head := range cfg.Heads[:heads-1] {
		width, later := n.width(head), heads-1-k
		table := make([]float32, head.Classes*later*d)
		for j, next := range cfg.Heads[k+1:] {
			rows := product(of(head.Name+"/embedding"), of(next.Name + "/hidden")[at*d:(at+width)*d], head.Classes, width, d)
			for class := range head.Classes {
				copy(table[(class*later+j)*d:], rows[class*d:(class+1)*d])
			}
		}
		add(table, head.Classes, later*d)
		at += width
	}
	for _, head := range cfg.Heads {
		add(of(head.Name+"/logits"), d, head.Classes)
	}
	for _, head := range cfg.Heads {
		add(of(head.Name+"/logits_bias"), head.Classes)
	}
	return all, nil
}

// product is a [m, k] times b [k, n].
func product(a, b []float32, m, k, n int) []float32 {
	out := make([]float32, m*n)
	for i := range m {
		for l := range k {
			x := a[i*k+l]
			for j := range n {
				out[i*n+j] += x * b[l*n+j]
			}
		}
	}
	return out
}

// halve halves the columns of the sigmoid gates, all but the last quarter.
func halve(rows []float32, width int) {
	for i := range rows {
		if i%width < width*3/4 {
			rows[i] /= 2
		}
	}
}

// addBias adds a bias to each row of a matrix.
func addBias(rows, bias []float32) {
	for i := range rows {
		rows[i] += bias[i%len(bias)]
	}
}

// take splits nodes into the fused weights, by name, and the rest, which a step reads.
func (n *network) take(in []*Node) (w fused, rest []*Node) {
	heads := len(n.cfg.Heads)
	w = fused{n: n, gates: in[0], before: in[1], hidden: in[2], bias: in[3]}
	in = in[4:]
	w.drawn, in = in[:heads-1], in[heads-1:]
	w.outputs, w.offsets = in[:heads], in[heads:2*heads]
	return w, in[2*heads:]
}

// draw is one step of all slots. in are the fused weights, then the codes of the
// packet before [slots, heads], the state h and c [slots, units], keep [slots, 1],
// continuous, latent, prior, mask, and uniform numbers [slots, heads]. It returns
// the codes drawn [slots, heads] and the new state.
func (n *network) draw(in []*Node) []*Node {
	w, rest := n.take(in)
	codes, keep, continuous, latent, uniform := rest[0], rest[3], rest[4], rest[5], rest[8]
	prior, mask := rest[6], rest[7]
	known := func(parts ...*Node) *Node { // without those of width 0
		var some []*Node
		for _, p := range parts {
			if p.Shape().Dimensions[1] > 0 {
				some = append(some, p)
			}
		}
		return Concatenate(some, -1)
	}
	z := MatMul(known(Mul(rest[1], keep), continuous, latent), w.gates)
	h, c := cell(Tanh(Add(z, w.history(codes, keep))), Mul(rest[2], keep))
	layers := Add(MatMul(known(h, latent), w.hidden), ExpandLeftToRank(w.bias, 2))
	var drawn []*Node
	for k := range n.cfg.Heads {
		if k > 0 {
			layers = w.next(layers, k-1, drawn[k-1])
		}
		hidden := Tanh(Slice(layers, AxisRange(), AxisRange(0, n.cfg.HeadUnits)))
		logits := Add(MatMul(hidden, w.outputs[k]), ExpandLeftToRank(w.offsets[k], 2))
		if k == 0 && n.cfg.Prior {
			logits = Add(logits, prior)
		}
		if k > 0 && k == n.cfg.Masked {
			logits = Add(logits, mask)
		}
		drawn = append(drawn, categorical(column(uniform, k), logits, n.cfg.rare(k)))
	}
	return []*Node{Concatenate(drawn, -1), h, c}
}

// column is one column of x, [slots, 1].
func column(x *Node, k int) *Node { return Slice(x, AxisRange(), AxisElem(k)) }

// pick takes a row of the table for each code [slots, 1].
func pick(table, code *Node) *Node { return Gather(table, code, false) }

// history is the part of the gates [slots, 4*units] that the packet before has,
// and the bias.
func (w *fused) history(codes, keep *Node) *Node {
	g := codes.Graph()
	begins := LessThan(keep, Const(g, float32(0.5)))
	offset, none := 0, w.before.Shape().Dimensions[0]-2
	var sum *Node
	for k, head := range w.n.cfg.Heads {
		row := Where(begins, Const(g, int32(none+min(k, 1))), Add(column(codes, k), Const(g, int32(offset))))
		part := pick(w.before, row)
		if sum == nil {
			sum = part
		} else {
			sum = Add(sum, part)
		}
		offset += head.Classes
	}
	return sum
}

// next removes the hidden layer of the head that was drawn, the first of those in
// layers [slots, heads left * D], and adds the contribution of its class to the others.
func (w *fused) next(layers *Node, k int, code *Node) *Node {
	d := w.n.cfg.HeadUnits
	return Add(Slice(layers, AxisRange(), AxisRange(d)), pick(w.drawn[k], code))
}

// cell is the recurrent cell (scan.go) given tanh of its products, of which
// those of the sigmoid gates were halved: sigmoid(x) = (1 + tanh(x/2)) / 2. One
// function over all gates is computed once; XLA would compute the sum before it
// anew for each of four.
func cell(t, c *Node) (newH, newC *Node) {
	i, f, o, candidate := quarters(t, c.Shape().Dimensions[1])
	half := Const(t.Graph(), float32(0.5))
	sigmoid := func(t *Node) *Node { return Add(Mul(t, half), half) }
	newC = Add(Mul(sigmoid(f), c), Mul(sigmoid(i), candidate))
	return Mul(sigmoid(o), Tanh(newC)), newC
}

// categorical draws a class [slots, 1] from each row of logits [slots, classes]:
// the number of cumulative probabilities that a uniform number reaches. Gumbel noise on
// every logit draws from the same distribution, but it needs a random number and two
// logarithms for each class, not one for each row, and took most of the sampling step.
// Classes below the proportion rare of the most probable one are left out.
func categorical(uniform, logits *Node, rare float64) *Node {
	g, classes := logits.Graph(), logits.Shape().Dimensions[1]
	p := Exp(Sub(logits, ReduceAndKeep(logits, ReduceMax, -1)))
	if rare > 0 {
		p = Where(LessThan(p, Const(g, float32(rare))), ZerosLike(p), p)
	}
	cumulative := MatMul(p, Const(g, upTo(classes)))
	total := column(cumulative, classes-1)
	u := Mul(Mul(uniform, total), Const(g, float32(1-1e-6))) // below the total in spite of rounding
	return Min(count(LessOrEqual(cumulative, u)), Const(g, int32(classes-1)))
}

// upTo [classes, classes] sums the probabilities up to each class.
func upTo(classes int) [][]float32 {
	m := make([][]float32, classes)
	for i := range m {
		m[i] = make([]float32, classes)
		for j := i; j < classes; j++ {
			m[i][j] = 1
		}
	}
	return m
}

// mostReduced is the largest number of values that XLA sums in one reduction. It splits
// a longer one into a tree of sums, which costs more than the product that replaces it.
const mostReduced = 32

// count returns how many values of each row [slots, classes] are true: [slots, 1].
func count(x *Node) *Node {
	g, classes := x.Graph(), x.Shape().Dimensions[1]
	if classes <= mostReduced {
		return ReduceAndKeep(ConvertDType(x, dtypes.Int32), ReduceSum, -1)
	}
	ones := Ones(g, shapes.Make(dtypes.Float32, classes, 1))
	return ConvertDType(MatMul(ConvertDType(x, dtypes.Float32), ones), dtypes.Int32)
}
