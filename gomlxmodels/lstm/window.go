package lstm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// Cell is the kind of a recurrent cell.
type Cell string

// The cells. GRU is Keras' reset_after form, with two biases (algorithm.md
// section 8), which the paper's models have.
const (
	LSTM Cell = "lstm"
	GRU  Cell = "gru"
)

// UnmarshalText takes one of the two names.
func (c *Cell) UnmarshalText(text []byte) error {
	if cell := Cell(text); cell != LSTM && cell != GRU {
		return fmt.Errorf("unknown cell %q: want %s or %s", text, LSTM, GRU)
	}
	*c = Cell(text)
	return nil
}

// WindowConfig is the shape of the paper's network and how it is trained. Its
// input is a window of packets, which one cell reads forwards and another backwards;
// its output is a point for the last packet: a class for each head, and features in
// [0, 1]. DefaultWindowConfig gives the values in brackets.
type WindowConfig struct {
	Cell     Cell       `json:"cell"`     // lstm or gru [gru]
	Units    int        `json:"units"`    // of each direction; 0: as many as Inputs, as in the paper [0]
	Steps    int        `json:"steps"`    // packets of a window, 1 to 64 [11]
	Dropout  float64    `json:"dropout"`  // fraction of the cells' state hidden from the outputs in training, in [0,1) [0]
	HoldOut  float64    `json:"hold_out"` // fraction of the flows kept for validation, in [0,1) [0.1]
	Inputs   int        `json:"inputs"`   // numbers per packet, >= 1
	Heads    []Head     `json:"heads"`    // softmax outputs, in the order of the targets
	Features []string   `json:"features"` // sigmoid outputs, after the heads
	Float64  bool       `json:"float64"`  // compute in float64, as comparisons with other programs need [false]
	Fit      fit.Config `json:"fit"`      // epochs, batch, learning rate, patience, seed and more
}

// DefaultWindowConfig is the paper's network without its inputs and outputs, with
// the mean loss and the patience that keep training from stopping at the first
// noisy epoch (D23), and the validation split by flow (D22).
func DefaultWindowConfig() WindowConfig {
	c := fit.DefaultConfig()
	c.Epochs, c.Batch, c.LearningRate = 50, 64, 1e-3
	c.PlateauPatience, c.StopPatience, c.KeepBest = 5, 10, true
	return WindowConfig{Cell: GRU, Steps: 11, HoldOut: 0.1, Fit: c}
}

