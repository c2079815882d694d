package generator_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// simulateTable is a table of flows of 5 to 40 packets whose gaps come in runs:
// short ones, and seldom long ones.
func simulateTable(n int, seed uint64) []generator.AggregateRow {
	random := rand.New(rand.NewPCG(seed, 7))
	rows := make([]generator.AggregateRow, n)
	mean := 0.01
	for i := range rows {
		if random.IntN(10) == 0 {
			mean = []float64{0.01, 2}[random.IntN(2)]
		}
		rows[i] = generator.AggregateRow{Packets: int64(5 + random.IntN(36)), Gap: random.ExpFloat64() * mean}
	}
	rows[0].Gap = 0
	return rows
}

func fitTable(t *testing.T, kind string, rows []generator.AggregateRow) *generator.Aggregate {
	t.Helper()
	a, err := generator.FitAggregate(context.Background(), devicetest.Go(t), generator.DefaultAggregateConfig(kind), rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAggregateLaws: whole counts inside the range of training, gaps inside
// theirs, starts that are their running sum, the same rows for the same seed and
// after saving, and bounds that hold.
func TestAggregateLaws(t *testing.T) {
	rows := simulateTable(600, 1)
	for _, kind := range []string{generator.KindPaper, generator.KindSampled} {
		a := fitTable(t, kind, rows)
		request := generator.Request{Flows: 500, Seed: 3, Start: 1_700_000_000_000_000_000}
		count, gap := drawTable(t, a, 500, 3)
		if slices.Min(count) < 5 || slices.Max(count) > 40 {
			t.Errorf("%s: %v to %v packets, want 5 to 40 as in training", kind, slices.Min(count), slices.Max(count))
		}
		least, greatest := math.Inf(1), 0.0
		for _, r := range rows[1:] {
			least, greatest = min(least, r.Gap), max(greatest, r.Gap)
		}
		if gap[0] != 0 || slices.Min(gap[1:]) < least*0.999 || slices.Max(gap) > greatest*1.001 {
			t.Errorf("%s: gaps from %v to %v, the first %v, want %v to %v, the first 0", kind, slices.Min(gap[1:]), slices.Max(gap), gap[0], least, greatest)
		}
		var at float64
		for row, err := range a.Draw(context.Background(), request) {
			if err != nil {
				t.Fatal(err)
			}
			if at += row.Gap; math.Abs(float64(row.Start-request.Start)/1e9-at) > 1e-6 {
				t.Fatalf("%s: a start at %d ns, want the sum of the gaps, %v s", kind, row.Start-request.Start, at)
			}
		}
		dir := t.TempDir()
		if err := a.Save(dir); err != nil {
			t.Fatal(err)
		}
		loaded, err := generator.LoadAggregate(dir)
		if err != nil {
			t.Fatal(err)
		}
		again, againGap := drawTable(t, loaded, 500, 3)
		other, _ := drawTable(t, a, 500, 4)
		if !slices.Equal(count, again) || !slices.Equal(gap, againGap) || slices.Equal(count, other) {
			t.Errorf("%s: want the same rows after loading, and others for another seed", kind)
		}
		n := 0
		for row, err := range a.Draw(context.Background(), generator.Request{Duration: time.Hour, RateFactor: 3}) {
			if err != nil || row.Start > int64(time.Hour) {
				t.Fatalf("%s: a flow at %d ns of an hour: %v", kind, row.Start, err)
			}
			n++
		}
		if want := 3 * 3600 / a.Between; math.Abs(float64(n)-want) > want/5 {
			t.Errorf("%s: %d flows in an hour at three times the rate, want about %.0f", kind, n, want)
		}
	}
}

func TestAggregateRefuses(t *testing.T) {
	good := simulateTable(100, 1)
	with := func(i int, r generator.AggregateRow) []generator.AggregateRow {
		rows := slices.Clone(good)
		rows[i] = r
		return rows
	}
	for _, row := range []struct {
		name, kind, want string
		rows             []generator.AggregateRow
	}{
		{"few rows", generator.KindPaper, "table of 3 flows", good[:3]},
		{"no packets", generator.KindPaper, "row 7 has 0 packets", with(7, generator.AggregateRow{Gap: 1})},
		{"goes back", generator.KindSampled, "row 9 starts -1 s", with(9, generator.AggregateRow{Packets: 5, Gap: -1})},
		{"not a number", generator.KindSampled, "row 9 starts NaN s", with(9, generator.AggregateRow{Packets: 5, Gap: math.NaN()})},
		{"wrong unit", generator.KindSampled, "row 9 starts 9e+17 s", with(9, generator.AggregateRow{Packets: 5, Gap: 9e17})},
		{"kind", "markov", `unknown kind "markov"`, good},
	} {
		_, err := generator.FitAggregate(context.Background(), devicetest.Go(t), generator.DefaultAggregateConfig(row.kind), row.rows, nil)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want an error with %q", row.name, err, row.want)
		}
	}
	a := fitTable(t, generator.KindPaper, good)
	for _, err := range a.Draw(context.Background(), generator.Request{}) {
		if err == nil || !strings.Contains(err.Error(), "no end") {
			t.Errorf("a request without bounds: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range a.Draw(ctx, generator.Request{Flows: 5}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled context: %v", err)
		}
	}
	dir := t.TempDir()
	if err := a.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`{}`, `{"kind":"paper","scales":[{"range":[0,1]},{}],"shares":[1]}`, `{"kind":"paper","scales":[{"range":[0,1]},{"range":[2,1]}]}`,
		`{"kind":"paper","scales":[{"range":[0,1]},{"range":[0,1]}],"shares":[]}`} {
		if err := os.WriteFile(filepath.Join(dir, "aggregate.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := generator.LoadAggregate(dir); err == nil {
			t.Errorf("%s was loaded", text)
		}
	}
}

// TestAggregateOfEqualRows: one size, one gap.
func TestAggregateOfEqualRows(t *testing.T) {
	rows := make([]generator.AggregateRow, 50)
	for i := range rows {
		rows[i] = generator.AggregateRow{Packets: 2, Gap: 0.5}
	}
	for _, kind := range []string{generator.KindPaper, generator.KindSampled} {
		count, gap := drawTable(t, fitTable(t, kind, rows), 20, 1)
		if slices.Min(count) != 2 || slices.Max(count) != 2 || math.Abs(slices.Min(gap[1:])-0.5) > 1e-9 || math.Abs(slices.Max(gap)-0.5) > 1e-9 {
			t.Errorf("%s: packets %v to %v, gaps %v to %v, want 2 and 0.5", kind, slices.Min(count), slices.Max(count), slices.Min(gap[1:]), slices.Max(gap))
		}
	}
}

// TestAggregateRows: the rows of a flow table are those of the flows.
func TestAggregateRows(t *testing.T) {
	flows := gentest.Flows(30, rand.NewPCG(1, 1))
	rows, err := generator.AggregateRows(flow.Rows(func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		gap := 0.0
		if i > 0 {
			gap = float64(flows[i].Start()-flows[i-1].Start()) / 1e9
		}
		if r.Packets != int64(len(flows[i].Packets)) || math.Abs(r.Gap-gap) > 1e-9 {
			t.Fatalf("row %d: %d packets after %v s, want %d after %v", i, r.Packets, r.Gap, len(flows[i].Packets), gap)
		}
	}
	broken := errors.New("broken")
	if _, err := generator.AggregateRows(func(yield func(flow.TableRow, error) bool) { yield(flow.TableRow{}, broken) }); !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}

func BenchmarkAggregateDraw(b *testing.B) {
	a, err := generator.FitAggregate(context.Background(), devicetest.Go(b), generator.DefaultAggregateConfig(generator.KindSampled), simulateTable(1000, 1), nil)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		for range a.Draw(context.Background(), generator.Request{Flows: 10000, Seed: 1}) {
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
