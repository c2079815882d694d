package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/run"
)

// The files of a run folder that a report is made from, beside the manifest and
// the metrics. Each may be missing; the report then says so.
const (
	ScoresName    = "scores.json"
	LatentName    = "latent.json"
	TrainingName  = "training.parquet"
	HeldOutName   = "heldout.parquet"
	GeneratedName = "generated.parquet"
	RepairsName   = "repairs.json" // {"what was changed": how often}

	labelsName = "model/labels.json" // labels of the training packets
	chainName  = "model/chain.json"  // the chain over them
)

// Data is all that a report is made from.
type Data struct {
	Manifest  *run.Manifest
	Metrics   []run.Metric
	Scores    []fidelity.Score
	Latent    *analysis.Latent
	Repairs   map[string]int
	Training  *analysis.Traffic // never nil, but empty if there is no table
	HeldOut   *analysis.Traffic
	Generated *analysis.Traffic
	Missing   []string // what could not be read or drawn, and why

	real    *analysis.Traffic // both tables together, made when first asked for
	figures []*figure.Figure  // drawn when first asked for
	drawn   bool
}

// Load reads a run folder. What is missing, broken or not as the manifest has it
// is named in Missing, and the rest is used.
func Load(m *run.Manifest) *Data {
	a := &Data{Manifest: m}
	var err error
	a.Metrics, err = m.Metrics()
	a.miss(run.MetricsName, err)
	a.miss(ScoresName, readJSON(m, ScoresName, &a.Scores))
	latent := new(analysis.Latent)
	err = readJSON(m, LatentName, latent)
	if err == nil {
		err = latent.Check()
	}
	if err == nil {
		a.Latent = latent
	} else if !errors.Is(err, fs.ErrNotExist) { // not every generator has one
		a.miss(LatentName, err)
	}
	if err := readJSON(m, RepairsName, &a.Repairs); !errors.Is(err, fs.ErrNotExist) {
		a.miss(RepairsName, err)
	}
	names := []string{TrainingName, HeldOutName, GeneratedName}
	tables := []**analysis.Traffic{&a.Training, &a.HeldOut, &a.Generated}
	errs := make([]error, len(names))
	var wait sync.WaitGroup
	for i, name := range names {
		*tables[i] = new(analysis.Traffic)
		if m.Config.Level == config.AggregateLevel { // it has tables of flows
			continue
		}
		wait.Go(func() {
			if errs[i] = m.Check(name); errs[i] == nil {
				*tables[i], errs[i] = analysis.ReadTraffic(m.Path(name), analysis.MaxPackets)
			}
			if errs[i] != nil {
				*tables[i] = new(analysis.Traffic)
			}
			(*tables[i]).Timeline = m.Config.Data.Flows == config.NoFlows
		})
	}
	wait.Wait()
	for i, name := range names {
		a.miss(name, errs[i])
	}
	return a
}

// miss notes why a file is not used.
func (a *Data) miss(name string, err error) {
	switch {
	case err == nil:
	case slices.Contains(a.Manifest.Withheld, name):
		a.Missing = append(a.Missing, name+" was left out when the run was shared")
	case errors.Is(err, fs.ErrNotExist):
		a.Missing = append(a.Missing, name+" is not in the run folder")
	default:
		text := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "report: "), a.Manifest.Dir+string(os.PathSeparator), "")
		a.Missing = append(a.Missing, name+": "+text)
	}
}

