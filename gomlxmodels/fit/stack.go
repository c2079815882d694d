package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// sumsType is the type of the sums of losses.
const sumsType = dtypes.Float64

// stack is several trainings of one shape in one program. The host's part of each
// is a trainer of its own; their states lie on the device behind one another.
type stack struct {
	backend compute.Backend
	cfg     Config
	problem Problem
	models  []*trainer
	errs    []error // why a model failed

	now       []*tensors.Tensor
	perSecond float64

	programs
	heldTensor *tensors.Tensor
	heldData   []*tensors.Tensor
}

// RunStack minimises p once for each seed in one program with a leading axis of
// models: a sweep over seeds costs far less than its trainings one by one where
// the device has room, as a GPU has. Model m begins with params[m] and goes the way
// that Run goes with cfg.Seed = seeds[m]: its own split, order of rows, noise,
// learning rate, early stop and divergence; numbers differ by rounding, since sums
// over a batch may be taken in another order. A model that has stopped stays as it
// is while others go on.
//
// The problem's functions get parameters [models, ...], inputs [models, batch,
// ...], a mask [models, batch] and random states [models, 3], and return losses and
// terms [models]; Problem.Stacks must say so. Mean and Normal take both forms.
//
// Observe (may be nil) gets the index of the model with its epoch. Checkpoints of
// the models are in the folders seed-N of cfg.Checkpoint. Results and parameters
// are one for each seed; the error joins those of the models, with their seeds.
func RunStack(ctx context.Context, b compute.Backend, cfg Config, seeds []uint64, params []Params, data []*tensors.Tensor, p Problem, observe func(model int, e Epoch) error) ([]Params, []Result, error) {
	if len(seeds) == 0 || len(params) != len(seeds) {
		return nil, nil, fmt.Errorf("fit: %d seeds and %d sets of parameters: must be as many, and at least one", len(seeds), len(params))
	}
	if p.Loss == nil || !p.Stacks {
		return nil, nil, errors.New("fit: this problem cannot be stacked: its loss is for one model at a time")
	}
	s, err := newStack(b, cfg, seeds, params, data, p, observe)
	if err != nil {
		return nil, nil, err
	}
	if err := s.compile(); err != nil {
		return nil, nil, err
	}
	defer s.release()
	return s.run(ctx)
}

func newStack(b compute.Backend, cfg Config, seeds []uint64, params []Params, data []*tensors.Tensor, p Problem, observe func(model int, e Epoch) error) (*stack, error) {
	s := &stack{backend: b, cfg: cfg, problem: p, errs: make([]error, len(seeds))}
	for m, seed := range seeds {
		one := cfg
		one.Seed = seed
		if cfg.Checkpoint != "" {
			one.Checkpoint = filepath.Join(cfg.Checkpoint, fmt.Sprintf("seed-%d", seed))
		}
		if slices.Index(seeds, seed) != m {
			return nil, fmt.Errorf("fit: seed %d is there twice", seed)
		}
		var tell func(Epoch) error
		if observe != nil {
			tell = func(e Epoch) error { return observe(m, e) }
		}
		t, err := newTrainer(b, one, params[m], data, p, tell)
		if err != nil {
			return nil, fmt.Errorf("seed %d: %w", seed, err)
		}
		s.models = append(s.models, t)
		if !slices.EqualFunc(t.shapes, s.models[0].shapes, shapes.Shape.Equal) {
			return nil, fmt.Errorf("fit: parameters of seed %d have other shapes than those of seed %d", seed, seeds[0])
		}
	}
	return s, nil
}

// active tells whether a model still trains.
func (s *stack) active(m int) bool {
	t := s.models[m]
	return s.errs[m] == nil && t.result.Stop == "" && t.progress.Epoch < s.cfg.Epochs
}

// leader is the first model that still trains, or nil.
func (s *stack) leader() *trainer {
	for m, t := range s.models {
		if s.active(m) {
			return t
		}
	}
	return nil
}

func (s *stack) run(ctx context.Context) ([]Params, []Result, error) {
	var err error
	for _, t := range s.models {
		err = errors.Join(err, t.resume())
	}
	if err == nil {
		err = s.together()
	}
	if err == nil {
		err = s.join()
	}
	for err == nil && s.leader() != nil {
		err = s.epoch(ctx)
	}
	var trained []Params
	var results []Result
	var errs []error
	for m, t := range s.models {
		ended := s.errs[m]
		if s.active(m) {
			ended = err
		}
		ended = t.finish(ended)
		p, copyErr := t.cut(t.outcome(ended))
		trained, results = append(trained, p), append(results, t.result)
		if ended = errors.Join(ended, copyErr); ended != nil {
			errs = append(errs, fmt.Errorf("seed %d: %w", t.cfg.Seed, ended))
		}
	}
	if len(errs) == 0 && err != nil {
		errs = append(errs, err)
	}
	return trained, results, errors.Join(errs...)
}

