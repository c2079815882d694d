package saved

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
)

// OpenAggregate loads the aggregate level of a run, and the time at which its
// training began.
func OpenAggregate(m *run.Manifest) (level *aggregate.Model, start int64, err error) {
	if m.Status != run.Finished {
		return nil, 0, fmt.Errorf("saved: %s: its status is %s: want a finished run", m.Dir, m.Status)
	}
	path := func(artifact string) (string, error) { return m.Path(artifact), m.Check(artifact) }
	t, err := artifact.Read(path, generator.TrafficName, generator.ReadTraffic)
	switch {
	case err == nil && t.Segment > 0:
		err = errors.New("it learnt a timeline without flows (data.flows = \"none\"), so it has no aggregate level")
	case err == nil:
		level, err = aggregate.LoadArtifact(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("its generator, %s, has no aggregate level: want a run with generator=sampled or generator=paper", m.Config.Generator)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("saved: %s: %w", m.Dir, err)
	}
	return level, t.Start, nil
}

// AggregateColumns are the columns of a table of flows from the aggregate level,
// those that NeCSTGen publishes.
func AggregateColumns() []string { return necstgencsv.GeneratedFlowColumns() }

// AggregateRows are the rows of that table: packets, seconds since the start of
// the flow before, and since that of the first.
func AggregateRows(rows iter.Seq2[aggregate.Row, error]) iter.Seq2[[]float64, error] {
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
			row[0], row[1], row[2] = float64(r.Packets), r.Gap, float64(r.Start-first)/1e9
			if !yield(row, nil) {
				return
			}
		}
	}
}
