package trained

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// AggregateName is the folder of a run with the aggregate level by itself.
const AggregateName = "model/aggregate"

// FitAggregate learns the packets of flows and the times between their starts;
// before is, for each flow, the start of the one before it in the whole capture.
// It computes on the Go backend, where so small a mixture is fitted in less time
// than XLA takes to compile it.
func FitAggregate(ctx context.Context, kind config.Generator, flows []*flow.Flow, before []int64, seed uint64, warn func(error)) (*generator.Aggregate, error) {
	cfg := generator.DefaultAggregateConfig(generator.KindSampled)
	if kind == config.Paper {
		cfg = generator.DefaultAggregateConfig(generator.KindPaper)
	}
	cfg.Seed = seed
	rows := make([]generator.AggregateRow, len(flows))
	for i, f := range flows {
		rows[i] = generator.AggregateRow{Packets: int64(len(f.Packets)), Gap: seconds(f.Start() - before[i]), Start: f.Start()}
	}
	d, err := device.Open(ctx, device.Options{Backend: "go"})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return generator.FitAggregate(ctx, d.Backend, cfg, rows, warn)
}

// OpenAggregate loads the aggregate level of a run, and the time at which its
// training began.
func OpenAggregate(m *run.Manifest) (level *generator.Aggregate, start int64, err error) {
	t, err := readTraffic(m)
	if err == nil && t.Segment > 0 {
		err = errors.New("it learnt a timeline without flows (data.flows = \"none\"), so it has no aggregate level")
	}
	if err == nil {
		level, err = generator.LoadAggregate(m.Path(AggregateName))
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("its model of the aggregate level is not there: %w", err)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("trained: %s: %w", m.Dir, err)
	}
	return level, t.Start, nil
}

// AggregateColumns are the columns of a table of flows from the aggregate level,
// those that NeCSTGen publishes.
func AggregateColumns() []string { return necstgencsv.GeneratedFlowColumns() }

// AggregateRows are the rows of that table: packets, seconds since the start of
// the flow before, and since that of the first.
func AggregateRows(rows iter.Seq2[generator.AggregateRow, error]) iter.Seq2[[]float64, error] {
	return func(yield func([]float64, error) bool) {
		first, row := int64(-1), make([]float64, 3)
		for r, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			if first < 0 {
				first, r.Gap = r.Start, 0
			}
			row[0], row[1], row[2] = float64(r.Packets), r.Gap, seconds(r.Start-first)
			if !yield(row, nil) {
				return
			}
		}
	}
}
