// Package vae is the variational autoencoder of the NeCSTGen paper on GoMLX:
// rows of features in [0, 1] to a two-dimensional latent space and back. Fit trains
// a Model, which encodes and decodes matrices and is saved as a folder.
//
//	encoder  x [rows, F] -> 8 -> 6 -> 4, LeakyReLU after each
//	latent   mean, logVar [rows, 2];  z = mean + exp(logVar/2) e,  e ~ N(0, 1)
//	decoder  z -> 4 -> 6 -> 8, LeakyReLU after each -> F, sigmoid
//
// It minimises, per row,
//
//	sum_F (BCE(x, x') + |x - x'|) + beta KL
//	KL = 1/2 sum_2 (exp(logVar) + mean^2 - 1 - logVar)
//
// (Kingma & Welling 2014, appendix B, for the KL term). The published program
// sums the reconstruction over its batch of 32 and averages the KL term, so
// its weight depends on the batch; here beta is explicit and 1/32 by default.
package vae

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// Model is a fitted autoencoder. Its methods may be called concurrently.
type Model struct {
	Config   Config
	Columns  []string   // names of the features, in order; may be nil
	Features int        // width of x
	Result   fit.Result // the course of the training; empty after Load
	Warnings []error    // doubts about the data, such as constant columns

	params         fit.Params
	encode, decode *graph.Exec
}

// The parameters of a model in their order: each layer has a kernel [in, out]
// and a bias [out]. The latent layer holds the means first, then the log
// variances.
func layers(cfg Config, features int) (names []string, sizes [][2]int) {
	width := features
	add := func(name string, out int) {
		names, sizes = append(names, name), append(sizes, [2]int{width, out})
		width = out
	}
	for i, n := range cfg.Hidden {
		add(fmt.Sprintf("encoder/%d", i), n)
	}
	add("latent", 2*cfg.Latent)
	width = cfg.Latent
	for i := range cfg.Hidden {
		add(fmt.Sprintf("decoder/%d", i), cfg.Hidden[len(cfg.Hidden)-1-i])
	}
	add("output", features)
	return names, sizes
}

// Fit trains a model on the rows of x [rows, features] in [0, 1]. Record (may
// be nil) gets after each epoch "vae/loss", "vae/reconstruction" and "vae/kl"
// (the KL term before its weight), the same under "vae/validation_..." where
// rows are held out, and "vae/learning_rate".
//
// When ctx ends, it returns the model so far together with the context's
// error; with cfg.Train.Checkpoint set, the next Fit goes on from there. When
// training diverges, it returns the last good model and a *fit.DivergedError.
func Fit(ctx context.Context, b compute.Backend, cfg Config, x mat.Matrix, record fit.RecordFunc) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	warnings, err := check(x, cfg.Columns)
	if err != nil {
		return nil, err
	}
	_, features := x.Dims()
	m := &Model{Config: cfg, Columns: cfg.Columns, Features: features, Warnings: warnings}
	data, err := onDevice(b, x, cfg.dtype())
	if err != nil {
		return nil, err
	}
	defer data.FinalizeAll()
	params, result, err := fit.Run(ctx, b, cfg.Train, initial(cfg, features), []*tensors.Tensor{data}, m.problem(), observer(record, cfg.Progress))
	if len(params.Values) == 0 {
		return nil, wrap(err)
	}
	m.params, m.Result = params, result
	m.Warnings = append(m.Warnings, result.Warnings...)
	return m, errors.Join(wrap(err), m.build(b))
}

// problem is what fit minimises.
func (m *Model) problem() fit.Problem {
	return fit.Problem{
		Loss: m.loss, TermNames: []string{"reconstruction", "kl"},
		Name: fmt.Sprintf("vae, beta %v, slope %v", m.Config.Beta, m.Config.Slope),
	}
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("vae: %w", err)
}

// observer hands the numbers of each complete epoch to record.
func observer(record fit.RecordFunc, progress func(fit.Epoch) error) func(fit.Epoch) error {
	return func(e fit.Epoch) error {
		if progress != nil {
			if err := progress(e); err != nil {
				return err
			}
		}
		if record == nil || !e.Complete() {
			return nil
		}
		var errs []error
		put := func(name string, value float64) { errs = append(errs, record("vae/"+name, e.Number, value)) }
		put("loss", e.Loss)
		put("reconstruction", e.Terms["reconstruction"])
		put("kl", e.Terms["kl"])
		if e.ValidationTerms != nil {
			put("validation_loss", e.ValidationLoss)
			put("validation_reconstruction", e.ValidationTerms["reconstruction"])
			put("validation_kl", e.ValidationTerms["kl"])
		}
		put("learning_rate", e.LearningRate)
		return errors.Join(errs...)
	}
}

// onDevice copies x to the device. Where it shares the host's memory, as a CPU does,
// this is the only copy.
func onDevice(b compute.Backend, x mat.Matrix, dtype dtypes.DType) (*tensors.Tensor, error) {
	rows, cols := x.Dims()
	t, err := tensors.FromShapeForBackend(b, 0, shapes.Make(dtype, rows, cols))
	if err == nil {
		err = t.MutableFlatData(func(flat any) {
			switch to := flat.(type) {
			case []float64:
				fill(to, x)
			case []float32:
				fill(to, x)
			}
		})
	}
	if err != nil {
		return nil, fmt.Errorf("vae: move rows to the device: %w", err)
	}
	return t, nil
}

// fill writes x row by row to the front of dst.
func fill[T float32 | float64](dst []T, x mat.Matrix) []T {
	rows, cols := x.Dims()
	if raw, ok := x.(mat.RawMatrixer); ok {
		m := raw.RawMatrix()
		for i := range rows {
			for j, v := range m.Data[i*m.Stride : i*m.Stride+cols] {
				dst[i*cols+j] = T(v)
			}
		}
		return dst
	}
	for i := range rows {
		for j := range cols {
			dst[i*cols+j] = T(x.At(i, j))
		}
	}
	return dst
}
