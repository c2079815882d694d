package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// readTableStage reads the application's flows, of a table of flows or of packets, and
// keeps a row of each, in two parts: to learn from, and the last ones held out, because
// the order of the rows is part of what is learnt.
func readTableStage(e config.Experiment) stage.Stage {
	p := readParams{packetsOf(e.Data), e.Data.TestShare, e.Data.Flows}
	return stage.Stage{Name: "read", Version: 1, Params: p, Deps: []string{dataName},
		Outs: []string{generator.FlowTableName, saved.HeldOutTableName, generator.TrafficName},
		Run: func(ctx context.Context, env *stage.Env) error {
			rows, err := readTable(ctx, env, p)
			if err != nil {
				return err
			}
			held := min(max(leastHeldOut, int(p.TestShare*float64(len(rows))+0.5)), len(rows)-generator.MinFlows)
			if held < leastHeldOut {
				return fmt.Errorf("%d flows of %s: want at least %d", len(rows), p.Application, generator.MinFlows+leastHeldOut)
			}
			training, heldOut := rows[:len(rows)-held], rows[len(rows)-held:]
			for name, part := range map[string][]flow.TableRow{generator.FlowTableName: training, saved.HeldOutTableName: heldOut} {
				if err := writeTable(env, name, part); err != nil {
					return err
				}
			}
			env.Note("%s: %d flows to learn from, %d held out", p.Application, len(training), len(heldOut))
			return writeJSON(env, generator.TrafficName, trafficOf(rows, p.Application[0]))
		}}
}

// readTable returns the application's rows in start order, each with the time since the
// one before it.
func readTable(ctx context.Context, env *stage.Env, p readParams) ([]flow.TableRow, error) {
	data, err := openEnv(env)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	rows, damaged, err := flowRows(ctx, env, data, p)
	if changed := data.unchanged(); changed != nil {
		return nil, changed
	}
	if err != nil {
		return nil, err
	}
	if p.Limit > 0 {
		rows = rows[:min(len(rows), p.Limit)]
	}
	slices.SortStableFunc(rows, func(a, b flow.TableRow) int { return cmp.Compare(a.Start, b.Start) })
	for i := range rows {
		rows[i].Application, rows[i].TimeDiff = p.Application[0], 0
		if i > 0 {
			rows[i].TimeDiff = float64(rows[i].Start-rows[i-1].Start) / 1e9
		}
	}
	env.Warn((&damage{first: damaged[:min(len(damaged), mostNamed)], records: len(damaged)}).doubts()...)
	return rows, nil
}

// flowRows reads tables of flows, or gathers the flows of packets.
func flowRows(ctx context.Context, env *stage.Env, data *input, p readParams) (rows []flow.TableRow, damaged []error, err error) {
	for i, path := range data.paths {
		file, err := necstgencsv.OpenOutput(path)
		switch {
		case errors.Is(err, necstgencsv.ErrNoOutput) && i == 0:
		case err != nil:
			return nil, nil, err
		case file.IsTable():
			some, wrong, err := file.Table()
			if err != nil {
				return nil, nil, err
			}
			rows, damaged = append(rows, some...), append(damaged, wrong...)
			continue
		}
		break // packets
	}
	if len(rows) > 0 {
		return rows, damaged, nil
	}
	packets := data.Packets(ctx, p.selection())
	for row, err := range p.assembler().Table(packets) {
		switch {
		case flow.IsRecordError(err):
			damaged = append(damaged, err)
		case err != nil:
			return nil, nil, err
		default:
			if _, wanted := p.Application.Of(row.Application, row.Tuple); wanted {
				rows = append(rows, row)
			}
		}
	}
	if len(rows) == 0 {
		return nil, nil, nothing(ctx, env, p, data.Trace)
	}
	return rows, damaged, nil
}

