package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// trainer is one training under way.
type trainer struct {
	backend compute.Backend
	cfg     Config
	problem Problem
	observe func(Epoch) error

	names  []string
	shapes []shapes.Shape
	dtype  dtypes.DType
	data   []*tensors.Tensor
	rows   []int32 // of training
	held   []int32 // of validation
	padded bool    // whether the last batch of training rows is short
	whole  bool    // whether epochs run as programs

	rowBytes  int   // of the inputs of one row
	spanBytes int   // see the constant
	digest    int64 // of data and split, for checkpoints

	programs
	heldOrder  []int32
	heldTensor *tensors.Tensor   // heldOrder on the device
	heldData   []*tensors.Tensor // validation rows on the device

	progress  progress
	now       []*tensors.Tensor // state, see state.list
	best      *tensors.Tensor   // all parameters of the best epoch; nil before the first
	ahead     <-chan []int32    // order of the next epoch
	perSecond float64           // steps a second, measured
	result    Result
}

// progress is the host's part of the state, saved in checkpoints.
type progress struct {
	Epoch     int     // complete epochs
	Step      int     // steps done of the current epoch
	Steps     int64   // steps done in all
	Rate      float64 // learning rate now
	Best      float64 // smallest loss yet
	BestEpoch int     // its number
	Plateau   int     // epochs since an improvement or a change of Rate
	Stale     int     // epochs since an improvement
	StaleBest float64 // best loss as early stopping counts it
	First     float64 // mean loss of the first block
}

// Run minimises p over the rows of data, starting from params, and returns
// the trained parameters in the host's memory. The tensors of data are [N, ...]
// each, with the same N; those of params are not changed. Observe (may be nil)
// sees each epoch, and in long epochs its progress; its error stops training.
//
// With the same configuration, data, backend and seed the result is the same
// to the byte, also when it was interrupted and resumed from its checkpoint.
// When ctx ends, Run returns within a second with the parameters so far (with
// cfg.KeepBest those of the best epoch so far), a Result that says
// StopInterrupted, and the context's error. When the loss or a parameter stops
// being finite, or the loss explodes, it returns the parameters of the best epoch
// before (in the first epoch, those before the failing block) and a
// *DivergedError; a checkpoint stays what it was.
//
// Data moves to the backend's device; its values stay what they are.
func Run(ctx context.Context, b compute.Backend, cfg Config, params Params, data []*tensors.Tensor, p Problem, observe func(Epoch) error) (Params, Result, error) {
	t, err := newTrainer(b, cfg, params, data, p, observe)
	if err != nil {
		return Params{}, Result{Stop: StopFailed}, err
	}
	return t.run(ctx)
}

func newTrainer(b compute.Backend, cfg Config, params Params, data []*tensors.Tensor, p Problem, observe func(Epoch) error) (*trainer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if (p.Loss == nil) == (p.Gradient == nil) {
		return nil, errors.New("fit: a problem has exactly one of Loss and Gradient")
	}
	t := &trainer{backend: b, cfg: cfg, problem: p, observe: observe, data: data, names: params.Names, spanBytes: spanBytes}
	if err := t.checkParams(params); err != nil {
		return nil, err
	}
	n, err := countRows(data)
	if err != nil {
		return nil, err
	}
	if err := t.split(n); err != nil {
		return nil, err
	}
	if cfg.Checkpoint != "" {
		if t.digest, err = t.digestOf(data); err != nil {
			return nil, err
		}
	}
	t.whole = loops(b)
	if t.whole && p.Gradient != nil {
		t.backend = NestLoops(b) // its loops lie in that over the steps
	}
	if err := t.place(data); err != nil {
		return nil, err
	}
	t.padded = len(t.rows)%cfg.Batch != 0
	t.result.WholeEpochs = t.whole
	if len(t.rows) < cfg.Batch {
		t.result.Warnings = append(t.result.Warnings, fmt.Errorf("fit: %d training rows are fewer than a batch of %d: each epoch is one padded step", len(t.rows), cfg.Batch))
	}
	return t, t.start(params)
}

