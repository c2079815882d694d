package reproduction

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/datasets/catalog"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/evaluate"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// Result is a set with its scores, side by side.
type Result struct {
	Set      Set
	Rows     []Row
	Seconds  [2]float64 // that the runs of paper and sampled have taken
	Why      string     // what is missing and why; empty: nothing
	Failed   bool       // a run of it has failed
	Runs     [2]string  // folders of the runs of paper and sampled
	Analyses []*analysis.Result
	Authors  string // the file of the authors' output; empty: it is not at hand, or there is none
}

// Row is one score. A value that is nil could not be computed.
type Row struct {
	Level, Score string // as in fidelity.Score
	Kind         fidelity.Kind
	Meaning      string
	Published    *float64 // as the authors state it
	Source       string   // where
	Authors      *float64 // of their output
	Paper        *float64 // of ours
	Sampled      *float64
	Markov       *float64 // the baseline of the report
	Floor        *float64 // of real traffic against real traffic
}

// scoresOf lists the scores of each level, as level/name.
var scoresOf = map[level][]string{
	Packets:  {"packet/length KS", "packet/header length KS", "packet/payload length KS", "packet/log gap KS", "classifier/C2ST window"},
	Timeline: {"packet/length KS", "packet/header length KS", "packet/log gap KS", "packet/direction TV", "order/log gap autocorrelation", "classifier/C2ST window", "load/Haar energy"},
	Flows: {"packet/length KS", "packet/log gap KS", "packet/direction TV", "flow/packets KS", "flow/bytes KS", "flow/duration KS", "flow/turn time KS", "flow/time between flows KS",
		"order/trigrams JSD bits", "classifier/C2ST flow", "classifier/C2ST window", "load/Haar energy", "privacy/copied flows", "published/NeCSTGen cosine packets/s"},
	Connections: {"packet/length KS", "packet/log gap KS", "packet/flags TV", "flow/packets KS", "flow/bytes KS", "flow/duration KS", "flow/turn time KS", "flow/time between flows KS",
		"order/trigrams JSD bits", "order/handshake share", "order/close share", "classifier/C2ST flow", "classifier/C2ST window", "load/Haar energy", "privacy/copied flows",
		"published/NeCSTGen cosine packets/s"},
	Starts: {"aggregate/packets KS", "aggregate/time between flows KS", "aggregate/time between flows autocorrelation", "aggregate/flows/s KS", "aggregate/flows/s Haar energy"},
	Uplinks: {"packet/length KS", "packet/log gap KS", "radio/spreading factor TV", "radio/frequency TV", "radio/SNR KS", "radio/RSSI KS", "classifier/C2ST uplink",
		"classifier/C2ST window", "load/Haar energy"},
}

// Sources are what a set is compared from. Reproduce fills in the files and the runs.
type Sources struct {
	Files          catalog.Published
	Paper, Sampled *run.Manifest // finished runs; nil: Why says why
	Open           func(ctx context.Context, name string) (*trace.Trace, error)
	Warn           func(error)
	Say            func(string) // which run is made, and why one is missing
}

// Compare scores the authors' output as the runs are scored, and sets all side by side.
func Compare(ctx context.Context, set Set, s Sources) (*Result, error) {
	r := &Result{Set: set}
	var sides [2][]fidelity.Score
	for i, m := range []*run.Manifest{s.Paper, s.Sampled} {
		if m == nil {
			continue
		}
		r.Runs[i], r.Seconds[i] = m.Dir, m.Seconds
		var err error
		if sides[i], err = report.ReadScores(m); err != nil {
			return nil, err
		}
	}
	authors, err := s.authors(ctx, set)
	if err == nil && s.run() != nil {
		r.Authors = s.output(set)
		r.Analyses, err = s.analyses(ctx, set, r.Authors)
	}
	if err != nil {
		return nil, fmt.Errorf("reproduction: %s: %w", set.Name, err)
	}
	definitions := make(map[string]fidelity.Definition)
	for _, d := range fidelity.Definitions() {
		definitions[d.Level+"/"+d.Name] = d
	}
	for _, name := range scoresOf[set.Level] {
		d := definitions[name]
		row := Row{Level: d.Level, Score: d.Name, Kind: d.Kind, Meaning: d.Meaning}
		row.Published, row.Source = set.published(name)
		if score := d.In(authors); score != nil {
			row.Authors, row.Floor = score.Value, score.Floor
		}
		if score := d.In(sides[1]); score != nil {
			row.Sampled, row.Floor, row.Markov = score.Value, score.Floor, score.Baselines["markov"]
		}
		if score := d.In(sides[0]); score != nil {
			row.Paper, row.Floor, row.Markov = score.Value, score.Floor, score.Baselines["markov"]
		}
		if row.Published != nil || row.Authors != nil || row.Paper != nil || row.Sampled != nil {
			r.Rows = append(r.Rows, row)
		}
	}
	return r, nil
}

