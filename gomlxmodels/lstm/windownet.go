package lstm

import (
	"fmt"
	"math"
	"math/rand/v2"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/gomlx/compute/shapes"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// windowNetwork builds the graphs of the paper's network. Its parameters are
// addressed by name.
type windowNetwork struct {
	cfg   WindowConfig
	cell  windowCell
	names []string
	dims  [][]int
	index map[string]int
}

func newWindowNetwork(cfg WindowConfig) *windowNetwork {
	n := &windowNetwork{cfg: cfg, cell: windowCell{cfg.Cell, cfg.units()}, index: make(map[string]int)}
	units, width := cfg.units(), n.cell.gates()*cfg.units()
	for _, direction := range directions {
		n.add(direction+"/kernel", cfg.Inputs, width)
		n.add(direction+"/recurrent", units, width)
		if cfg.Cell == GRU {
			n.add(direction+"/bias", 2, width)
		} else {
			n.add(direction+"/bias", width)
		}
	}
	state := len(directions) * units
	for _, h := range cfg.Heads {
		n.add(h.Name+"/kernel", state, h.Classes)
		n.add(h.Name+"/bias", h.Classes)
	}
	if len(cfg.Features) > 0 {
		n.add("features/kernel", state, len(cfg.Features))
		n.add("features/bias", len(cfg.Features))
	}
	return n
}

// directions are the cells' names: one reads the window forwards, one backwards.
var directions = []string{"forward", "backward"}

func (n *windowNetwork) add(name string, dims ...int) {
	n.index[name] = len(n.names)
	n.names = append(n.names, name)
	n.dims = append(n.dims, dims)
}

func (n *windowNetwork) param(params []*Node, name string) *Node { return params[n.index[name]] }

func (n *windowNetwork) weights(params []*Node, direction string) windowWeights {
	return windowWeights{
		kernel:    n.param(params, direction+"/kernel"),
		recurrent: n.param(params, direction+"/recurrent"),
		bias:      n.param(params, direction+"/bias"),
	}
}

// order checks the given parameters and returns them in the network's order.
func (n *windowNetwork) order(given fit.Params) (fit.Params, error) {
	ordered := fit.Params{Names: n.names}
	for i, name := range n.names {
		value := given.Get(name)
		if value == nil {
			return fit.Params{}, fmt.Errorf("lstm: parameter %q is missing", name)
		}
		if want := shapes.Make(n.cfg.dtype(), n.dims[i]...); !value.Shape().Equal(want) {
			return fit.Params{}, fmt.Errorf("lstm: parameter %q has shape %s: must be %s", name, value.Shape(), want)
		}
		ordered.Values = append(ordered.Values, value)
	}
	if len(given.Names) != len(n.names) {
		return fit.Params{}, fmt.Errorf("lstm: %d parameters: the network has %d", len(given.Names), len(n.names))
	}
	return ordered, nil
}

// initialize draws the weights as Keras does: kernels Glorot-uniform, recurrent
// ones orthogonal, biases 0, but 1 for the LSTM's forget gate.
func (n *windowNetwork) initialize(random *rand.Rand) fit.Params {
	params := fit.Params{Names: n.names}
	for i, dims := range n.dims {
		fill := func(set func(i int, v float64)) {}
		switch name := n.names[i]; {
		case len(dims) == 1 && n.cfg.Cell == LSTM && (name == "forward/bias" || name == "backward/bias"):
			fill = func(set func(i int, v float64)) {
				for u := n.cell.units; u < 2*n.cell.units; u++ {
					set(u, 1)
				}
			}
		case name == "forward/recurrent" || name == "backward/recurrent":
			fill = func(set func(i int, v float64)) { orthogonal(random, dims[0], dims[1], set) }
		case len(dims) == 2 && name != "forward/bias" && name != "backward/bias":
			fill = func(set func(i int, v float64)) {
				limit := math.Sqrt(6 / float64(dims[0]+dims[1]))
				for j := range dims[0] * dims[1] {
					set(j, limit*(2*random.Float64()-1))
				}
			}
		}
		params.Values = append(params.Values, floats(n.cfg, fill, dims...))
	}
	return params
}

// orthogonal is a random matrix [rows, columns], rows <= columns, with orthonormal
// rows (Saxe, McClelland and Ganguli 2013): Q of a normal matrix, signs by R.
func orthogonal(random *rand.Rand, rows, columns int, set func(i int, v float64)) {
	normal := mat.NewDense(columns, rows, nil)
	for i := range columns {
		for j := range rows {
			normal.Set(i, j, random.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(normal)
	var q, r mat.Dense
	qr.QTo(&q)
	qr.RTo(&r)
	for i := range rows {
		sign := 1.0
		if r.At(i, i) < 0 {
			sign = -1
		}
		for j := range columns {
			set(i*columns+j, sign*q.At(j, i))
		}
	}
}

// run is the steps of both directions over windows [batch, time, inputs], and the
// windows as [time, batch, inputs], in which each step is one piece of memory.
func (n *windowNetwork) run(params []*Node, windows *Node) (x *Node, steps [][]windowStep) {
	x = TransposeAllDims(windows, 1, 0, 2)
	for i, direction := range directions {
		steps = append(steps, n.cell.forward(x, n.weights(params, direction), i == 1))
	}
	return x, steps
}

// state is what the outputs see of the steps: the last hidden states of both
// directions side by side [batch, 2*units].
func (n *windowNetwork) state(steps [][]windowStep) *Node {
	var sides []*Node
	for _, s := range steps {
		sides = append(sides, s[len(s)-1].hidden)
	}
	return Concatenate(sides, 1)
}

// dense is the pre-activation of an output of that name.
func (n *windowNetwork) dense(params []*Node, state *Node, name string) *Node {
	return Add(MatMul(state, n.param(params, name+"/kernel")), InsertAxes(n.param(params, name+"/bias"), 0))
}

// outputs is the program of Predict: windows, parameters -> probabilities and features
// [batch, outputs].
func (n *windowNetwork) outputs(in []*Node) []*Node {
	params := in[1:]
	_, steps := n.run(params, in[0])
	state := n.state(steps)
	var parts []*Node
	for _, h := range n.cfg.Heads {
		parts = append(parts, Exp(logSoftmax(n.dense(params, state, h.Name))))
	}
	if len(n.cfg.Features) > 0 {
		parts = append(parts, Sigmoid(n.dense(params, state, "features")))
	}
	return []*Node{Concatenate(parts, -1)}
}

// logSoftmax over the classes of logits [batch, classes].
func logSoftmax(logits *Node) *Node {
	column := func(x *Node) *Node { return InsertAxes(x, -1) }
	shifted := Sub(logits, column(StopGradient(ReduceMax(logits, -1))))
	return Sub(shifted, column(Log(ReduceSum(Exp(shifted), -1))))
}

// headLoss is the loss of section 8 as a mean over the rows of the batch: the
// cross-entropy of each head plus the squared error averaged over the features that
// count. Its terms are those, in the order of the outputs.
func (n *windowNetwork) headLoss(params []*Node, state, targets, mask *Node) (loss *Node, terms []*Node) {
	column := 0
	take := func(width int) *Node {
		column += width
		return columns(targets, column-width, column)
	}
	for _, h := range n.cfg.Heads {
		log := logSoftmax(n.dense(params, state, h.Name))
		terms = append(terms, fit.Mean(Neg(ReduceSum(Mul(take(h.Classes), log), -1)), mask))
	}
	if width := len(n.cfg.Features); width > 0 {
		want := take(width)
		counts := ConvertDType(GreaterOrEqual(want, fresh(want, 0)), want.DType())
		off := Mul(Sub(Sigmoid(n.dense(params, state, "features")), want), counts)
		terms = append(terms, fit.Mean(Div(ReduceSum(Mul(off, off), -1), fresh(want, float64(width))), mask))
	}
	loss = terms[0]
	for _, t := range terms[1:] {
		loss = Add(loss, t)
	}
	return loss, terms
}

// problem is what fit minimises.
func (n *windowNetwork) problem() fit.Problem {
	p := fit.Problem{
		Loss: n.loss, Validation: n.plainLoss,
		Name: fmt.Sprintf("window, %s of %d steps, dropout %v", n.cfg.Cell, n.cfg.Steps, n.cfg.Dropout),
		Rows: n.windows, RowBytes: n.cfg.dtype().Size() * (n.cfg.Steps*n.cfg.Inputs + n.cfg.Outputs()),
	}
	for _, h := range n.cfg.Heads {
		p.TermNames = append(p.TermNames, h.Name)
	}
	if len(n.cfg.Features) > 0 {
		p.TermNames = append(p.TermNames, "features")
	}
	return p
}

// windows are the inputs of a step: the windows [n, steps, inputs] that end at the
// packets indices [n], and their targets. Data is the packets [packets, inputs], the
// place of each in its flow, and the targets.
func (n *windowNetwork) windows(indices *Node, data []*Node) []*Node {
	g := indices.Graph()
	pick := func(from, at *Node) *Node { return Gather(from, InsertAxes(at, -1)) }
	place := pick(data[1], indices)
	steps := make([]*Node, n.cfg.Steps)
	for s := range steps {
		back := Const(g, int32(n.cfg.Steps-1-s))
		there := ConvertDType(GreaterOrEqual(place, back), data[0].DType())
		packet := pick(data[0], Max(Sub(indices, back), Const(g, int32(0))))
		steps[s] = Mul(packet, InsertAxes(there, -1))
	}
	return []*Node{Stack(steps, 1), pick(data[2], indices)}
}

// plainLoss is the loss without dropout and without anything for the gradients.
func (n *windowNetwork) plainLoss(s fit.Step) (loss *Node, terms []*Node) {
	_, steps := n.run(s.Params, s.Inputs[0])
	return n.headLoss(s.Params, n.state(steps), s.Inputs[1], s.Mask)
}

// loss is plainLoss with dropout, and with the cells' derivatives written by hand.
// GoMLX differentiates what it gets, so each weight's gradient comes in as a term that
// is 0 and whose derivative it is:
//
//	sum((weight - constant(weight)) * constant(gradient))
func (n *windowNetwork) loss(s fit.Step) (loss *Node, terms []*Node) {
	x, steps := n.run(s.Params, s.Inputs[0])
	state := Identity(StopGradient(n.state(steps))) // the derivative by a stopped node itself would be 0
	loss, terms = n.headLoss(s.Params, n.drop(state, s.RNG), s.Inputs[1], s.Mask)
	gradient := StopGradient(Gradient(loss, state)[0])
	for i, direction := range directions {
		w := n.weights(s.Params, direction)
		side := columns(gradient, i*n.cell.units, (i+1)*n.cell.units)
		g := n.cell.backward(x, steps[i], w, i == 1, side)
		for _, pair := range [][2]*Node{{w.kernel, g.kernel}, {w.recurrent, g.recurrent}, {w.bias, g.bias}} {
			loss = Add(loss, ReduceAllSum(Mul(Sub(pair[0], StopGradient(pair[0])), StopGradient(pair[1]))))
		}
	}
	return loss, terms
}

// drop hides the configured fraction of the state [batch, 2*units] from the outputs,
// drawn anew for each row, and scales the rest, so that its mean stays (Srivastava et
// al. 2014).
func (n *windowNetwork) drop(state, rng *Node) *Node {
	if n.cfg.Dropout == 0 {
		return state
	}
	_, uniform := RandomUniform(rng, state.Shape())
	kept := ConvertDType(GreaterOrEqual(uniform, fresh(state, n.cfg.Dropout)), state.DType())
	return Mul(state, Mul(kept, fresh(state, 1/(1-n.cfg.Dropout))))
}
