package aggregate

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

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// simulateTable is a table of flows of 5 to 40 packets whose gaps come in runs:
// short ones, and seldom long ones.
func simulateTable(n int, seed uint64) (count, gap []float64) {
	random := rand.New(rand.NewPCG(seed, 7))
	mean := 0.01
	for range n {
		if random.IntN(10) == 0 {
			mean = []float64{0.01, 2}[random.IntN(2)]
		}
		count, gap = append(count, float64(5+random.IntN(36))), append(gap, random.ExpFloat64()*mean)
	}
	return count, gap
}

// TestAggregateLaws: whole counts inside the range of training, gaps inside
// theirs, starts that are their running sum, the same rows for the same seed and
// after saving, and bounds that hold.
func TestAggregateLaws(t *testing.T) {
	counts, gaps := simulateTable(600, 1)
	for _, kind := range []string{"by range", "by rank"} {
		a := fitTable(t, kind == "by range", counts, gaps)
		request := generator.Request{Flows: 500, Seed: 3, Start: 1_700_000_000_000_000_000}
		count, gap := drawTable(t, a, 500, 3)
		if slices.Min(count) < 5 || slices.Max(count) > 40 {
			t.Errorf("%s: %v to %v packets, want 5 to 40 as in training", kind, slices.Min(count), slices.Max(count))
		}
		least, greatest := math.Inf(1), 0.0
		for _, gap := range gaps[1:] {
			least, greatest = min(least, gap), max(greatest, gap)
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
		loaded, err := Load(dir)
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

func TestDrawRefuses(t *testing.T) {
	counts, gaps := simulateTable(100, 1)
	a := fitTable(t, true, counts, gaps)
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
}

func TestLoadRefuses(t *testing.T) {
	counts, gaps := simulateTable(100, 1)
	dir := t.TempDir()
	if err := fitTable(t, true, counts, gaps).Save(dir); err != nil {
		t.Fatal(err)
	}
	columns := `"resolution":1,"between":1,"columns":["log10 packets","log10 inter-flow time"]`
	for _, text := range []string{`{}`, `{` + columns + `,"scales":[{"range":[0,1]},{}],"weights":[1]}`,
		`{` + columns + `,"scales":[{"range":[0,1]},{"range":[2,1]}]}`, `{` + columns + `,"scales":[{"range":[0,1]},{"range":[0,1]}],"weights":[]}`} {
		if err := os.WriteFile(filepath.Join(dir, aboutName), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil {
			t.Errorf("%s was loaded", text)
		}
	}
}

// TestAggregateOfEqualRows: one size, one gap.
func TestAggregateOfEqualRows(t *testing.T) {
	counts, gaps := make([]float64, 50), make([]float64, 50)
	for i := range counts {
		counts[i], gaps[i] = 2, 0.5
	}
	for _, byRange := range []bool{true, false} {
		count, gap := drawTable(t, fitTable(t, byRange, counts, gaps), 20, 1)
		if slices.Min(count) != 2 || slices.Max(count) != 2 || math.Abs(slices.Min(gap[1:])-0.5) > 1e-9 || math.Abs(slices.Max(gap)-0.5) > 1e-9 {
			t.Errorf("by range %v: packets %v to %v, gaps %v to %v, want 2 and 0.5", byRange, slices.Min(count), slices.Max(count), slices.Min(gap[1:]), slices.Max(gap))
		}
	}
}

// TestClockJump: a clock that was set by half a century is no inter-flow time, and
// what a century cannot hold is an error.
func TestClockJump(t *testing.T) {
	flows := bursts(100, 1)
	for _, f := range flows[50:] {
		for j := range f.Packets {
			f.Packets[j].Time += 54 * 365 * 86400 * 1e9
		}
	}
	for _, c := range []Columns{Summary, PacketsAndGap} {
		a, err := Fit(context.Background(), c, withBefore(flows), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if a.Between > 100 {
			t.Errorf("%s: %v s between starts, want about 1", c, a.Between)
		}
		_, gap := drawTable(t, a, 2000, 1)
		if most := slices.Max(gap); most > 1000 {
			t.Errorf("%s: a gap of %v s was drawn, want those within the two parts", c, most)
		}
	}
	rare := fitTable(t, true, []float64{2, 2, 2, 2, 2, 2, 2, 2, 2}, []float64{0, 3e7, 3e7, 3e7, 3e7, 3e7, 3e7, 3e7, 3e7})
	var last error
	n := 0
	for _, err := range rare.Draw(context.Background(), generator.Request{Flows: 1000, Seed: 1}) {
		n, last = n+1, err
	}
	if last == nil || !strings.Contains(last.Error(), "century") || n < 90 {
		t.Errorf("a thousand flows, a year apart: %d flows, then %v, want an error after a century", n, last)
	}
}

func BenchmarkDraw(b *testing.B) {
	counts, gaps := simulateTable(1000, 1)
	a := fitTable(b, false, counts, gaps)
	n := 0
	for b.Loop() {
		for range a.Draw(context.Background(), generator.Request{Flows: 10000, Seed: 1}) {
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
