package fidelity

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity/identifier"
	"github.com/necstgen/necstgen/experiments/fidelity/tool"
)

// Config bounds the work of Compare. The zero value of a field means its default.
type Config struct {
	MaxFlows    int // flows a side that are compared; default 2,000
	MaxPackets  int // packets a side after which no further flow is taken; default 200,000
	MaxWindows  int // packet windows a side that the window classifier sees; default 2,000
	MinFlows    int // flows a side below which nothing is scored; default 20
	FloorSplits int // random splits of the real data that make the floor; default 5
	Folds       int // folds of the classifiers' cross-validation; default 5
	Trees       int // trees of a forest; default 200

	// NoFlow says that the flows are segments of one timeline, held out as a block
	// of time. Scores of flows then have a note in place of a value.
	NoFlow bool

	// Lacks says what the packets of one side do not tell; Lacks.Remove has taken it
	// from the other.
	Lacks Lacks

	// Recurrent opens what the adversary of whole flows learns with, when there are flows
	// enough for it; nil: its score is absent.
	Recurrent func() (SequenceClassifier, error)

	// Followed says that the synthetic flows have the starts and sizes of the real ones,
	// as they were asked to. Scores of privacy then say so in a note.
	Followed bool

	// Tools are what other programs say of both sides, of all applications together.
	Tools tool.Findings

	// Payloads is what the training packets say, and which of it the synthetic packets say
	// too. nil: nobody has looked, and NoPayloads says why.
	Payloads   *identifier.Original
	NoPayloads string
}

// withDefaults has the default of each field that is zero.
func (c Config) withDefaults() Config {
	for _, f := range c.fields() {
		if *f.value == 0 {
			*f.value = f.preset
		}
	}
	return c
}

// field is a field of Config with its name, its default and its least value.
type field struct {
	name   string
	value  *int
	preset int
	least  int
}

// fields are the numbers of a Config.
func (c *Config) fields() []field {
	return []field{
		{"max_flows", &c.MaxFlows, 2000, 4},
		{"max_packets", &c.MaxPackets, 200_000, 100},
		{"max_windows", &c.MaxWindows, 2000, 20},
		{"min_flows", &c.MinFlows, 20, 4},
		{"floor_splits", &c.FloorSplits, 5, 2},
		{"folds", &c.Folds, 5, 2},
		{"trees", &c.Trees, 200, 1},
	}
}

// validate reports every field that is out of range; 0 is the default.
func (c Config) validate() error {
	var errs []error
	for _, f := range c.fields() {
		if *f.value != 0 && *f.value < f.least {
			errs = append(errs, fmt.Errorf("fidelity: %s = %d: want at least %d, or 0 for %d", f.name, *f.value, f.least, f.preset))
		}
	}
	return errors.Join(errs...)
}

// Split is real traffic: the flows that models were fitted on, and the flows
// kept from them.
type Split struct {
	Training, HeldOut []*flow.Flow
}

// Score is one element of scores.json.
type Score struct {
	Application string              `json:"application"`            // or "all"
	Level       string              `json:"level"`                  // packet, radio, order, flow, coverage, load, classifier, use, privacy, tools, published, aggregate
	Score       string              `json:"score"`                  // name within the level
	Value       *float64            `json:"value,omitempty"`        // nil: Note says why
	Floor       *float64            `json:"floor,omitempty"`        // the same score between random halves of the real data
	FloorSpread *float64            `json:"floor_spread,omitempty"` // its standard deviation over the splits
	Interval    *[2]float64         `json:"interval,omitempty"`     // 95 %: of classifiers over bootstraps of the flows, of shares Wilson's
	LooksAt     []string            `json:"looks_at,omitempty"`     // of classifiers: what the synthetic side was told by, most first
	Baselines   map[string]*float64 `json:"baselines"`
	NReal       int                 `json:"n_real"`      // packets, flows or windows compared, by level
	NSynthetic  int                 `json:"n_synthetic"` // the same of the synthetic side
	Note        string              `json:"note,omitempty"`
}

// Compare scores synthetic flows, and each baseline's, against the real ones.
// With several applications in the real flows it scores all of them together
// and then each that has enough flows. The same arguments give the same scores.
//
// Scores of single packets and flows compare with the held-out flows. What
// depends on how flows follow each other (level load, time between flows)
// compares with the whole capture, because flows that are held out at random
// leave holes: what is generated stands for the whole, so its rates are those of
// all flows, and both sides are cut to the shorter one's span. Floors of the load
// are between random halves of the flows, each half as busy as the whole; without
// flows, between quarters of the time.
func Compare(cfg Config, real Split, synthetic []*flow.Flow, baselines map[string][]*flow.Flow, src rand.Source) ([]Score, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if len(real.HeldOut) == 0 {
		return nil, errors.New("fidelity: no held-out flow to compare with")
	}
	if len(synthetic) == 0 {
		return nil, errors.New("fidelity: no synthetic flow to compare")
	}
	cfg = cfg.withDefaults()
	applications := real.Applications()
	name := "all"
	if len(applications) == 1 {
		name = applications[0].String()
	}
	scores := compareOne(cfg, name, real, synthetic, baselines, src)
	if len(applications) == 1 {
		return scores, nil
	}
	cfg.Tools = tool.Findings{}
	for _, app := range applications {
		part := Split{only(real.Training, app), only(real.HeldOut, app)}
		if len(part.HeldOut) < cfg.MinFlows {
			continue
		}
		partBaselines := make(map[string][]*flow.Flow, len(baselines))
		for name, flows := range baselines {
			partBaselines[name] = only(flows, app)
		}
		scores = append(scores, compareOne(cfg, app.String(), part, only(synthetic, app), partBaselines, src)...)
	}
	return scores, nil
}

// only returns the flows of one application.
func only(flows []*flow.Flow, app flow.Application) []*flow.Flow {
	var kept []*flow.Flow
	for _, f := range flows {
		if f.Application == app {
			kept = append(kept, f)
		}
	}
	return kept
}
