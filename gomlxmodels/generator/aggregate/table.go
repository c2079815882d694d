package aggregate

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// TableStage learns the aggregate level from a table of flows, without their packets:
// what an experiment with level = "aggregate" learns.
func TableStage(c Columns) *stage.Stage {
	return &stage.Stage{
		Name: "flows", Version: 2, Params: params{Columns: c},
		Deps: []string{generator.FlowTableName}, Outs: []string{Name}, Seeds: []string{"flows"},
		Run: func(ctx context.Context, env *stage.Env) error {
			seed, err := env.Seed("flows")
			if err != nil {
				return err
			}
			path, err := env.Path(generator.FlowTableName)
			if err != nil {
				return err
			}
			var rows []flow.TableRow
			for row, err := range table.ReadFlows(path) {
				if err != nil {
					return fmt.Errorf("generator: aggregate: %w", err)
				}
				rows = append(rows, row)
			}
			m, err := FitTable(ctx, c, rows, seed)
			if err != nil {
				return err
			}
			env.Warn(m.Warnings...)
			return artifact.WriteFolder(env, Name, m.Save)
		},
	}
}

// FitTable learns rows of a table of flows, which are in start order: how many packets
// they have, and the time from one to the next.
func FitTable(ctx context.Context, c Columns, rows []flow.TableRow, seed uint64) (*Model, error) {
	if c == Summary {
		return nil, fmt.Errorf("generator: aggregate: a table of flows has no %s of them: want %s or %s", Summary, PacketsAndGap, RankedPacketsAndGap)
	}
	if len(rows) < generator.MinFlows {
		return nil, fmt.Errorf("generator: aggregate: %d flows to learn from: want at least %d", len(rows), generator.MinFlows)
	}
	x := tableSummaries(rows)
	m := &Model{Resolution: tableResolution(rows), Between: between(x)}
	return m, m.fit(ctx, c.designOf(len(rows)), x, seed)
}

// tableSummaries are the Summaries of flows of which nothing else is known.
func tableSummaries(rows []flow.TableRow) *mat.Dense {
	x := mat.NewDense(len(rows), summaryWidth, nil)
	for i := range rows {
		for j := range summaryWidth {
			x.Set(i, j, math.NaN())
		}
		x.Set(i, logPackets, math.Log10(float64(max(1, rows[i].Packets))))
		if gap := rows[i].TimeDiff; i > 0 && gap <= timeline.LongestGap {
			x.Set(i, logArrival, math.Log10(max(timeline.ShortestGap, gap)))
		}
	}
	if len(rows) > 1 {
		x.Set(0, logArrival, median(mat.Col(nil, logArrival, x)[1:]))
	}
	return x
}

// tableResolution returns the coarsest of 1 ms, 1 us and 1 ns that all starts are
// multiples of.
func tableResolution(rows []flow.TableRow) int64 {
	starts := make([]*flow.Flow, len(rows))
	for i := range rows {
		starts[i] = &flow.Flow{Packets: []flow.Packet{{Time: rows[i].Start}}}
	}
	return timeline.Resolution(starts)
}