// together refuses checkpoints of different moments.
func (s *stack) together() error {
	lead := s.leader()
	for m, t := range s.models {
		if s.active(m) && (t.progress.Epoch != lead.progress.Epoch || t.progress.Step != lead.progress.Step) {
			return fmt.Errorf("fit: checkpoints of seed %d and seed %d are of different moments (epoch %d step %d, epoch %d step %d): remove them to start again",
				lead.cfg.Seed, t.cfg.Seed, lead.progress.Epoch, lead.progress.Step, t.progress.Epoch, t.progress.Step)
		}
	}
	return nil
}

// epoch runs the rest of the current epoch of all models and what follows it.
func (s *stack) epoch(ctx context.Context) error {
	began := time.Now()
	lead := s.leader()
	number, orders := lead.progress.Epoch+1, make([][]int32, len(s.models))
	for m, t := range s.models {
		if s.active(m) {
			orders[m] = t.orderAhead(number)
		}
	}
	fill(orders)
	total := len(orders[0]) / s.cfg.Batch
	err := s.train(ctx, orders, total)
	if part := s.part(); part != nil || err != nil { // an interrupted epoch is saved, too
		return errors.Join(err, part)
	}
	var validation [][]float64
	if len(lead.held) > 0 {
		if validation, err = s.validation(ctx); err != nil {
			return err
		}
	}
	for m, t := range s.models {
		if !s.active(m) {
			continue
		}
		means, err := t.means(t.now[sumsAt], len(t.rows))
		if err != nil {
			return err
		}
		var held []float64
		if validation != nil {
			held = validation[m]
		}
		e, err := t.measured(number, total, means, held)
		if err != nil {
			s.errs[m] = err
			continue
		}
		e.Duration = time.Since(began)
		if err := t.close(e); err != nil {
			return err
		}
	}
	return s.join()
}

// fill gives models that have stopped the order of one that has not.
func fill(orders [][]int32) {
	at := slices.IndexFunc(orders, func(o []int32) bool { return o != nil })
	for m := range orders {
		if orders[m] == nil {
			orders[m] = orders[at]
		}
	}
}

// train runs what is left of the epoch in blocks of about blockTime.
func (s *stack) train(ctx context.Context, orders [][]int32, total int) error {
	var ordered span
	defer ordered.free()
	for step := s.leader().progress.Step; step < total; {
		if err := ctx.Err(); err != nil {
			return err
		}
		begin, end := step, min(step+s.blockSteps(), total)
		began := time.Now()
		next, end, err := s.block(&ordered, orders, begin, end, total)
		if err != nil {
			return err
		}
		if err := s.sound(next, begin, end); err != nil { // waits for the device
			return err
		}
		s.perSecond = float64(end-begin) / time.Since(began).Seconds()
		s.now, step = next, end
		for m, t := range s.models {
			if !s.active(m) {
				continue
			}
			t.progress.Step, t.progress.Steps = end, t.progress.Steps+int64(end-begin)
			if t.observe == nil || end == total {
				continue
			}
			if err := t.observe(Epoch{Number: t.progress.Epoch + 1, LearningRate: t.progress.Rate, Done: end, Total: total, ValidationLoss: math.NaN()}); err != nil {
				return err
			}
		}
		if s.leader() == nil {
			return nil
		}
	}
	return nil
}

func (s *stack) blockSteps() int {
	if s.perSecond == 0 {
		return s.models[0].blockSteps()
	}
	return max(1, int(s.perSecond*blockTime.Seconds()))
}

// block runs the steps begin to end, or fewer, and returns the new state.
func (s *stack) block(ordered *span, orders [][]int32, begin, end, total int) ([]*tensors.Tensor, int, error) {
	args := make([]any, 0, len(s.now)+4+len(s.models[0].data))
	for _, n := range s.now {
		args = append(args, n)
	}
	args = append(args, s.rates())
	if !s.models[0].whole {
		part := cutOrders(orders, begin*s.cfg.Batch, (begin+1)*s.cfg.Batch, s.cfg.Batch)
		next, err := s.call(s.singleProgram, append(args, part), s.models[0].data)
		return next, begin + 1, err
	}
	if begin >= ordered.end {
		ordered.free()
		var err error
		if *ordered, err = s.spanAt(orders, begin, total); err != nil {
			return nil, begin, err
		}
	}
	end = min(end, ordered.end)
	args = append(args, int32(begin-ordered.begin), int32(end-ordered.begin), ordered.order)
	next, err := s.call(s.stepsProgram, args, ordered.rows)
	return next, end, err
}