// trafficOf measures flows of which a table alone is known.
func trafficOf(rows []flow.TableRow, app flow.Application) generator.Traffic {
	t := generator.Traffic{Application: app, Protocol: rows[0].Tuple.Proto, Flows: int64(len(rows)), Start: rows[0].Start, Last: rows[len(rows)-1].Start}
	for i := range rows {
		t.Packets += rows[i].Packets
		t.Bytes += rows[i].Length
	}
	t.End = t.Last
	return t
}

// writeTable makes a declared artifact of rows.
func writeTable(env *stage.Env, name string, rows []flow.TableRow) error {
	return env.Write(name, func(w io.Writer) error {
		return table.WriteFlows(w, table.Parquet, func(yield func(flow.TableRow, error) bool) {
			for i := range rows {
				if !yield(rows[i], nil) {
					return
				}
			}
		})
	})
}

// flowTableParams are the settings of what the aggregate level draws.
type flowTableParams struct {
	Flows      int             `json:"flows"` // 0: as many as there were
	Duration   config.Duration `json:"duration"`
	RateFactor float64         `json:"rate_factor"`
}

// flowTableStage draws the starts and sizes of flows (algorithm.md 10.2).
func flowTableStage(e config.Experiment) stage.Stage {
	p := flowTableParams{e.Generate.Flows, e.Generate.Duration, e.Generate.RateFactor}
	return stage.Stage{Name: "generate", Version: 1, Params: p, Seeds: []string{"generate"},
		Deps: []string{aggregate.Name, generator.TrafficName}, Outs: []string{parquetName, csvName},
		Run: func(ctx context.Context, env *stage.Env) error {
			seed, err := env.Seed("generate")
			if err != nil {
				return err
			}
			t, err := readTraffic(env)
			if err != nil {
				return err
			}
			level, err := aggregate.LoadArtifact(env.Path)
			if err != nil {
				return err
			}
			a := amountOf(config.Generate{Flows: p.Flows, Duration: p.Duration}, t)
			r := generator.Request{Flows: a.Flows, Duration: a.Duration, RateFactor: p.RateFactor, Seed: seed, Start: t.Start}
			for name, format := range map[string]table.Format{parquetName: table.Parquet, csvName: table.CSV} {
				rows := saved.AggregateRows(level.Draw(ctx, r))
				if err := env.Write(name, func(w io.Writer) error { return table.WriteFeatures(w, format, saved.AggregateColumns(), rows) }); err != nil {
					return err
				}
			}
			return nil
		}}
}

// tableScoreParams are the settings that decide the scores of tables of flows.
type tableScoreParams struct {
	Floors int `json:"floors"`
}

// evaluateTableStage scores the table that was drawn against the flows held out.
func evaluateTableStage(e config.Experiment) stage.Stage {
	p := tableScoreParams{e.Evaluate.Floors}
	return stage.Stage{Name: "evaluate", Version: 1, Params: p, Deps: []string{parquetName, saved.HeldOutTableName, generator.TrafficName},
		Outs: []string{scoresName}, Seeds: []string{"evaluate"},
		Run: func(_ context.Context, env *stage.Env) error {
			t, err := readTraffic(env)
			if err != nil {
				return err
			}
			path, err := env.Path(saved.HeldOutTableName)
			if err != nil {
				return err
			}
			heldOut, err := readTableRows(path)
			if err != nil {
				return err
			}
			if path, err = env.Path(parquetName); err != nil {
				return err
			}
			drawn, err := necstgencsv.OpenOutput(path)
			if err != nil {
				return err
			}
			synthetic, _, err := drawn.Table()
			if err != nil {
				return err
			}
			src, err := env.Source("evaluate")
			if err != nil {
				return err
			}
			scores, err := fidelity.CompareTables(fidelity.Config{FloorSplits: p.Floors}, t.Application.String(), heldOut, synthetic, src)
			if err != nil {
				return err
			}
			env.Note("%d scores", len(scores))
			return writeJSON(env, scoresName, scores)
		}}
}

// readTableRows reads a table of flows of this program's.
func readTableRows(path string) (rows []flow.TableRow, err error) {
	for row, err := range table.ReadFlows(path) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}
