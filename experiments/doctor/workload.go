package doctor

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// add takes a sample: the time of some steps, and what each of them moved.
type add func(steps int, took time.Duration, units float64) error

// workload is a model to be measured: run gives samples to add until add returns an
// error, or ctx ends.
type workload struct {
	model, unit string
	run         func(ctx context.Context, b compute.Backend, add add) error
}

// models are the parts of a run that compute, those of the sampled generator and of the
// paper's, with the sizes that experiments have. Larger batches, which a run has only
// where it asks for them, come last: they are what is left out where time is short.
func models() []workload {
	return []workload{
		{"VAE, batch 32", "rows", trainVAE(32)},
		{"LSTM, batch 32", "packets", trainSampled(32)},
		{"sampler, 1024 slots", "packets", drawPackets(1024)},
		{"window GRU, batch 64", "rows", trainWindow(64)},
		{"mixture of 25", "rows", fitMixture(25)},
		{"VAE, batch 256", "rows", trainVAE(256)},
		{"LSTM, batch 128", "packets", trainSampled(128)},
	}
}

// epochs is an observer of a training that gives its blocks of steps to add. Units are
// what an epoch moves.
func epochs(units float64, add add) func(fit.Epoch) error {
	last, done := time.Now(), 0
	return func(e fit.Epoch) error {
		steps, now := e.Done-done, time.Now()
		took := now.Sub(last)
		last, done = now, e.Done
		if e.Complete() {
			done = 0
		}
		return add(steps, took, units/float64(e.Total))
	}
}

// endless is more epochs than any measurement lasts.
const endless = 1 << 20

// uniform is a matrix of numbers in [0, 1).
func uniform(rows, columns int) *mat.Dense {
	random := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(rows, columns, nil)
	flat := x.RawMatrix().Data
	for i := range flat {
		flat[i] = random.Float64()
	}
	return x
}

// trainVAE trains the paper's network, 16-8-6-4-2, which the sampled generator has too.
func trainVAE(batch int) func(context.Context, compute.Backend, add) error {
	return func(ctx context.Context, b compute.Backend, add add) error {
		const rows = 1 << 15
		cfg := vae.DefaultConfig()
		cfg.Train.Batch, cfg.Train.Epochs, cfg.Train.ValidationFraction, cfg.Train.PlateauPatience = batch, endless, 0, 0
		cfg.Progress = epochs(rows, add)
		_, err := vae.Fit(ctx, b, cfg, uniform(rows, 16), nil)
		return err
	}
}

// httpNetwork is the sampled network as an experiment on HTTP has it.
func httpNetwork() lstm.SampledConfig {
	cfg := lstm.DefaultSampledConfig()
	cfg.Heads = []lstm.Head{{Name: "label", Classes: 15}, {Name: "class", Classes: 17}, {Name: "header", Classes: 7},
		{Name: "payload", Classes: 75}, {Name: "gap", Classes: 107}, {Name: "share", Classes: 16}}
	cfg.Continuous, cfg.Latent, cfg.Prior, cfg.Masked = 21, 7, true, 1
	return cfg
}

// sequences are flows of so many packets, drawn at random.
func sequences(cfg lstm.SampledConfig, flows, packets int) []lstm.Sequence {
	random := rand.New(rand.NewPCG(1, 1))
	all := make([]lstm.Sequence, flows)
	for i := range all {
		s := lstm.Sequence{Latent: make([]float32, cfg.Latent)}
		for range packets {
			codes := make([]int32, len(cfg.Heads))
			for k, head := range cfg.Heads {
				codes[k] = random.Int32N(int32(head.Classes))
			}
			s.Codes = append(s.Codes, codes)
			s.Continuous = append(s.Continuous, make([]float32, cfg.Continuous))
			s.Prior = append(s.Prior, make([]float32, cfg.Heads[0].Classes))
		}
		all[i] = s
	}
	return all
}

