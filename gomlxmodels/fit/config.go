package fit

import (
	"errors"
	"fmt"
	"math"
)

// Config is how to train. DefaultConfig gives the values in brackets.
type Config struct {
	Epochs int `toml:"epochs" json:"epochs"` // passes over the rows, >= 1 [50]
	Batch  int `toml:"batch" json:"batch"`   // rows a step, >= 1 [32]

	LearningRate float64 `toml:"learning_rate" json:"learning_rate"` // Adam's step size, > 0 [1e-3]
	ClipNorm     float64 `toml:"clip_norm" json:"clip_norm"`         // largest global norm of the gradients, 0: none [0]

	PlateauPatience int     `toml:"plateau_patience" json:"plateau_patience"`   // epochs without improvement before the learning rate is halved, 0: never [0]
	MinLearningRate float64 `toml:"min_learning_rate" json:"min_learning_rate"` // floor of the halving, >= 0 [1e-7]

	StopPatience int  `toml:"stop_patience" json:"stop_patience"` // epochs without improvement before training ends, 0: never [0]
	KeepBest     bool `toml:"keep_best" json:"keep_best"`         // return the parameters of the best epoch, not of the last [false]

	ValidationFraction float64 `toml:"validation_fraction" json:"validation_fraction"` // fraction of the rows, drawn by Seed, in [0,1) [0]
	ValidationRows     []int   `toml:"-" json:"-"`                                     // rows kept for validation, in place of a fraction

	KeepOrder bool `toml:"-" json:"-"` // take the rows in their order in every epoch, not shuffled [false]

	Seed uint64 `toml:"seed" json:"seed"` // order of rows, split and noise [1]

	Checkpoint      string `toml:"-" json:"-"`                               // folder for checkpoints; training resumes from the newest one there; empty: none
	CheckpointEvery int    `toml:"checkpoint_every" json:"checkpoint_every"` // epochs between checkpoints, >= 1 [10]
}

// What Keras has by default, and no training here had a reason to change. The types
// make 1-beta1 the same float64 as in Keras.
const (
	beta1       float64 = 0.9   // decay of Adam's first moment
	beta2       float64 = 0.999 // decay of its second moment
	epsilon             = 1e-7  // added to the root of the second moment
	plateauRate         = 0.5   // factor on the learning rate on a plateau
	improvement         = 1e-4  // least decrease of the loss that counts, relative to the best loss
)

// DefaultConfig trains 50 epochs of batches of 32 with Adam as Keras sets it.
func DefaultConfig() Config {
	return Config{
		Epochs: 50, Batch: 32,
		LearningRate: 1e-3, MinLearningRate: 1e-7,
		Seed: 1, CheckpointEvery: 10,
	}
}

// Validate reports every key that is out of its range, with the range.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, key string, value any, allowed string) {
		if !ok {
			errs = append(errs, fmt.Errorf("fit: %s = %v: must be %s", key, value, allowed))
		}
	}
	finite := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
	check(c.Epochs >= 1, "epochs", c.Epochs, ">= 1")
	check(c.Batch >= 1, "batch", c.Batch, ">= 1")
	check(finite(c.LearningRate) && c.LearningRate > 0, "learning_rate", c.LearningRate, "> 0")
	check(finite(c.ClipNorm) && c.ClipNorm >= 0, "clip_norm", c.ClipNorm, ">= 0 (0: no clipping)")
	check(c.PlateauPatience >= 0, "plateau_patience", c.PlateauPatience, ">= 0 (0: never)")
	check(finite(c.MinLearningRate) && c.MinLearningRate >= 0, "min_learning_rate", c.MinLearningRate, ">= 0")
	check(c.StopPatience >= 0, "stop_patience", c.StopPatience, ">= 0 (0: never)")
	check(c.ValidationFraction >= 0 && c.ValidationFraction < 1, "validation_fraction", c.ValidationFraction, "in [0, 1)")
	check(c.ValidationFraction == 0 || len(c.ValidationRows) == 0, "validation_fraction", c.ValidationFraction, "0 where validation rows are given")
	check(c.CheckpointEvery >= 1 || c.Checkpoint == "", "checkpoint_every", c.CheckpointEvery, ">= 1")
	return errors.Join(errs...)
}
