package stage

import (
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// backendName is the configuration's backend as package device takes it.
func backendName(b config.Backend) string {
	if b == config.Auto {
		return ""
	}
	return string(b)
}

// generatorConfig translates the configuration for the models.
func generatorConfig(e config.Experiment, data *traffic, seed uint64) (generator.Config, error) {
	cfg := generator.Config{
		Order: e.Markov.Order, GapBins: e.LSTM.GapBins, LengthBins: e.LSTM.LengthBins, MaxLength: e.LSTM.MaxLength,
		Lanes: lanes, Seed: seed, Before: data.before,
	}
	cfg.NoFlow = data.segment > 0
	if cfg.Variant = e.Features.Variant; data.facts.Uplinks {
		cfg.Variant = feature.LoRaWAN // there are no others for them
	}
	if e.Features.Compat {
		cfg.Compat = feature.Original()
	}
	v := vae.DefaultConfig()
	v.Hidden, v.Latent, v.Beta = e.VAE.Hidden, e.VAE.Latent, e.VAE.Beta
	v.Train.Epochs, v.Train.Batch, v.Train.LearningRate, v.Train.Seed = e.VAE.Epochs, e.VAE.Batch, e.VAE.LearningRate, seed
	cfg.VAE = v
	m := gmm.DefaultConfig()
	m.Components, m.MaxComponents, m.Covariance = int(e.GMM.Components), e.GMM.MaxComponents, gmm.Covariance(e.GMM.Covariance)
	m.MaxIterations, m.Tolerance, m.RegCovar = e.GMM.Iterations, e.GMM.Tolerance, e.GMM.Regularization
	cfg.GMM = m
	n := lstm.DefaultSampledConfig()
	n.Units, n.Dropout, n.Noise, n.Jitter = e.LSTM.Units, e.LSTM.Dropout, e.LSTM.Noise, e.LSTM.Jitter
	n.Fit.Epochs, n.Fit.Batch, n.Fit.LearningRate, n.Fit.Seed = e.LSTM.Epochs, e.LSTM.Batch, e.LSTM.LearningRate, seed
	n.Fit.ValidationFraction, n.Fit.KeepBest = e.LSTM.ValidationShare, true
	n.Fit.PlateauPatience, n.Fit.StopPatience = e.LSTM.Patience, 3*e.LSTM.Patience
	cfg.Network = n
	w := lstm.DefaultWindowConfig()
	w.Fit.Epochs, w.Fit.Seed = e.LSTM.Epochs, seed
	cfg.Window = w
	return cfg, nil
}

// lanes is how many flows are drawn in lockstep at most: enough that the call of
// the program costs little beside its arithmetic.
const lanes = 4096