func (s *stack) call(program *graph.Exec, args []any, data []*tensors.Tensor) ([]*tensors.Tensor, error) {
	for _, d := range data {
		args = append(args, d)
	}
	return s.models[0].call(program, args)
}

// spanAt puts the rows of the span that holds a step in the models' orders.
func (s *stack) spanAt(orders [][]int32, step, total int) (span, error) {
	t := s.models[0]
	steps := min(total, max(1, t.spanBytes/(t.rowBytes*s.cfg.Batch*len(s.models))))
	out := span{begin: step / steps * steps}
	out.end = min(out.begin+steps, total)
	out.order = cutOrders(orders, out.begin*s.cfg.Batch, out.end*s.cfg.Batch, steps*s.cfg.Batch)
	var err error
	out.rows, err = s.call(s.orderProgram, []any{out.order}, t.data)
	return out, err
}

// cutOrders is the part from from to to of each order, padded with zeros to size:
// [models, size].
func cutOrders(orders [][]int32, from, to, size int) *tensors.Tensor {
	all := make([]int32, 0, len(orders)*size)
	for _, o := range orders {
		all = append(all, o[from:to]...)
		all = append(all, make([]int32, size-(to-from))...)
	}
	return tensors.FromFlatDataAndDimensions(all, len(orders), size)
}

// rates are the learning rates [models, 1]: 0 for a model that has stopped.
func (s *stack) rates() *tensors.Tensor {
	rates := make([]float64, len(s.models))
	for m, t := range s.models {
		if s.active(m) {
			rates[m] = t.progress.Rate
		}
	}
	return vector(s.models[0].dtype, rates, len(rates), 1)
}

// sound notes the models whose loss or parameters are no longer finite after the
// steps begin to end, or whose loss has exploded.
func (s *stack) sound(next []*tensors.Tensor, begin, end int) error {
	before, err := rowsOfHost(s.now[sumsAt])
	if err != nil {
		return err
	}
	sums, err := rowsOfHost(next[sumsAt])
	if err != nil {
		return err
	}
	weights, err := rowsOfHost(next[paramsAt])
	if err != nil {
		return err
	}
	for m, t := range s.models {
		if !s.active(m) {
			continue
		}
		rows := min(end*t.cfg.Batch, len(t.rows)) - begin*t.cfg.Batch
		loss := (sums[m][0] - before[m][0]) / float64(rows)
		infinite := slices.ContainsFunc(weights[m], func(v float64) bool { return v-v != 0 })
		if t.exploded(loss) || infinite {
			s.errs[m] = &DivergedError{Epoch: t.progress.Epoch + 1, Step: begin, Loss: loss}
		}
	}
	return nil
}

// validation is the mean losses and terms of each model over its held-out rows.
func (s *stack) validation(ctx context.Context) ([][]float64, error) {
	t := s.models[0]
	orders := make([][]int32, len(s.models))
	keys := make([]uint64, len(s.models))
	for m, t := range s.models {
		orders[m], keys[m] = t.heldOrder, t.key(seedValidation)
	}
	now := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(keys, len(keys)), tensors.FromShape(s.now[sumsAt].Shape())}
	length := len(t.heldOrder)
	if t.whole && s.heldTensor == nil {
		s.heldTensor = cutOrders(orders, 0, length, length)
		var err error
		if s.heldData, err = s.call(s.orderProgram, []any{s.heldTensor}, t.data); err != nil {
			return nil, err
		}
	}
	for begin, total := 0, length/s.cfg.Batch; begin < total; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		args := []any{s.now[paramsAt], now[0], now[1]}
		end, program, data := begin+1, s.validateStep, t.data
		if t.whole {
			end, program, data = min(begin+s.blockSteps(), total), s.validateProgram, s.heldData
			args = append(args, int32(begin), int32(end), s.heldTensor)
		} else {
			args = append(args, cutOrders(orders, begin*s.cfg.Batch, end*s.cfg.Batch, s.cfg.Batch))
		}
		out, err := s.call(program, args, data)
		if err != nil {
			return nil, err
		}
		now, begin = out, end
	}
	sums, err := rowsOfHost(now[1])
	for m := range sums {
		for i := range sums[m] {
			sums[m][i] /= float64(len(s.models[m].held))
		}
	}
	return sums, err
}

// compile builds the programs.
func (s *stack) compile() error {
	return s.programs.compile(s.backend, computation{
		name: "fit:stack ", whole: s.models[0].whole, order: func(in []*graph.Node) []*graph.Node { return s.inputs(in[0], in[1:]) },
		steps: s.steps, validate: s.validate, single: s.single, validation: s.validateSingle,
	})
}
