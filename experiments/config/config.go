// Package config is the typed form of experiments.toml: what an experiment
// learns from, how its models are trained, what it generates and how that is
// scored.
//
// The file has one [defaults] table and one [experiment.NAME] table per
// experiment, which holds differences only and may start from another one with
// extends = "OTHER". Keys are the names in the toml tags below, nested with
// dots; a key that no field has is refused with the nearest one that exists.
// Every number carries its allowed range in a range tag, in the notation of
// mathematics: "[1,64]" includes both ends, "(0,1]" excludes the 0, "[1,)" has
// no upper end.
package config

import (
	"net/netip"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Experiment is the whole configuration of one run. The zero value is not
// useful: start from Default.
type Experiment struct {
	About     string    `toml:"about" json:"about,omitempty"`  // one line for the list of experiments
	Seed      uint64    `toml:"seed" json:"seed" range:"[0,)"` // every random choice follows from it; default 1
	Generator Generator `toml:"generator" json:"generator"`    // how packets are made; default sampled
	Backend   Backend   `toml:"backend" json:"backend"`        // what computes, auto: the fastest that works; default auto
	Data      Data      `toml:"data" json:"data"`
	Features  Features  `toml:"features" json:"features"`
	VAE       VAE       `toml:"vae" json:"vae"`
	GMM       GMM       `toml:"gmm" json:"gmm"`
	Markov    Markov    `toml:"markov" json:"markov"`
	LSTM      LSTM      `toml:"lstm" json:"lstm"`
	Generate  Generate  `toml:"generate" json:"generate"`
	Evaluate  Evaluate  `toml:"evaluate" json:"evaluate"`
}

// Data says which packets are learnt.
type Data struct {
	Name        string           `toml:"name" json:"name"`                               // data set of the catalog; default "testbed", the embedded capture
	Path        string           `toml:"path" json:"path,omitempty"`                     // a file instead of Name: a capture, a packet table, or a published CSV of packets or uplinks; default none
	Application flow.Application `toml:"application" json:"application"`                 // flows of this one only; default HTTP
	Limit       int              `toml:"limit" json:"limit" range:"[0,)"`                // packets read at most, 0: all; default 0
	IdleTimeout Duration         `toml:"idle_timeout" json:"idle_timeout" range:"[0s,)"` // silence that ends a flow, 0s: 5m, and 2h4m for an established TCP connection; default 0s
	TestShare   float64          `toml:"test_share" json:"test_share" range:"(0,0.9]"`   // share of the flows held out for the scores; default 0.3
	Flows       Flows            `toml:"flows" json:"flows"`                             // what belongs together, five-tuple: connections, none: all packets are one timeline; default five-tuple
	Port        int              `toml:"port" json:"port" range:"[0,255]"`               // LoRaWAN: uplinks to this application port (FPort) only, 0: all; default 0
	Gateway     string           `toml:"gateway" json:"gateway,omitempty"`               // LoRaWAN: uplinks that this gateway heard only, as 16 hexadecimal digits; default all
}

// Features says how a packet becomes a row of numbers (algorithm.md 3 to 5).
type Features struct {
	Variant feature.Variant `toml:"variant" json:"variant"` // set of packet features; default general
	Compat  bool            `toml:"compat" json:"compat"`   // NeCSTGen's own definitions where they differ (D05, D09); default false
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

// GMM configures the mixture that clusters latent points.
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
	Epochs          int     `toml:"epochs" json:"epochs" range:"[1,100000]"`                  // passes over the training flows; default 60
	Batch           int     `toml:"batch" json:"batch" range:"[1,65536]"`                     // rows of 32 packets a step; default 32
	LearningRate    float64 `toml:"learning_rate" json:"learning_rate" range:"(0,1]"`         // Adam's; default 3e-3
	Dropout         float64 `toml:"dropout" json:"dropout" range:"[0,1)"`                     // share of the recurrent state that training hides from the outputs; default 0.2
	Noise           float64 `toml:"noise" json:"noise" range:"[0,10]"`                        // standard deviation of training's noise on what is drawn for a whole flow, in normal scores; default 0.3
	Jitter          float64 `toml:"jitter" json:"jitter" range:"[0,10]"`                      // the same on what the network is told of the packets so far; default 0.05
	ValidationShare float64 `toml:"validation_share" json:"validation_share" range:"[0,0.5]"` // share of the training rows that choose the best epoch; default 0.1
	Patience        int     `toml:"patience" json:"patience" range:"[0,10000]"`               // epochs without a gain before the learning rate is halved, three times as many before training ends, 0: never; default 4
	GapBins         int     `toml:"gap_bins" json:"gap_bins" range:"[2,1024]"`                // quantile bins of the log10 gap; default 96
	LengthBins      int     `toml:"length_bins" json:"length_bins" range:"[2,1024]"`          // bins for lengths that are not frequent values; default 64
	MaxLength       int     `toml:"max_length" json:"max_length" range:"[1,65536]"`           // packets of a flow that are learnt, the rest is cut; default 1024
}

// Generate says what is written. Generation ends at the first of its bounds.
type Generate struct {
	Flows         int             `toml:"flows" json:"flows" range:"[0,1000000000]"`        // flows, 0: as many as the capture has, or as the other bounds allow; default 0
	Packets       int64           `toml:"packets" json:"packets" range:"[0,)"`              // end after the flow that reaches this many, 0: no limit; default 0
	Duration      Duration        `toml:"duration" json:"duration" range:"[0s,)"`           // no flow starts later than this after the first, 0s: no limit; default 0s
	RateFactor    float64         `toml:"rate_factor" json:"rate_factor" range:"(0,10000]"` // flows a second, as a multiple of the capture's; default 1
	Payload       payload.Filling `toml:"payload" json:"payload"`                           // what fills payload bytes; default neutral
	MTU           int             `toml:"mtu" json:"mtu" range:"[576,9216]"`                // bytes of an IP packet at most; default 1500
	Complete      bool            `toml:"complete" json:"complete"`                         // every TCP connection gets its handshake and its close, as if none had begun before the capture; default false
	Link          tcp.Link        `toml:"link" json:"link"`                                 // LoRaWAN: how uplinks stand in the capture; default loratap
	IPv6          address.IPv6    `toml:"ipv6" json:"ipv6"`                                 // which flows are IPv6; default observed
	Addresses     []netip.Prefix  `toml:"addresses" json:"addresses,omitempty"`             // ranges that hosts are drawn from; default those reserved for documentation
	KeepAddresses bool            `toml:"keep_addresses" json:"keep_addresses"`             // hosts have the addresses of the training capture, so that the result is as private as that; default false
	Clients       int             `toml:"clients" json:"clients" range:"[0,60000]"`         // hosts that open flows, 0: as many as the training capture has; default 0
	Servers       int             `toml:"servers" json:"servers" range:"[0,60000]"`         // hosts that answer, 0: as many as the training capture has; default 0
	Retransmit    float64         `toml:"retransmit" json:"retransmit" range:"[0,0.5]"`     // share of TCP data segments that are sent twice; default 0
	Start         time.Time       `toml:"start" json:"start,omitzero"`                      // time of the first packet, RFC 3339; default the training capture's
}

// Evaluate configures the scores.
type Evaluate struct {
	Trees  int `toml:"trees" json:"trees" range:"[1,10000]"`  // trees of the forest of the two-sample tests; default 200
	Folds  int `toml:"folds" json:"folds" range:"[2,100]"`    // folds of their cross validation; default 5
	Floors int `toml:"floors" json:"floors" range:"[2,1000]"` // random halvings of the real flows behind each floor; default 5
}

// Default is the configuration before experiments.toml is read.
func Default() Experiment {
	return Experiment{
		Seed:      1,
		Generator: Sampled,
		Backend:   Auto,
		Data:      Data{Name: "testbed", Application: flow.HTTP, TestShare: 0.3, Flows: FiveTuple},
		Features:  Features{Variant: feature.General},
		VAE:       VAE{Hidden: []int{8, 6, 4}, Latent: 2, Beta: 1.0 / 32, Epochs: 30, Batch: 32, LearningRate: 1e-3},
		GMM: GMM{Components: BIC, MaxComponents: 24, Covariance: Full, Iterations: 200,
			Tolerance: 1e-3, Regularization: 1e-6},
		Markov: Markov{Order: 5},
		LSTM: LSTM{Units: 96, Epochs: 60, Batch: 32, LearningRate: 3e-3, Dropout: 0.2, Noise: 0.3, Jitter: 0.05, ValidationShare: 0.1, Patience: 4,
			GapBins: 96, LengthBins: 64, MaxLength: 1024},
		Generate: Generate{RateFactor: 1, Payload: payload.Neutral, MTU: 1500, Link: tcp.LoRaTap, IPv6: address.IPv6Observed},
		Evaluate: Evaluate{Trees: 200, Folds: 5, Floors: 5},
	}
}
