package vae

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// FitAll trains one model for each seed on the rows of x in one program, as a sweep
// over seeds does; see fit.RunStack. Model m is the one that Fit gives with
// cfg.Train.Seed = seeds[m], but for rounding: initial weights, split, order of
// rows, noise, learning rate and early stop are those of its seed. Record (may be
// nil) gets what Fit records, with the name "vae/seed-N/loss" in place of
// "vae/loss"; cfg.Progress sees the epochs of the first seed.
//
// Models whose training diverged are the last good ones, as with Fit, and the error
// names their seeds.
func FitAll(ctx context.Context, b compute.Backend, cfg Config, seeds []uint64, x mat.Matrix, record fit.RecordFunc) ([]*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	warnings, err := check(x, cfg.Columns)
	if err != nil {
		return nil, err
	}
	_, features := x.Dims()
	models, starts := make([]*Model, len(seeds)), make([]fit.Params, len(seeds))
	for m, seed := range seeds {
		one := cfg
		one.Train.Seed = seed
		models[m] = &Model{Config: one, Columns: cfg.Columns, Features: features, Warnings: append([]error(nil), warnings...)}
		starts[m] = initial(one, features)
	}
	if len(models) == 0 {
		return nil, errors.New("vae: no seeds: want at least one")
	}
	observe := func(m int, e fit.Epoch) error {
		progress := cfg.Progress
		if m > 0 {
			progress = nil
		}
		return observer(record, fmt.Sprintf("vae/seed-%d/", seeds[m]), progress)(e)
	}
	data, err := onDevice(b, x, cfg.dtype())
	if err != nil {
		return nil, err
	}
	defer data.FinalizeAll()
	trained, results, err := fit.RunStack(ctx, b, cfg.Train, seeds, starts, []*tensors.Tensor{data}, models[0].problem(), observe)
	if len(trained) == 0 {
		return nil, wrap(err)
	}
	errs := []error{wrap(err)}
	for m, model := range models {
		model.params, model.Result = trained[m], results[m]
		model.Warnings = append(model.Warnings, results[m].Warnings...)
		errs = append(errs, model.build(b))
	}
	return models, errors.Join(errs...)
}