// Validate reports every field that is out of range.
func (c WindowConfig) Validate() error {
	var problems []error
	check := func(ok bool, key string, value, want any) {
		if !ok {
			problems = append(problems, fmt.Errorf("lstm: %s = %v: want %v", key, value, want))
		}
	}
	check(c.Cell == LSTM || c.Cell == GRU, "cell", c.Cell, "lstm or gru")
	check(c.Units >= 0 && c.Units <= 4096, "units", c.Units, "0 (as many as inputs) to 4096")
	check(c.Steps >= 1 && c.Steps <= 64, "steps", c.Steps, "1 to 64 (longer sequences: the sampled network)")
	check(c.Inputs >= 1, "inputs", c.Inputs, "at least 1")
	check(len(c.Heads)+len(c.Features) > 0, "outputs", 0, "at least one head or feature")
	names := make(map[string]bool)
	for _, h := range c.Heads {
		check(h.Classes >= 1, "classes of "+h.Name, h.Classes, "at least 1")
		check(h.Name != "" && h.Name != "features" && !names[h.Name], "head", fmt.Sprintf("%q", h.Name), `a name of its own, not "features"`)
		names[h.Name] = true
	}
	check(c.Dropout >= 0 && c.Dropout < 1, "dropout", c.Dropout, "in [0, 1)")
	check(c.HoldOut >= 0 && c.HoldOut < 1, "hold_out", c.HoldOut, "in [0, 1)")
	if err := c.Fit.Validate(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// Outputs is the number of output columns: the classes of all heads, then the
// features.
func (c WindowConfig) Outputs() int {
	n := len(c.Features)
	for _, h := range c.Heads {
		n += h.Classes
	}
	return n
}

func (c WindowConfig) units() int {
	if c.Units == 0 {
		return c.Inputs
	}
	return c.Units
}

func (c WindowConfig) dtype() dtypes.DType {
	if c.Float64 {
		return dtypes.Float64
	}
	return dtypes.Float32
}

// Window is a trained network of the paper's kind.
type Window struct {
	Config WindowConfig
	Params fit.Params
	Result fit.Result // of the training

	predict *graph.Exec
}

// FitWindow trains the network on the packets of flows that stand one after the
// other: x [packets, inputs], lengths the packets of each flow, and the targets
// [packets, outputs] of each packet, one-hot classes and features in [0, 1]. The
// window of a packet is the packet itself and those before it in its flow, after
// zeros where there are none (D21). A feature that is NaN does not count in the
// loss: the gap before a flow's first packet (D20).
//
// When ctx ends, it returns the network so far together with the context's error, and
// when training diverges, the last good one and a *fit.DivergedError.
func FitWindow(ctx context.Context, b compute.Backend, cfg WindowConfig, x mat.Matrix, lengths []int, targets mat.Matrix, observe func(fit.Epoch) error) (*Window, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := checkWindowRows(cfg, x, lengths); err != nil {
		return nil, err
	}
	if err := checkTargets(cfg, x, targets); err != nil {
		return nil, err
	}
	n, train := newWindowNetwork(cfg), cfg.Fit
	train.ValidationRows = heldFlows(cfg, lengths)
	params := n.initialize(rand.New(rand.NewPCG(cfg.Fit.Seed, seedWindow)))
	trained, result, err := fit.Run(ctx, b, train, params, n.data(x, lengths, targets), n.problem(), observe)
	if err != nil {
		err = fmt.Errorf("lstm: %w", err)
	}
	if len(trained.Values) == 0 {
		return nil, err
	}
	w, newErr := newWindow(b, cfg, trained)
	if newErr != nil {
		return nil, errors.Join(err, newErr)
	}
	w.Result = result
	return w, err
}

// seedWindow is the stream of the seed that initial weights and held-out flows
// come from.
const seedWindow = 0x77696e // "win"

// newWindow makes a network of given parameters; see WindowConfig for their shapes:
// "forward/kernel" [inputs, gates*units], "forward/recurrent" [units, gates*units],
// "forward/bias" [gates*units] (GRU: [2, gates*units]), the same for "backward",
// and "NAME/kernel" [2*units, classes] and "NAME/bias" of each head and of
// "features". Gates are i, f, o, candidate (LSTM) or update, reset, candidate (GRU).
func newWindow(b compute.Backend, cfg WindowConfig, params fit.Params) (*Window, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	n := newWindowNetwork(cfg)
	ordered, err := n.order(params)
	if err != nil {
		return nil, err
	}
	if ordered, err = ordered.Clone(); err != nil { // a tensor belongs to one backend
		return nil, fmt.Errorf("lstm: %w", err)
	}
	w := &Window{Config: cfg, Params: ordered}
	for _, p := range ordered.Values {
		if err := p.MaterializeOnDevice(b, false, 0); err != nil {
			return nil, fmt.Errorf("lstm: move parameters to the device: %w", err)
		}
	}
	if w.predict, err = graph.NewExec(b, n.outputs); err != nil {
		return nil, fmt.Errorf("lstm: %w", err)
	}
	return w, nil
}

// predictRows is the number of windows that one call takes at most; fewer are
// padded to a power of two, so that there are few shapes to compile for.
const predictRows = 4096

// Predict is the outputs [packets, outputs] of every packet of the flows, as
// probabilities and features in [0, 1]: all windows of all flows in large batches
// (D24). The rows are those of FitWindow.
func (w *Window) Predict(x mat.Matrix, lengths []int) (*mat.Dense, error) {
	cfg := w.Config
	if err := checkWindowRows(cfg, x, lengths); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	places := places(lengths)
	out := mat.NewDense(n, cfg.Outputs(), nil)
	for from := 0; from < n; from += predictRows {
		to := min(n, from+predictRows)
		args := []any{windowsOf(cfg, x, places, from, to, powerOfTwo(to-from))}
		for _, p := range w.Params.Values {
			args = append(args, p)
		}
		result, err := w.predict.Call(args...)
		if err != nil {
			return nil, fmt.Errorf("lstm: predict: %w", err)
		}
		if err := copyRows(out.RawMatrix().Data[from*cfg.Outputs():to*cfg.Outputs()], result[0]); err != nil {
			return nil, fmt.Errorf("lstm: predict: %w", err)
		}
	}
	return out, nil
}

// powerOfTwo is the least power of two that is not below n.
func powerOfTwo(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}

// copyRows copies the front of t to dst.
func copyRows(dst []float64, t *tensors.Tensor) error {
	return t.ConstFlatData(func(flat any) {
		switch values := flat.(type) {
		case []float64:
			copy(dst, values)
		case []float32:
			for i := range dst {
				dst[i] = float64(values[i])
			}
		}
	})
}

// heldFlows are the rows held out for validation: whole flows drawn by the seed, or,
// where all is one long flow, its last rows.
func heldFlows(cfg WindowConfig, lengths []int) (rows []int) {
	if len(lengths) == 1 && lengths[0] >= 2*cfg.Steps {
		return fit.TimeSplit(lengths[0], cfg.HoldOut)
	}
	return fit.FlowSplit(lengths, cfg.HoldOut, rand.NewPCG(cfg.Fit.Seed, seedWindow+1))
}
