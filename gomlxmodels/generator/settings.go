package generator

import (
	_ "embed" // of this file
	"fmt"
	"strconv"

	"github.com/necstgen/necstgen/datasets/feature"
)

// Settings are what experiments.toml says about the models: its tables features,
// vae, gmm, markov and lstm. The comments on the fields are what users are told of
// the keys, and the range tags what a key takes, as package config documents.
type Settings struct {
	Features Features `toml:"features" json:"features"`
	VAE      VAE      `toml:"vae" json:"vae"`
	GMM      GMM      `toml:"gmm" json:"gmm"`
	Markov   Markov   `toml:"markov" json:"markov"`
	LSTM     LSTM     `toml:"lstm" json:"lstm"`

	// NoFlow says that what is learnt is one timeline without flows, cut into
	// segments (data.flows = "none"). It decides which stages there are.
	NoFlow bool `toml:"-" json:"no_flow"`
}

// SettingsSource is the source text of this file, for whoever shows the comments
// on the fields.
//
//go:embed settings.go
var SettingsSource string

// Features says how a packet becomes a row of numbers (algorithm.md 3 to 5).
type Features struct {
	Variant feature.Variant `toml:"variant" json:"variant"` // set of packet features; default general
	Compat  bool            `toml:"compat" json:"compat"`   // features as NeCSTGen computes them: the last dissected layer is the payload, LoRaWAN's is counted in characters of base64 and its frame counter by its logarithm, zeros stand for a mean, classes sort as text; default false
}

// VAE configures the variational autoencoder that embeds packets.
type VAE struct {
	Hidden       []int   `toml:"hidden" json:"hidden" range:"[1,4096]"`            // units of the encoder's layers, the decoder mirrors them; default 8, 6, 4
	Latent       int     `toml:"latent" json:"latent" range:"[1,64]"`              // latent dimensions; default 2
	Beta         float64 `toml:"beta" json:"beta" range:"[0,1000]"`                // weight of the KL term per sample; default 1/32, NeCSTGen's effective one
	Epochs       int     `toml:"epochs" json:"epochs" range:"[1,100000]"`          // passes over the training packets; default 30
	Batch        int     `toml:"batch" json:"batch" range:"[1,65536]"`             // rows a step; default 32
	LearningRate float64 `toml:"learning_rate" json:"learning_rate" range:"(0,1]"` // Adam's; default 1e-3
}

// GMM configures the mixture that clusters the packets' latent points.
type GMM struct {
	Components     Components `toml:"components" json:"components"`                          // a number, or "bic" to choose; default bic
	MaxComponents  int        `toml:"max_components" json:"max_components" range:"[1,1024]"` // the most that bic tries; default 24
	Covariance     Covariance `toml:"covariance" json:"covariance"`                          // shape of the components' covariance matrices; default full
	Iterations     int        `toml:"iterations" json:"iterations" range:"[1,100000]"`       // EM steps at most; default 200
	Tolerance      float64    `toml:"tolerance" json:"tolerance" range:"(0,1]"`              // gain of the mean log likelihood that ends EM; default 1e-3
	Regularization float64    `toml:"regularization" json:"regularization" range:"[0,1]"`    // added to the covariances' diagonals; default 1e-6
}

// Markov configures the chain over latent clusters, and the baseline of that name.
type Markov struct {
	Order int `toml:"order" json:"order" range:"[1,16]"` // labels a step looks back; default 5
}