func (t *trainer) checkParams(params Params) error {
	if len(params.Values) == 0 || len(params.Names) != len(params.Values) {
		return fmt.Errorf("fit: %d parameter names for %d values: must be as many, and at least one", len(params.Names), len(params.Values))
	}
	t.dtype = params.Values[0].DType()
	if t.dtype != dtypes.Float32 && t.dtype != dtypes.Float64 {
		return fmt.Errorf("fit: parameter %q is %s: must be float32 or float64", params.Names[0], t.dtype)
	}
	for i, v := range params.Values {
		if v.DType() != t.dtype {
			return fmt.Errorf("fit: parameter %q is %s: must be %s as %q", params.Names[i], v.DType(), t.dtype, params.Names[0])
		}
		if slices.Index(params.Names, params.Names[i]) != i {
			return fmt.Errorf("fit: parameter name %q is used twice", params.Names[i])
		}
		if v.Size() == 0 {
			return fmt.Errorf("fit: parameter %q has shape %s: must not be empty", params.Names[i], v.Shape())
		}
		t.shapes = append(t.shapes, v.Shape())
	}
	return nil
}

// place moves the data to the device, where it stays, and frees the host's copy.
func (t *trainer) place(data []*tensors.Tensor) error {
	t.rowBytes = t.problem.RowBytes
	for i, d := range data {
		if err := d.ToDevice(t.backend, 0); err != nil {
			return fmt.Errorf("fit: move data %d to the device: %w", i, err)
		}
		if t.problem.Rows == nil {
			t.rowBytes += int(d.ByteSize()) / d.Shape().Dimensions[0]
		}
	}
	t.rowBytes = max(1, t.rowBytes)
	return nil
}

// inputs gathers the inputs of the rows at indices [n]. Index -1 marks padding: its row
// is arbitrary, and its loss is masked.
func (t *trainer) inputs(indices *graph.Node, data []*graph.Node) []*graph.Node {
	if t.problem.Rows == nil {
		return rowsOf(indices, data)
	}
	return t.problem.Rows(graph.Max(indices, graph.Const(indices.Graph(), int32(0))), data)
}

func countRows(data []*tensors.Tensor) (int, error) {
	if len(data) == 0 || data[0].Rank() == 0 {
		return 0, errors.New("fit: no data: needs at least one tensor of [rows, ...]")
	}
	n := data[0].Shape().Dimensions[0]
	for i, d := range data {
		if d.Rank() == 0 || d.Shape().Dimensions[0] != n {
			return 0, fmt.Errorf("fit: data %d has shape %s: must have %d rows as data 0", i, d.Shape(), n)
		}
	}
	if n == 0 {
		return 0, errors.New("fit: no data: zero rows")
	}
	if n > math.MaxInt32 {
		return 0, fmt.Errorf("fit: %d rows: at most %d", n, math.MaxInt32)
	}
	return n, nil
}

// split divides the rows into training and validation rows, both ascending.
func (t *trainer) split(n int) error {
	held := make([]bool, n)
	for _, row := range t.cfg.ValidationRows {
		if row < 0 || row >= n {
			return fmt.Errorf("fit: validation row %d: must be in [0, %d)", row, n)
		}
		held[row] = true
	}
	if t.cfg.ValidationFraction > 0 {
		left := int(math.Round(t.cfg.ValidationFraction * float64(n)))
		r := rand.New(rand.NewPCG(t.cfg.Seed, seedSplit))
		for row := range n { // selection sampling, Knuth 3.4.2 algorithm S
			if r.IntN(n-row) < left {
				held[row] = true
				left--
			}
		}
	}
	for row, h := range held {
		if h {
			t.held = append(t.held, int32(row))
		} else {
			t.rows = append(t.rows, int32(row))
		}
	}
	if len(t.rows) == 0 {
		return fmt.Errorf("fit: all %d rows are held out for validation: none is left to train on", n)
	}
	t.heldOrder = padded(t.held, t.cfg.Batch)
	return nil
}