// run returns the run whose held-out packets everything is compared with: that of the
// generator paper, or, where that has failed, the other one.
func (s Sources) run() *run.Manifest {
	if s.Paper != nil {
		return s.Paper
	}
	return s.Sampled
}

// output returns the file of the authors' output that belongs to a set; "": none does.
// Their packets of SNMP have no flows.
func (s Sources) output(set Set) string {
	switch {
	case set.Level == Starts:
		return s.Files.GeneratedFlows
	case set.Level == Packets || set.Name == "snmp":
		return ""
	}
	return s.Files.Generated
}

// options are those of a comparison with a synthetic file.
func (s Sources) options(real, synthetic string) evaluate.Options {
	e := s.run().Config
	return evaluate.Options{Real: real, Synthetic: synthetic, Applications: e.Data.Application, Seed: e.Seed, Open: s.Open, Warn: s.Warn,
		Config: fidelity.Config{Trees: e.Evaluate.Trees, Folds: e.Evaluate.Folds, FloorSplits: e.Evaluate.Floors}}
}

// authors scores the output of the authors' models against what the run has held out.
func (s Sources) authors(ctx context.Context, set Set) ([]fidelity.Score, error) {
	file := s.output(set)
	if s.run() == nil || file == "" {
		return nil, nil
	}
	if set.Level == Starts {
		return evaluate.Files(ctx, s.options(s.run().Path(saved.HeldOutTableName), file))
	}
	o := s.options(s.run().Path(report.HeldOutName), file)
	o.Training = s.run().Path(report.TrainingName)
	return evaluate.Files(ctx, o)
}

// published returns the number that the authors state for a score.
func (s *Set) published(name string) (*float64, string) {
	for i := range s.Numbers {
		if s.Numbers[i].Score == name {
			return &s.Numbers[i].Value, s.Numbers[i].Source
		}
	}
	return nil, ""
}

// Worse reports whether the value is further from real traffic than the other one. It is
// false where one of them is not known.
func (r *Row) Worse(value, other *float64) bool {
	return value != nil && other != nil && r.distance(*value) > r.distance(*other)
}

// distance is how far a value is from what real traffic has.
func (r *Row) distance(value float64) float64 { return r.definition().DistanceFromReal(value, r.Floor) }

// definition is that of the row's score.
func (r *Row) definition() fidelity.Definition {
	return fidelity.Definition{Level: r.Level, Name: r.Score, Kind: r.Kind}
}

// Figure returns the first figure of an analysis by the analysis's name, as "lengths".
// Where the analysis does not apply to the set, the error says why.
func (r *Result) Figure(name string) (*figure.Figure, error) {
	a, err := analysis.Find(name)
	if err != nil {
		return nil, fmt.Errorf("reproduction: %w", err)
	}
	for _, result := range r.Analyses {
		if result.ID == a.ID && len(result.Figures) > 0 {
			return result.Figures[0], nil
		}
		if result.ID == a.ID {
			return nil, fmt.Errorf("reproduction: %s %s: %s", a.ID, a.Title, result.Absent)
		}
	}
	return nil, fmt.Errorf("reproduction: %s: it was not analysed", r.Set.Name)
}
