// Package comparison sets runs side by side: what they were asked to do, where that
// differs, their scores, the best of each marked, and their training curves over each
// other. [Compare] gathers it; [Comparison.Page] and [Comparison.Markdown] write it.
//
// Which value of a score is the best depends on what kind of score it is, see
// [fidelity.Definition.DistanceFromReal]: each value is measured by its own run's floor.
package comparison

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// Comparison is runs side by side. Every row has one value for each run, in the order
// of Runs.
type Comparison struct {
	Runs     []Run            `json:"runs"`
	Settings []Setting        `json:"settings"` // that differ
	Scores   []Score          `json:"scores"`
	Losses   []Loss           `json:"losses"`  // with which trainings ended
	Curves   []*figure.Figure `json:"-"`       // one of each loss
	Missing  []string         `json:"missing"` // what could not be read, and why
}

// Run is a column of the comparison.
type Run struct {
	Name    string     `json:"name"` // the run's name, or experiment/id
	Dir     string     `json:"run"`
	Status  run.Status `json:"status"`
	Seconds float64    `json:"seconds"` // wall time; 0: it has not finished
	Note    string     `json:"note,omitempty"`
	Link    string     `json:"-"` // of the run's page, where the comparison is a page of a server
}

// Setting is a key of the configuration, or a fact about the run, in which runs differ.
type Setting struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// Score is a score of all runs. A nil value could not be computed.
type Score struct {
	Application string              `json:"application"`
	Definition  fidelity.Definition `json:"-"`
	Name        string              `json:"score"` // level/name
	Values      []*float64          `json:"values"`
	Intervals   []*[2]float64       `json:"intervals"` // 95 % of each value; nil: it has none
	Floors      []*float64          `json:"floors"`    // of each run: real traffic against real traffic
	Best        []bool              `json:"best"`      // values nearest to real traffic, if not all are
}

// Loss is the last value of a metric of a training. A nil value: the run has none.
type Loss struct {
	Metric string     `json:"metric"` // like "vae/validation_loss"
	Values []*float64 `json:"values"`
}

// Compare sets runs side by side. What of a run cannot be read is named in Missing.
func Compare(runs []*run.Manifest) (*Comparison, error) {
	if len(runs) < 2 {
		return nil, errors.New("comparison: one run has nothing to be compared with: want at least two")
	}
	c := &Comparison{Runs: []Run{}, Settings: settings(runs), Scores: []Score{}, Losses: []Loss{}, Missing: []string{}}
	scores := make([][]fidelity.Score, len(runs))
	metrics := make([][]run.Metric, len(runs))
	for i, m := range runs {
		c.Runs = append(c.Runs, Run{Name: m.Ref(), Dir: m.Dir, Status: m.State(), Seconds: m.Seconds, Note: m.Note})
		var err error
		if scores[i], err = report.ReadScores(m); err != nil {
			c.Missing = append(c.Missing, fmt.Sprintf("scores of %s: %v", m.Ref(), err))
		}
		if metrics[i], err = m.Metrics(); err != nil {
			c.Missing = append(c.Missing, fmt.Sprintf("curves of %s: %v", m.Ref(), err))
		}
	}
	c.addScores(scores)
	return c, c.addCurves(metrics)
}

// settings returns the keys and facts in which runs differ.
func settings(runs []*run.Manifest) []Setting {
	differing := []Setting{}
	add := func(key string, value func(m *run.Manifest) string) {
		s := Setting{Key: key}
		for _, m := range runs {
			s.Values = append(s.Values, value(m))
		}
		if slices.ContainsFunc(s.Values, func(v string) bool { return v != s.Values[0] }) {
			differing = append(differing, s)
		}
	}
	add("experiment", func(m *run.Manifest) string { return m.Experiment })
	for _, key := range config.Keys() {
		add(key, func(m *run.Manifest) string {
			value, _ := m.Config.Value(key) // it is one of the keys
			return value
		})
	}
	add("input", func(m *run.Manifest) string {
		var sums []string
		for _, in := range m.Inputs {
			sums = append(sums, in.SHA256[:min(len(in.SHA256), 12)])
		}
		return strings.Join(sums, " ")
	})
	add("computed by", func(m *run.Manifest) string { return m.Backend.Name })
	add("commit", func(m *run.Manifest) string { return m.Source.Commit[:min(len(m.Source.Commit), 12)] })
	return differing
}

// addCurves adds the losses of trainings and draws them.
func (c *Comparison) addCurves(metrics [][]run.Metric) error {
	var names []string
	for _, one := range metrics {
		for _, group := range report.CurveNames(one) {
			for _, name := range group {
				if strings.HasSuffix(name, "loss") && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	var refs []string
	for _, r := range c.Runs {
		refs = append(refs, r.Name)
	}
	for i, name := range names {
		model, short, _ := strings.Cut(name, "/")
		title := fmt.Sprintf("Training of %s: %s", model, strings.ReplaceAll(short, "_", " "))
		f, err := report.CurvesOver(title, name, refs, metrics)
		if err != nil {
			return fmt.Errorf("comparison: %w", err)
		}
		f.Name = fmt.Sprintf("curve-%d", i+1)
		c.Curves = append(c.Curves, f)
		loss := Loss{Metric: name, Values: make([]*float64, len(metrics))}
		for k, one := range metrics {
			for _, m := range one {
				if m.Metric == name && m.Value != nil {
					loss.Values[k] = m.Value
				}
			}
		}
		c.Losses = append(c.Losses, loss)
	}
	return nil
}