// Streams of random numbers that the seed is split into.
const (
	seedSplit uint64 = iota + 1
	seedNoise
	seedValidation
	seedOrder = 1 << 32 // plus the epoch
)

// key is the first random key of a stream, a well-mixed number of the seed.
func (t *trainer) key(stream uint64) uint64 { return rand.NewPCG(t.cfg.Seed, stream).Uint64() }

// padded appends -1, which marks padding, up to a whole number of batches.
func padded(rows []int32, batch int) []int32 {
	order := slices.Clone(rows)
	for len(order)%batch != 0 {
		order = append(order, -1)
	}
	return order
}

// order is the order of the training rows in an epoch: a Fisher-Yates shuffle.
// The high word of a product in place of a remainder is biased by 2^-32 at
// most and several times faster.
func (t *trainer) order(epoch int) []int32 {
	order := padded(t.rows, t.cfg.Batch)
	if t.cfg.KeepOrder {
		return order
	}
	src := rand.NewPCG(t.cfg.Seed, seedOrder+uint64(epoch))
	for i := len(t.rows) - 1; i > 0; i-- {
		j, _ := bits.Mul64(src.Uint64(), uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// orderAhead returns the order of an epoch and begins to shuffle that of the next one,
// while the device computes.
func (t *trainer) orderAhead(epoch int) []int32 {
	var order []int32
	if t.ahead != nil {
		order = <-t.ahead
	} else {
		order = t.order(epoch)
	}
	t.ahead = nil
	if epoch < t.cfg.Epochs {
		next := make(chan []int32, 1)
		go func() { next <- t.order(epoch + 1) }()
		t.ahead = next
	}
	return order
}

// start makes the state before the first step.
func (t *trainer) start(params Params) error {
	all, err := t.flatten(params)
	if err != nil {
		return err
	}
	sums := tensors.FromShape(shapes.Make(dtypes.Float64, 1+len(t.problem.TermNames)))
	t.now = []*tensors.Tensor{
		all, tensors.FromShape(all.Shape()), tensors.FromShape(all.Shape()),
		tensors.FromScalar(t.key(seedNoise)), scalarTensor(t.dtype, 1), scalarTensor(t.dtype, 1), sums,
	}
	t.progress = progress{Rate: t.cfg.LearningRate, Best: math.Inf(1), StaleBest: math.Inf(1)}
	return nil
}

func (t *trainer) run(ctx context.Context) (Params, Result, error) {
	if err := t.compile(); err != nil {
		return Params{}, t.result, err
	}
	defer t.release()
	err := t.resume()
	for err == nil && t.progress.Epoch < t.cfg.Epochs && t.result.Stop == "" {
		err = t.epoch(ctx)
	}
	err = t.finish(err)
	trained, copyErr := t.cut(t.outcome(err))
	return trained, t.result, errors.Join(err, copyErr)
}

// finish notes in the result why the training ended, and writes a checkpoint where it
// can go on.
func (t *trainer) finish(err error) error {
	switch {
	case err == nil && t.result.Stop == "":
		t.result.Stop = StopEpochs
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		t.result.Stop = StopInterrupted
	case err != nil:
		t.result.Stop = StopFailed
	}
	t.result.Steps, t.result.Best = t.progress.Steps, t.progress.BestEpoch
	if t.cfg.Checkpoint != "" && t.result.Stop != StopFailed {
		err = errors.Join(err, t.save())
	}
	return err
}

// outcome is the vector of the parameters that Run returns.
func (t *trainer) outcome(err error) *tensors.Tensor {
	var diverged *DivergedError
	if t.best != nil && (t.cfg.KeepBest || errors.As(err, &diverged)) {
		return t.best
	}
	return t.now[paramsAt]
}

// epoch runs the rest of the current epoch and what follows it.
func (t *trainer) epoch(ctx context.Context) error {
	began := time.Now()
	number := t.progress.Epoch + 1
	order := t.orderAhead(number)
	total := len(order) / t.cfg.Batch
	if err := t.train(ctx, order, total); err != nil {
		return err
	}
	means, err := t.means(t.now[sumsAt], len(t.rows))
	if err != nil {
		return err
	}
	var validation []float64
	if len(t.held) > 0 {
		if validation, err = t.validation(ctx); err != nil {
			return err
		}
	}
	e, err := t.measured(number, total, means, validation)
	if err != nil {
		return err
	}
	e.Duration = time.Since(began)
	return t.close(e)
}

// measured makes an epoch's record from its mean losses and terms. It returns an error
// where the validation loss has exploded.
func (t *trainer) measured(number, total int, means, validation []float64) (Epoch, error) {
	e := Epoch{Number: number, LearningRate: t.progress.Rate, Done: total, Total: total, ValidationLoss: math.NaN()}
	e.Loss, e.Terms = means[0], t.named(means)
	if validation == nil {
		return e, nil
	}
	if t.exploded(validation[0]) {
		return e, &DivergedError{Epoch: number, Step: total, Loss: validation[0]}
	}
	e.ValidationLoss, e.ValidationTerms = validation[0], t.named(validation)
	return e, nil
}

// close ends an epoch: it judges the losses, calls the observer, and writes a
// checkpoint where one is due.
func (t *trainer) close(e Epoch) error {
	t.progress.Epoch, t.progress.Step = e.Number, 0
	t.now[sumsAt] = tensors.FromShape(t.now[sumsAt].Shape())
	t.judge(e)
	t.result.Epochs = append(t.result.Epochs, e)
	if t.observe != nil {
		if err := t.observe(e); err != nil {
			return err
		}
	}
	if t.cfg.Checkpoint != "" && e.Number%t.cfg.CheckpointEvery == 0 {
		return t.save()
	}
	return nil
}

// judge updates the best loss, the learning rate and the early stop after a complete
// epoch.
func (t *trainer) judge(e Epoch) {
	p := &t.progress
	loss := e.Loss
	if len(t.held) > 0 {
		loss = e.ValidationLoss
	}
	improved := func(best float64) bool {
		return math.IsInf(best, 1) || loss < best-improvement*math.Abs(best)
	}
	p.Plateau++
	if improved(p.Best) {
		p.Plateau = 0
	}
	p.Stale++
	if improved(p.StaleBest) {
		p.Stale, p.StaleBest = 0, loss
	}
	if loss < p.Best {
		p.Best, p.BestEpoch = loss, e.Number
		t.best = t.now[paramsAt]
	}
	if t.cfg.PlateauPatience > 0 && p.Plateau >= t.cfg.PlateauPatience {
		p.Rate, p.Plateau = max(p.Rate*plateauRate, t.cfg.MinLearningRate), 0
	}
	if t.stale() {
		t.result.Stop = StopEarly
	}
}

// stale reports whether there was no improvement for Config.StopPatience epochs.
func (t *trainer) stale() bool {
	return t.cfg.StopPatience > 0 && t.progress.Stale >= t.cfg.StopPatience
}

func (t *trainer) means(sums *tensors.Tensor, rows int) ([]float64, error) {
	values, err := tensors.CopyFlatData[float64](sums)
	if err != nil {
		return nil, fmt.Errorf("fit: read losses: %w", err)
	}
	for i := range values {
		values[i] /= float64(rows)
	}
	return values, nil
}

func (t *trainer) named(means []float64) map[string]float64 {
	terms := make(map[string]float64, len(t.problem.TermNames))
	for i, name := range t.problem.TermNames {
		terms[name] = means[1+i]
	}
	return terms
}
