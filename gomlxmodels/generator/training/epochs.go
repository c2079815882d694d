package training

import (
	"math"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Progress returns an observer of a training that tells a stage its epochs.
func Progress(env *stage.Env, epochs int) func(fit.Epoch) error {
	return func(e fit.Epoch) error {
		if e.Complete() {
			env.Progress(int64(e.Number), int64(epochs), "epochs")
		}
		return nil
	}
}

// Losses returns an observer that tells a stage its epochs and records the losses
// under the name of a model.
func Losses(env *stage.Env, name string, epochs int) func(fit.Epoch) error {
	progress := Progress(env, epochs)
	return func(e fit.Epoch) error {
		if err := progress(e); err != nil || !e.Complete() {
			return err
		}
		if !math.IsNaN(e.ValidationLoss) {
			if err := env.Record(name+"/validation_loss", e.Number, e.ValidationLoss); err != nil {
				return err
			}
		}
		return env.Record(name+"/loss", e.Number, e.Loss)
	}
}

// stopAfter is how often patience must run out before a training ends: once halves
// the learning rate.
const stopAfter = 3

// Network returns how a recurrent network is trained. What is left open is that of
// base; the held-out part is the network's own business.
func Network(base fit.Config, epochs, batch int, learningRate float64, patience int) fit.Config {
	base.Epochs, base.Batch, base.LearningRate = epochs, batch, learningRate
	base.PlateauPatience, base.StopPatience, base.KeepBest = patience, stopAfter*patience, true
	return base
}
