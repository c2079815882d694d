package reproduction

import (
	"context"

	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/evaluate"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// analyses are the paper's analyses of a set: real traffic, the authors' output, and
// that of both generators.
func (s Sources) analyses(ctx context.Context, set Set, authors string) ([]*analysis.Result, error) {
	if set.Level == Packets {
		return nil, nil // single packets have no order to look at
	}
	sides := s.sides
	if set.Level == Starts {
		sides = s.tableSides
	}
	real, generated, err := sides(ctx, authors)
	if err != nil || len(generated) == 0 {
		return nil, err
	}
	return analysis.Run(ctx, real, generated, nil)
}

// sides reads packets: real ones and ours as the report of a run has them.
func (s Sources) sides(ctx context.Context, authors string) (real analysis.Side, generated []analysis.Side, err error) {
	for _, one := range []struct {
		name string
		m    *run.Manifest
	}{{"sampled", s.Sampled}, {"paper", s.Paper}} {
		if one.m == nil {
			continue
		}
		data := report.Load(one.m)
		if err := data.ReadLabels(); err != nil {
			return real, nil, err
		}
		var own []analysis.Side
		real, own = data.Sides()
		own[0].Name = one.name
		generated = append(own, generated...)
	}
	if authors == "" || len(generated) == 0 {
		return real, generated, nil
	}
	_, theirs, err := evaluate.Sides(ctx, s.options(s.run().Path(report.HeldOutName), authors))
	if err != nil {
		return real, nil, err
	}
	theirs[0].Name = "authors"
	return real, append(theirs, generated...), nil
}

// tableSides reads tables of flows.
func (s Sources) tableSides(ctx context.Context, authors string) (real analysis.Side, generated []analysis.Side, err error) {
	var files, names []string
	add := func(name, file string) { names, files = append(names, name), append(files, file) }
	if authors != "" {
		add("authors", authors)
	}
	if s.Paper != nil {
		add("paper", s.Paper.Path(report.GeneratedName))
	}
	if s.Sampled != nil {
		add("sampled", s.Sampled.Path(report.GeneratedName))
	}
	if s.run() == nil {
		return real, nil, nil
	}
	real, generated, err = evaluate.Sides(ctx, s.options(s.run().Path(saved.HeldOutTableName), files[0]), files[1:]...)
	if err != nil {
		return real, nil, err
	}
	real.Name = "real"
	for i := range generated {
		generated[i].Name = names[i]
	}
	return real, generated, nil
}
