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
	for _, direction := range n.directions() {
		n.add(direction+"/kernel", cfg.Inputs, width)
		n.add(direction+"/recurrent", units, width)
		if cfg.Cell == GRU {
			n.add(direction+"/bias", 2, width)
		} else {
			n.add(direction+"/bias", width)
		}
	}
	state := len(n.directions()) * units
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

func (n *windowNetwork) directions() []string {
	if n.cfg.Bidirectional {
		return []string{"forward", "backward"}
	}
	return []string{"forward"}
}

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

// order checks given parameters and puts them in the network's order.
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

// timeFirst is windows [batch, time, inputs] as [time, batch, inputs]: then every
// step is one piece of memory. As in the cell, a leading axis of models is left out.
func timeFirst(x *Node) *Node {
	axes := make([]int, x.Rank())
	for i := range axes {
		axes[i] = i
	}
	n := x.Rank()
	axes[n-3], axes[n-2] = n-2, n-3
	return TransposeAllDims(x, axes...)
}

// run is the steps of all directions over x [time, batch, inputs].
func (n *windowNetwork) run(params []*Node, x, valid *Node) (steps [][]windowStep) {
	for i, direction := range n.directions() {
		steps = append(steps, n.cell.forward(x, n.weights(params, direction), i == 1, windowStep{}, valid))
	}
	return steps
}

// state is what the outputs see of the steps: the last hidden states of all
// directions side by side [batch, directions*units]; of a stateful network the
// hidden states of every step, [time*batch, directions*units].
func (n *windowNetwork) state(steps [][]windowStep) *Node {
	var sides []*Node
	for i, s := range steps {
		if !n.cfg.Stateful {
			sides = append(sides, s[len(s)-1].hidden)
			continue
		}
		all := make([]*Node, len(s))
		for k, step := range s {
			all[n.time(k, i == 1)] = step.hidden
		}
		sides = append(sides, Concatenate(all, -2))
	}
	return Concatenate(sides, -1)
}

// time is the place of a direction's k-th step.
func (n *windowNetwork) time(k int, reverse bool) int {
	if reverse {
		return n.cfg.Steps - 1 - k
	}
	return k
}

// dense is the pre-activation of an output of that name.
func (n *windowNetwork) dense(params []*Node, state *Node, name string) *Node {
	return Add(MatMul(state, n.param(params, name+"/kernel")), InsertAxes(n.param(params, name+"/bias"), -2))
}

// outputs is the program of Predict: windows, parameters -> [batch, outputs].
func (n *windowNetwork) outputs(in []*Node) []*Node {
	state := n.state(n.run(in[1:], timeFirst(in[0]), nil))
	return []*Node{n.points(in[1:], state)}
}

// points are the outputs of given states: probabilities and features.
func (n *windowNetwork) points(params []*Node, state *Node) *Node {
	var parts []*Node
	for _, h := range n.cfg.Heads {
		parts = append(parts, Exp(logSoftmax(n.dense(params, state, h.Name))))
	}
	if len(n.cfg.Features) > 0 {
		parts = append(parts, Sigmoid(n.dense(params, state, "features")))
	}
	return Concatenate(parts, -1)
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
		Loss: n.loss, Validation: n.plainLoss, Stacks: true,
		Name: fmt.Sprintf("window, %s of %d steps, stateful %v", n.cfg.Cell, n.cfg.Steps, n.cfg.Stateful),
	}
	if !n.cfg.Stateful {
		p.Rows, p.RowBytes = n.windows, n.cfg.dtype().Size()*(n.cfg.Steps*n.cfg.Inputs+n.cfg.Outputs())
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

// plainLoss is the loss without anything for the gradients.
func (n *windowNetwork) plainLoss(s fit.Step) (loss *Node, terms []*Node) {
	x, valid := n.sequence(s)
	targets, mask := n.counted(s)
	return n.headLoss(s.Params, n.state(n.run(s.Params, x, valid)), targets, mask)
}

// sequence is what the cells read, [time, batch, inputs], and which of it is real.
func (n *windowNetwork) sequence(s fit.Step) (x, valid *Node) {
	if !n.cfg.Stateful {
		return timeFirst(s.Inputs[0]), nil
	}
	return timeFirst(s.Inputs[0]), timeFirst(InsertAxes(s.Inputs[2], -1))
}

// counted are the targets of the states and how much each counts.
func (n *windowNetwork) counted(s fit.Step) (targets, mask *Node) {
	if !n.cfg.Stateful {
		return s.Inputs[1], s.Mask
	}
	targets = timeFirst(s.Inputs[1]) // [time, batch, outputs]
	time, batch, width := lastThree(targets)
	weight := timeFirst(InsertAxes(Mul(s.Inputs[3], InsertAxes(s.Mask, -1)), -1))
	return like(lead(targets, 3), targets, time*batch, width), like(lead(targets, 3), weight, time*batch)
}

// loss is plainLoss with the cells' derivatives written by hand. GoMLX
// differentiates what it gets, so each weight's gradient comes in as a term that is
// 0 and whose derivative it is:
//
//	sum((weight - constant(weight)) * constant(gradient))
func (n *windowNetwork) loss(s fit.Step) (loss *Node, terms []*Node) {
	x, valid := n.sequence(s)
	targets, mask := n.counted(s)
	steps := n.run(s.Params, x, valid)
	state := Identity(StopGradient(n.state(steps))) // the derivative by a stopped node itself would be 0
	loss, terms = n.headLoss(s.Params, state, targets, mask)
	gradient := StopGradient(Gradient(ReduceAllSum(loss), state)[0])
	for i, direction := range n.directions() {
		w := n.weights(s.Params, direction)
		side := columns(gradient, i*n.cell.units, (i+1)*n.cell.units)
		g := n.cell.backward(x, steps[i], w, i == 1, n.stepGradients(side, len(steps[i]), i == 1))
		for _, pair := range [][2]*Node{{w.kernel, g.kernel}, {w.recurrent, g.recurrent}, {w.bias, g.bias}} {
			zero := Mul(Sub(pair[0], StopGradient(pair[0])), StopGradient(pair[1]))
			loss = Add(loss, n.perModel(zero, loss))
		}
	}
	return loss, terms
}

// stepGradients cuts the gradient of a direction's part of the state into those of
// its hidden states, in the order of time.
func (n *windowNetwork) stepGradients(side *Node, time int, reverse bool) []*Node {
	gradients := make([]*Node, time)
	if !n.cfg.Stateful {
		gradients[n.time(time-1, reverse)] = side
		return gradients
	}
	batch := side.Shape().Dimensions[side.Rank()-2] / time
	for t := range gradients {
		gradients[t] = rowRange(side, t*batch, (t+1)*batch)
	}
	return gradients
}

// perModel sums a weight's term to the shape of the loss: all of it, in a stack that
// of each model.
func (n *windowNetwork) perModel(term, loss *Node) *Node {
	if loss.Rank() == 0 {
		return ReduceAllSum(term)
	}
	models := term.Shape().Dimensions[0]
	return ReduceSum(Reshape(term, models, term.Shape().Size()/models), -1)
}