func readJSON(m *run.Manifest, name string, into any) error {
	if err := m.Check(name); err != nil {
		return err
	}
	data, err := os.ReadFile(m.Path(name))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// ReadScores reads the scores of a run, whose digest has to be what its manifest says.
func ReadScores(m *run.Manifest) (scores []fidelity.Score, err error) {
	in, err := m.Open(ScoresName)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	if err == nil {
		err = json.Unmarshal(text, &scores) // a quarter less time than a decoder, in lists of many runs
	}
	if err != nil {
		return nil, fmt.Errorf("report: %s: %w", m.Path(ScoresName), err)
	}
	return scores, nil
}

// shown are the analyses whose figures stand in the report, in its order.
var shown = []string{"lengths", "gaps", "levels", "factors", "sizes", "series", "wavelet", "flags", "runs", "mixture"}

// allFigures are every figure that the data allow, in the report's order. They are
// drawn once.
func (a *Data) allFigures() []*figure.Figure {
	if !a.drawn {
		a.figures, a.drawn = a.draw(), true
	}
	return a.figures
}

// draw draws the figures of the classifiers, of the analyses that apply, and the curves of
// training.
func (a *Data) draw() []*figure.Figure {
	var figures []*figure.Figure
	if f := classifierFigure(a.Scores); f != nil {
		figures = append(figures, f)
	}
	for _, name := range shown {
		r, err := a.analysis(name)
		if err != nil {
			a.Missing = append(a.Missing, strings.TrimPrefix(err.Error(), "analysis: "))
			continue
		}
		figures = append(figures, r.Figures...)
	}
	for _, group := range CurveNames(a.Metrics) {
		model, _, _ := strings.Cut(group[0], "/")
		f, err := Curves("Training of the "+strings.ToUpper(model), a.Metrics, group...)
		if err != nil {
			a.Missing = append(a.Missing, strings.TrimPrefix(err.Error(), "report: "))
			continue
		}
		f.Name, f.Caption = "training_"+model, curveCaption(a.Metrics, group)
		figures = append(figures, f)
	}
	return figures
}

// analysis returns the result of one analysis of the run.
func (a *Data) analysis(name string) (*analysis.Result, error) {
	real, generated := a.Sides()
	results, err := analysis.Run(context.Background(), real, generated, []string{name})
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// Figure returns the figure of an analysis by its name, as "lengths" or
// "lengths-by-flags" (analysis.List has the names, a result the figures of each).
// Without a word more it is the analysis's first.
func (a *Data) Figure(name string) (*figure.Figure, error) {
	of, _, _ := strings.Cut(name, "-")
	if _, err := analysis.Find(name); err == nil {
		of = name
	}
	r, err := a.analysis(of)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Figures {
		if name == of || f.Name == name {
			return f, nil
		}
	}
	if r.Absent != "" {
		return nil, fmt.Errorf("report: %s: %s", name, r.Absent)
	}
	return nil, fmt.Errorf("report: analysis %s has no figure %s", of, name)
}

// ReadLabels reads the labels of the training packets and the chain over them into
// Latent, if the run has them. Figures of the report do without.
func (a *Data) ReadLabels() error {
	if a.Latent == nil || !a.Manifest.Has(labelsName) || !a.Manifest.Has(chainName) {
		return nil
	}
	labels, err := a.Manifest.Open(labelsName)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer labels.Close()
	chain, err := a.Manifest.Open(chainName)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer chain.Close()
	return a.Latent.ReadLabels(labels, chain)
}

// Sides returns the two sides of the run: the real packets, whose distributions are
// those of the held-out flows and whose load is that of all, and the generated ones
// with the run's latent space.
func (a *Data) Sides() (real analysis.Side, generated []analysis.Side) {
	if a.real == nil {
		a.real = analysis.Together(a.Training, a.HeldOut, a.HeldOut.Sample)
	}
	return analysis.Side{Name: "real", Traffic: a.real}, []analysis.Side{{Name: "synthetic", Traffic: a.Generated, Latent: a.Latent}}
}

// WriteFigures writes every figure as figures/NAME.FORMAT in each of the formats, which are
// of [figure.Formats]; write is a run's WriteFile, or does the same.
func (a *Data) WriteFigures(write func(name string, content func(io.Writer) error) error, formats ...string) error {
	for _, f := range a.allFigures() {
		for _, format := range formats {
			content := func(w io.Writer) error { return f.Write(w, format) }
			if err := write("figures/"+f.Name+"."+format, content); err != nil {
				return fmt.Errorf("report: %w", err)
			}
		}
	}
	return nil
}
