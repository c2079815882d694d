// Package lstm holds the recurrent networks.
//
// A Window is the paper's: it looks at a window of decoded packets and predicts the
// point of the last one. FitWindow trains it, Predict runs it over whole flows.
//
// A Sampled network has a distribution for every output, of which each packet is drawn
// given all before it. FitSampled trains it on Sequences; a Sampler advances many
// sequences together, a packet a step. Its cell is an LSTM (Hochreiter and Schmidhuber
// 1997) whose back-propagation through long sequences is written by hand, in scan.go.
//
// CrossValidate has networks of the same cell tell two classes of sequences apart.
//
// Models are saved as a folder: a GoMLX checkpoint with the configuration beside it.
package lstm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// Head is one categorical output of a network. Those of the sampled network are drawn
// in their order, and each sees what was drawn before it.
type Head struct {
	Name    string `json:"name"`
	Classes int    `json:"classes"`
}

// SampledConfig is the shape of a sampled network and how it is trained.
type SampledConfig struct {
	Units      int        `json:"units"`      // of the cell; default 96
	HeadUnits  int        `json:"head_units"` // hidden units of each head; default 64
	Embedding  int        `json:"embedding"`  // width that a head's classes are embedded in, at most; default 16
	Heads      []Head     `json:"heads"`      // at least one
	Continuous int        `json:"continuous"` // numbers known before a packet is drawn
	Latent     int        `json:"latent"`     // numbers given for the whole sequence
	Noise      float64    `json:"noise"`      // standard deviation of the noise on Latent in training; default 0.3
	Jitter     float64    `json:"jitter"`     // the same on Continuous, drawn for every step; default 0.05
	Masked     int        `json:"masked"`     // the head whose logits the sampler masks; 0: none (the first head has the prior)
	Prior      bool       `json:"prior"`      // the first head starts from a given log-probability
	Steps      int        `json:"steps"`      // length of a training row; default 64
	WarmUp     int        `json:"warm_up"`    // steps before a cut that fill the state and do not count; default 16
	MaxUnroll  int        `json:"max_unroll"` // rows of at most so many steps are unrolled, longer ones scanned; default 16
	Dropout    float64    `json:"dropout"`    // fraction of the hidden state hidden from the heads in training; default 0.2
	Fit        fit.Config `json:"fit"`

	// Rare has for each of the first heads the proportion of the most probable class's
	// probability below which the sampler does not draw a class; 0: it draws all. A
	// network that learns from few sequences leaves a little to each class that does
	// not fit, and over the packets of a flow that adds up.
	Rare []float64 `json:"rare,omitempty"`
}

// rare returns the entry of Rare of a head.
func (c SampledConfig) rare(head int) float64 {
	if head >= len(c.Rare) {
		return 0
	}
	return c.Rare[head]
}

// DefaultSampledConfig is the network that generators train, without its heads.
func DefaultSampledConfig() SampledConfig {
	c := fit.DefaultConfig()
	c.Epochs, c.Batch, c.LearningRate, c.ClipNorm = 120, 16, 3e-3, 1
	return SampledConfig{Units: 96, HeadUnits: 64, Embedding: 16, Noise: 0.3, Jitter: 0.05, Dropout: 0.2, Steps: 64, WarmUp: 16, MaxUnroll: 16, Fit: c}
}

