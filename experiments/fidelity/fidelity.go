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

	// Progress is told how much is done of how much, in units like "scores"; nil: nobody is.
	Progress func(done, total int64, unit string)

	// Tools are what other programs say of both sides, of all applications together.
	Tools tool.Findings

	scored func() // is called when a score is computed, once for each comparison

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
	if c.scored == nil {
		c.scored = func() {}
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
	parts := partsOf(cfg, real, synthetic, baselines)
	total := 0
	for _, p := range parts {
		total += p.comparisons(cfg) * len(measures)
	}
	cfg.scored = cfg.counting(total)
	var scores []Score
	for _, p := range parts {
		scores = append(scores, compareOne(cfg, p, src)...)
		cfg.Tools = tool.Findings{} // are of all applications together
	}
	return scores, nil
}

// part is the flows of one application, or of all together.
type part struct {
	application string
	real        Split
	synthetic   []*flow.Flow
	baselines   map[string][]*flow.Flow
}

// partsOf returns what is scored: all flows and, of several applications, those of each
// that has enough real ones.
func partsOf(cfg Config, real Split, synthetic []*flow.Flow, baselines map[string][]*flow.Flow) []part {
	applications := real.Applications()
	if len(applications) == 1 {
		return []part{{applications[0].String(), real, synthetic, baselines}}
	}
	parts := []part{{"all", real, synthetic, baselines}}
	for _, app := range applications {
		p := part{app.String(), Split{flow.OnlyOf(app, real.Training), flow.OnlyOf(app, real.HeldOut)}, flow.OnlyOf(app, synthetic), make(map[string][]*flow.Flow, len(baselines))}
		if len(p.real.HeldOut) < cfg.MinFlows {
			continue
		}
		for name, flows := range baselines {
			p.baselines[name] = flow.OnlyOf(app, flows)
		}
		parts = append(parts, p)
	}
	return parts
}

// enough reports whether both sides have flows enough to be scored.
func (p *part) enough(cfg Config) bool {
	return min(len(p.real.HeldOut), len(p.synthetic)) >= cfg.MinFlows
}

// comparisons returns how often each score is computed: of the synthetic flows, of each
// baseline with enough flows, and of the halves that make the floor.
func (p *part) comparisons(cfg Config) int {
	if !p.enough(cfg) {
		return 0
	}
	n := 1 + cfg.FloorSplits
	for _, flows := range p.baselines {
		if len(flows) >= cfg.MinFlows {
			n++
		}
	}
	return n
}

// counting returns a function that counts computed scores, of so many, and says so.
func (c *Config) counting(total int) func() {
	done := 0
	return func() {
		if done++; c.Progress != nil {
			c.Progress(int64(done), int64(total), "scores")
		}
	}
}
