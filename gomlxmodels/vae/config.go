package vae

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// Config describes the network and its training. DefaultConfig gives the
// values in brackets.
type Config struct {
	Hidden  []int   `toml:"hidden" json:"hidden"`   // widths of the encoder's layers, each >= 1; the decoder mirrors them [8, 6, 4]
	Latent  int     `toml:"latent" json:"latent"`   // dimensions of the latent space, >= 1 [2]
	Slope   float64 `toml:"slope" json:"slope"`     // of LeakyReLU below zero, in [0, 1) [0.1]
	Beta    float64 `toml:"beta" json:"beta"`       // weight of the KL term per row, >= 0 [1/32]
	Float64 bool    `toml:"float64" json:"float64"` // compute in float64, as comparisons with other programs need [false]

	Train fit.Config `toml:"train" json:"train"` // [fit.DefaultConfig; the paper's learning rate is 1e-4]

	Columns  []string                `toml:"-" json:"-"` // names of the features for messages, as many as columns, or nil
	Progress func(e fit.Epoch) error `toml:"-" json:"-"`
}

// DefaultConfig is the paper's network, trained as fit.DefaultConfig says,
// with a tenth of the rows held out and the learning rate halved on a plateau
// of five epochs.
func DefaultConfig() Config {
	train := fit.DefaultConfig()
	train.ValidationFraction, train.PlateauPatience = 0.1, 5
	return Config{Hidden: []int{8, 6, 4}, Latent: 2, Slope: 0.1, Beta: 1.0 / 32, Train: train}
}

// Validate reports every key that is out of its range, with the range.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, key string, value any, allowed string) {
		if !ok {
			errs = append(errs, fmt.Errorf("vae: %s = %v: must be %s", key, value, allowed))
		}
	}
	check(len(c.Hidden) >= 1, "hidden", c.Hidden, "at least one width")
	for i, n := range c.Hidden {
		check(n >= 1, fmt.Sprintf("hidden[%d]", i), n, ">= 1")
	}
	check(c.Latent >= 1, "latent", c.Latent, ">= 1")
	check(c.Slope >= 0 && c.Slope < 1, "slope", c.Slope, "in [0, 1)")
	check(c.Beta >= 0 && !math.IsInf(c.Beta, 0), "beta", c.Beta, ">= 0")
	return errors.Join(append(errs, c.Train.Validate())...)
}

func (c Config) dtype() dtypes.DType {
	if c.Float64 {
		return dtypes.Float64
	}
	return dtypes.Float32
}

// check returns an error that names the rows that would make a model of NaN, and
// warnings about columns that hold one value only.
func check(x mat.Matrix, columns []string) (warnings []error, err error) {
	rows, cols := x.Dims()
	if rows == 0 || cols == 0 {
		return nil, fmt.Errorf("vae: x is [%d, %d]: needs rows and features", rows, cols)
	}
	if columns != nil && len(columns) != cols {
		return nil, fmt.Errorf("vae: %d column names for %d features", len(columns), cols)
	}
	name := func(j int) string {
		if columns != nil {
			return fmt.Sprintf("%d (%s)", j, columns[j])
		}
		return fmt.Sprint(j)
	}
	var bad []error
	for j := range cols {
		low, high := math.Inf(1), math.Inf(-1)
		for i := range rows {
			v := x.At(i, j)
			if !(v >= 0 && v <= 1) { // NaN too
				bad = append(bad, fmt.Errorf("vae: row %d, column %s = %v: must be in [0, 1]", i, name(j), v))
				break
			}
			low, high = min(low, v), max(high, v)
		}
		if low == high && rows > 1 {
			warnings = append(warnings, fmt.Errorf("vae: column %s is constant (%v): it teaches nothing; leave it out or check its transform", name(j), low))
		}
	}
	return warnings, errors.Join(bad...)
}
