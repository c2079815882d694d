package evaluate

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// Sides reads the real file and one or more synthetic ones, Options.Synthetic and more,
// whole and without scoring them, as what analyses compare. Their names are those of
// the files. Flows are labelled flows on all sides if they are on one, and segments of
// a timeline if one file has no flows.
func Sides(ctx context.Context, o Options, more ...string) (real analysis.Side, synthetic []analysis.Side, err error) {
	c := comparison{Options: o}
	names := append([]string{o.Real, o.Synthetic}, more...)
	outputs := make([]*necstgencsv.OutputFile, len(names))
	var shared form
	for i, name := range names {
		if outputs[i], err = c.output(name); err != nil {
			return real, nil, err
		}
		if outputs[i] == nil {
			continue
		}
		if len(c.Applications) == 0 {
			c.Applications = one(outputs[i].Application())
		}
		if !isTable(outputs[i]) {
			shared.take(outputs[i])
		}
	}
	for i, name := range names {
		t, err := c.traffic(ctx, name, outputs[i], shared, i == 0)
		if err != nil {
			return real, nil, err
		}
		if side := (analysis.Side{Name: name, Traffic: t}); i == 0 {
			real = side
		} else {
			synthetic = append(synthetic, side)
		}
	}
	return real, synthetic, nil
}

// traffic reads one file. A real one is taken as far as it is of the application that
// is compared, a synthetic one as a whole.
func (c *comparison) traffic(ctx context.Context, name string, output *necstgencsv.OutputFile, shared form, real bool) (*analysis.Traffic, error) {
	if isTable(output) {
		rows, err := c.rows(ctx, name, output)
		if err != nil {
			return nil, err
		}
		return analysis.NewFlowTraffic(rows), nil
	}
	flows, err := c.read(ctx, name, output, form{labels: shared.labels}, real)
	if err != nil {
		return nil, err
	}
	if !real && len(c.Applications) > 0 {
		if warning := fidelity.Claim(flows, c.Applications); warning != nil && output == nil {
			c.Warn(fmt.Errorf("%s: %w", name, warning))
		}
	}
	if shared.timeline {
		if flows, err = timeline.Segments(flows, timeline.SegmentPackets); err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
	}
	t := analysis.NewTraffic(flows)
	t.Timeline = shared.timeline
	if output != nil {
		t.Lacks = (&comparison{synthetic: output}).form().lacks
	}
	return t, nil
}