// LSTM configures the recurrent network that writes the packets of a flow.
type LSTM struct {
	Units           int     `toml:"units" json:"units" range:"[1,4096]"`                      // width of the recurrent state; default 96
	Cell            Cell    `toml:"cell" json:"cell"`                                         // recurrent cell of the paper's network, auto: gru, as published; default auto
	Epochs          int     `toml:"epochs" json:"epochs" range:"[1,100000]"`                  // passes over the training flows; default 60
	Batch           int     `toml:"batch" json:"batch" range:"[1,65536]"`                     // a step of training learns from so many times 32 packets, of the paper's network from so many windows; default 32
	LearningRate    float64 `toml:"learning_rate" json:"learning_rate" range:"(0,1]"`         // Adam's; default 3e-3
	Dropout         float64 `toml:"dropout" json:"dropout" range:"[0,1)"`                     // share of the recurrent state that training hides from the outputs; default 0.2
	Noise           float64 `toml:"noise" json:"noise" range:"[0,10]"`                        // standard deviation of training's noise on what is drawn for a whole flow, in normal scores; default 0.3
	Jitter          float64 `toml:"jitter" json:"jitter" range:"[0,10]"`                      // the same on what the network is told of the packets so far; default 0.05
	ValidationShare float64 `toml:"validation_share" json:"validation_share" range:"[0,0.5]"` // share of the training rows that choose the best epoch; default 0.1
	Patience        int     `toml:"patience" json:"patience" range:"[0,10000]"`               // epochs without a gain before the learning rate is halved, three times as many before training ends, 0: never; default 4
	GapBins         int     `toml:"gap_bins" json:"gap_bins" range:"[2,1024]"`                // quantile bins of the log10 gap, each of 16 parts; default 24
	LengthBins      int     `toml:"length_bins" json:"length_bins" range:"[2,1024]"`          // bins for lengths that are not frequent values; default 64
	MaxLength       int     `toml:"max_length" json:"max_length" range:"[1,65536]"`           // packets of a flow that are learnt in one piece, a longer flow is cut; default 1024
}

// DefaultSettings returns the values that the comments on the fields name.
func DefaultSettings() Settings {
	return Settings{
		Features: Features{Variant: feature.General},
		VAE:      VAE{Hidden: []int{8, 6, 4}, Latent: 2, Beta: 1.0 / 32, Epochs: 30, Batch: 32, LearningRate: 1e-3},
		GMM:      GMM{Components: BIC, MaxComponents: 24, Covariance: Full, Iterations: 200, Tolerance: 1e-3, Regularization: 1e-6},
		Markov:   Markov{Order: 5},
		LSTM: LSTM{Cell: AutoCell, Units: 96, Epochs: 60, Batch: 32, LearningRate: 3e-3, Dropout: 0.2, Noise: 0.3, Jitter: 0.05, ValidationShare: 0.1,
			Patience: 4, GapBins: 24, LengthBins: 64, MaxLength: 1024},
	}
}

// Covariance names the shape of a mixture's covariance matrices.
type Covariance string

// The shapes.
const (
	Full     Covariance = "full"
	Diagonal Covariance = "diagonal"
)

// UnmarshalText takes one of the words above.
func (c *Covariance) UnmarshalText(text []byte) error {
	switch word := Covariance(text); word {
	case Full, Diagonal:
		*c = word
		return nil
	}
	return fmt.Errorf("want one of %s, %s", Full, Diagonal)
}

// Components is a number of mixture components, or BIC.
type Components int

// BIC leaves the number of components to the Bayesian information criterion.
const BIC Components = 0

// MaxComponents is NeCSTGen's largest mixture (85) with room to spare.
const MaxComponents = 1024

// String returns "bic" or the number.
func (c Components) String() string {
	if c == BIC {
		return "bic"
	}
	return strconv.Itoa(int(c))
}

// MarshalText returns what String does.
func (c Components) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText takes "bic" or a whole number from 1 to 1024.
func (c *Components) UnmarshalText(text []byte) error {
	if string(text) == "bic" {
		*c = BIC
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > MaxComponents {
		return fmt.Errorf("want %q or a whole number from 1 to %d", "bic", MaxComponents)
	}
	*c = Components(n)
	return nil
}

// Cell names the kind of a recurrent cell.
type Cell string

// The cells. AutoCell is the one that a generator was designed with.
const (
	AutoCell Cell = "auto"
	GRU      Cell = "gru"
	LongCell Cell = "lstm" // long short-term memory
)

// UnmarshalText takes one of the words above.
func (c *Cell) UnmarshalText(text []byte) error {
	switch word := Cell(text); word {
	case AutoCell, GRU, LongCell:
		*c = word
		return nil
	}
	return fmt.Errorf("want one of %s, %s, %s", AutoCell, GRU, LongCell)
}