// trainSampled trains the sampled network on rows of 64 packets; the Go backend, which
// cannot scan, has them shorter, so that packets a second compare and steps do not.
func trainSampled(batch int) func(context.Context, compute.Backend, add) error {
	return func(ctx context.Context, b compute.Backend, add add) error {
		cfg := httpNetwork()
		cfg.Fit.Batch, cfg.Fit.Epochs = batch, endless
		flows := 8 * batch
		_, err := lstm.FitSampled(ctx, b, cfg, sequences(cfg, flows, cfg.Steps), epochs(float64(flows*cfg.Steps), add))
		return err
	}
}

// drawPackets draws from the sampled network, a packet for each slot in a step, as
// generation does. The network is one that has hardly been trained.
func drawPackets(slots int) func(context.Context, compute.Backend, add) error {
	return func(ctx context.Context, b compute.Backend, add add) error {
		cfg := httpNetwork()
		cfg.Steps, cfg.WarmUp, cfg.Fit.Batch, cfg.Fit.Epochs = 2, 0, 2, 1
		network, err := lstm.FitSampled(ctx, b, cfg, sequences(cfg, 2, 2), nil)
		if err != nil {
			return err
		}
		s, err := network.NewSampler(slots, 1)
		if err != nil {
			return err
		}
		defer s.CloseProgram()
		for steps := 1; ; {
			began := time.Now()
			for range steps {
				if err := s.Step(); err != nil {
					return err
				}
			}
			took := time.Since(began)
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := add(steps, took, float64(slots)); err != nil {
				return err
			}
			if took < 20*time.Millisecond {
				steps *= 2
			}
		}
	}
}

// trainWindow trains the paper's network on windows of 11 packets of 17 numbers.
func trainWindow(batch int) func(context.Context, compute.Backend, add) error {
	return func(ctx context.Context, b compute.Backend, add add) error {
		cfg := lstm.DefaultWindowConfig()
		cfg.Inputs, cfg.Features, cfg.HoldOut = 17, []string{"a", "b", "c", "d", "e", "f", "g", "h"}, 0
		cfg.Fit.Batch, cfg.Fit.Epochs, cfg.Fit.PlateauPatience, cfg.Fit.StopPatience = batch, endless, 0, 0
		lengths := make([]int, 512)
		for i := range lengths {
			lengths[i] = cfg.Steps
		}
		rows := len(lengths) * cfg.Steps
		_, err := lstm.FitWindow(ctx, b, cfg, uniform(rows, cfg.Inputs), lengths, uniform(rows, len(cfg.Features)), epochs(float64(rows), add))
		return err
	}
}

// fitMixture fits a mixture in the plane. A step is an iteration over all rows; its
// time is that of a long fit less that of a short one, over the iterations between.
func fitMixture(components int) func(context.Context, compute.Backend, add) error {
	return func(ctx context.Context, b compute.Backend, add add) error {
		const rows = 10_000
		x := uniform(rows, 2)
		start := &gmm.Start{}
		for k := range components {
			start.Means = append(start.Means, mat.Row(nil, k, x))
		}
		cfg := gmm.DefaultConfig()
		cfg.Start, cfg.Tolerance = start, 0
		fitted := func(iterations int) (time.Duration, int, error) {
			cfg.MaxIterations = iterations
			began := time.Now()
			m, err := gmm.Fit(ctx, b, x, cfg, rand.NewPCG(1, 1))
			if err != nil {
				return 0, 0, err
			}
			return time.Since(began), m.Iterations, nil
		}
		long := 12
		for {
			one, before, err := fitted(2)
			if err != nil {
				return err
			}
			all, after, err := fitted(long)
			if err != nil {
				return err
			}
			// So many iterations that they take longer than what is subtracted varies.
			if between := all - one; between > 300*time.Millisecond || long >= 1<<12 {
				if err := add(after-before, max(between, 1), rows); err != nil {
					return err
				}
			} else {
				long *= 8
			}
		}
	}
}