// Validate reports every field that is out of range.
func (c SampledConfig) Validate() error {
	var problems []error
	check := func(ok bool, key string, value, want any) {
		if !ok {
			problems = append(problems, fmt.Errorf("lstm: %s = %v: want %v", key, value, want))
		}
	}
	check(c.Units >= 1 && c.Units <= 4096, "units", c.Units, "1 to 4096")
	check(c.HeadUnits >= 1 && c.HeadUnits <= 4096, "head_units", c.HeadUnits, "1 to 4096")
	check(c.Embedding >= 1, "embedding", c.Embedding, "at least 1")
	check(len(c.Heads) > 0, "heads", len(c.Heads), "at least one")
	for _, head := range c.Heads {
		check(head.Classes >= 1, "heads."+head.Name, head.Classes, "at least one class")
	}
	check(len(c.Rare) <= len(c.Heads), "rare", len(c.Rare), "one for each head at most")
	for _, rare := range c.Rare {
		check(rare >= 0 && rare < 1, "rare", rare, "0 to below 1")
	}
	check(c.Masked >= 0 && c.Masked < max(1, len(c.Heads)), "masked", c.Masked, "the index of a head")
	check(c.Continuous >= 0, "continuous", c.Continuous, "0 or more")
	check(c.Latent >= 0, "latent", c.Latent, "0 or more")
	check(c.Noise >= 0 && !math.IsInf(c.Noise, 0), "noise", c.Noise, "0 or more")
	check(c.Jitter >= 0 && !math.IsInf(c.Jitter, 0), "jitter", c.Jitter, "0 or more")
	check(c.Steps >= 2, "steps", c.Steps, "at least 2")
	check(c.WarmUp >= 0 && c.WarmUp < c.Steps, "warm_up", c.WarmUp, "0 to steps-1")
	check(c.Dropout >= 0 && c.Dropout < 1, "dropout", c.Dropout, "0 to below 1")
	if err := c.Fit.Validate(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// Sequence is one flow as the network sees it.
type Sequence struct {
	Codes      [][]int32   // [time][head], what each head should draw
	Continuous [][]float32 // [time][continuous], known before the step is drawn
	Prior      [][]float32 // [time][classes of the first head], log-probabilities; nil without a prior
	Latent     []float32   // [latent]
}

// Sampled is a trained network.
type Sampled struct {
	Config  SampledConfig
	Params  fit.Params
	Result  fit.Result
	backend compute.Backend
}

// FitSampled trains the network on sequences. Sequences are laid one behind the
// other into rows of cfg.Steps, so that short ones cost no padding; one that is
// cut at a row's end goes on in the next after a warm-up that does not count.
func FitSampled(ctx context.Context, b compute.Backend, cfg SampledConfig, sequences []Sequence, observe func(fit.Epoch) error) (*Sampled, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := checkSequences(cfg, sequences); err != nil {
		return nil, err
	}
	cfg.shorten(b)
	n := newNetwork(cfg)
	params := n.initialize(rand.NewPCG(cfg.Fit.Seed, 0x6c73746d))
	trained, result, err := fit.Run(ctx, b, cfg.Fit, params, pack(cfg, sequences), n.problem(), observe)
	if err != nil {
		return nil, fmt.Errorf("lstm: %w", err)
	}
	return &Sampled{Config: cfg, Params: trained, Result: result, backend: b}, nil
}

// shorten fits the rows to a backend that cannot scan: the Go backend has no
// dynamic slices, so there rows are short enough to be unrolled.
func (c *SampledConfig) shorten(b compute.Backend) {
	if scans(b) || c.Steps <= c.MaxUnroll {
		return
	}
	c.Steps = max(2, c.MaxUnroll)
	c.WarmUp = min(c.WarmUp, c.Steps/2)
}

// scans reports whether a backend can run the steps of a sequence as a loop.
func scans(b compute.Backend) bool { return b.Capabilities().Operations[compute.OpTypeDynamicSlice] }

func checkSequences(cfg SampledConfig, sequences []Sequence) error {
	steps := 0
	for i, s := range sequences {
		steps += len(s.Codes)
		if len(s.Continuous) != len(s.Codes) || cfg.Prior && len(s.Prior) != len(s.Codes) || len(s.Latent) != cfg.Latent {
			return fmt.Errorf("lstm: sequence %d: %d codes, %d continuous, %d priors and %d latent values: want equal times and %d latent",
				i, len(s.Codes), len(s.Continuous), len(s.Prior), len(s.Latent), cfg.Latent)
		}
		for t, codes := range s.Codes {
			for k, code := range codes {
				if k >= len(cfg.Heads) || code < 0 || int(code) >= cfg.Heads[k].Classes {
					return fmt.Errorf("lstm: sequence %d, step %d, head %d: class %d is outside the head", i, t, k, code)
				}
			}
		}
	}
	if steps == 0 {
		return fmt.Errorf("lstm: no step to learn from in %d sequences", len(sequences))
	}
	return nil
}

// rows is the packed training data, row after row.
type rows struct {
	cfg        SampledConfig
	codes      []int32
	continuous []float32
	latent     []float32
	prior      []float32
	keep       []float32 // 0 where a flow starts
	weight     []float32 // 1 where the step counts
	filled     int       // steps written
}

// pack lays the sequences into rows: tensors codes [N, T, heads], continuous
// [N, T, continuous], latent [N, T, latent], prior [N, T, classes of head 0]
// (width 1 of zeros without a prior), keep and weight [N, T].
func pack(cfg SampledConfig, sequences []Sequence) []*tensors.Tensor {
	r := &rows{cfg: cfg}
	for _, s := range sequences {
		for t := 0; t < len(s.Codes); t++ {
			if r.filled%cfg.Steps == 0 && t > 0 { // cut: fill the state again
				for w := max(0, t-cfg.WarmUp); w < t; w++ {
					r.add(s, w, w == 0 || w == t-cfg.WarmUp, 0)
				}
			}
			r.add(s, t, t == 0, 1)
		}
	}
	blank := Sequence{Codes: [][]int32{make([]int32, len(cfg.Heads))}, Continuous: [][]float32{make([]float32, cfg.Continuous)}, Latent: make([]float32, cfg.Latent)}
	if cfg.Prior {
		blank.Prior = [][]float32{make([]float32, cfg.Heads[0].Classes)}
	}
	for r.filled%cfg.Steps != 0 {
		r.add(blank, 0, true, 0)
	}
	n, t := r.filled/cfg.Steps, cfg.Steps
	tensor := func(flat []float32, width int) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(flat, n, t, width)
	}
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(r.codes, n, t, len(cfg.Heads)),
		tensor(r.continuous, cfg.Continuous), tensor(r.latent, cfg.Latent), tensor(r.prior, priorWidth(cfg)),
		tensors.FromFlatDataAndDimensions(r.keep, n, t), tensors.FromFlatDataAndDimensions(r.weight, n, t),
	}
}

func priorWidth(cfg SampledConfig) int {
	if cfg.Prior {
		return cfg.Heads[0].Classes
	}
	return 1
}

func (r *rows) add(s Sequence, t int, start bool, weight float32) {
	r.codes = append(r.codes, s.Codes[t]...)
	r.continuous = append(r.continuous, s.Continuous[t]...)
	r.latent = append(r.latent, s.Latent...)
	if r.cfg.Prior {
		r.prior = append(r.prior, s.Prior[t]...)
	} else {
		r.prior = append(r.prior, 0)
	}
	keep := float32(1)
	if start {
		keep = 0
	}
	r.keep = append(r.keep, keep)
	r.weight = append(r.weight, weight)
	r.filled++
}
