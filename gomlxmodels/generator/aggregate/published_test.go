package aggregate

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// publishedColumns reads columns of a file of NeCSTGen's published data in
// ../shared/necstgen/data, beside the repository, or skips the test.
func publishedColumns(t *testing.T, name string, wanted ...string) [][]float64 {
	t.Helper()
	columns, err := table.ReadFeatures(sharedtest.Path(t, "necstgen", "data", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float64, len(wanted))
	for row, err := range columns.Rows {
		if err != nil {
			t.Fatal(err)
		}
		for i, column := range wanted {
			values[i] = append(values[i], row[slices.Index(columns.Names, column)])
		}
	}
	return values
}

// ks is the Kolmogorov-Smirnov distance of two samples.
func ks(a, b []float64) float64 {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	var greatest float64
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x := min(a[i], b[j])
		for i < len(a) && a[i] == x {
			i++
		}
		for j < len(b) && b[j] == x {
			j++
		}
		greatest = max(greatest, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return greatest
}

// correlation is the autocorrelation of log10 of the gaps at lags 1 to 20.
func correlation(gaps []float64) []float64 {
	logs := make([]float64, len(gaps))
	var mean float64
	for i, gap := range gaps {
		logs[i] = math.Log10(max(1e-6, gap))
		mean += logs[i] / float64(len(gaps))
	}
	r := make([]float64, 21)
	for k := range r {
		for i := k; i < len(logs); i++ {
			r[k] += (logs[i] - mean) * (logs[i-k] - mean) / float64(len(logs)-k)
		}
	}
	for k := 20; k >= 0; k-- {
		r[k] /= r[0]
	}
	return r[1:]
}

// perBin counts the flows of each so many seconds.
func perBin(gaps []float64, bin float64) []float64 {
	var at float64
	var counts []float64
	for _, gap := range gaps {
		at += gap
		for int(at/bin) >= len(counts) {
			counts = append(counts, 0)
		}
		counts[int(at/bin)]++
	}
	return counts
}

// variances are log2 of the variance of the flows per 1, 4, 16, 64, 256 s.
func variances(gaps []float64) (all []float64) {
	for bin := 1.0; bin <= 256; bin *= 4 {
		counts := perBin(gaps, bin)
		var mean, squares float64
		for _, n := range counts {
			mean += n / float64(len(counts))
			squares += n * n / float64(len(counts))
		}
		all = append(all, math.Log2(squares-mean*mean))
	}
	return all
}

func meanDifference(a, b []float64) (sum float64) {
	for i := range a {
		sum += math.Abs(a[i]-b[i]) / float64(len(a))
	}
	return sum
}

// tableFlows are flows of so many packets, each so many seconds after the one before.
func tableFlows(count, gap []float64) []*flow.Flow {
	flows := make([]*flow.Flow, len(count))
	at := int64(1_700_000_000_000_000_000)
	for i := range flows {
		before := at
		at += int64(math.Round(gap[i] * 1e9))
		flows[i] = &flow.Flow{ID: int64(i), Before: before, Packets: make([]flow.Packet, int(count[i]))}
		for j := range flows[i].Packets {
			flows[i].Packets[j].Time = at
		}
	}
	return flows
}

// byRank is the design of the two columns with scales by rank, as the summary's.
func byRank(n int) design {
	d := PacketsAndGap.designOf(n)
	d.byRange = false
	return d
}

// fitTable fits packets and gaps, scaled by range or by rank.
func fitTable(t testing.TB, byRange bool, count, gap []float64) *Model {
	t.Helper()
	d := PacketsAndGap.designOf(len(count))
	if !byRange {
		d = byRank(len(count))
	}
	flows := tableFlows(count, gap)
	x := Summaries(flows)
	m := &Model{Resolution: timeline.Resolution(flows), Between: between(x)}
	if err := m.fit(context.Background(), d, x, 1); err != nil {
		t.Fatal(err)
	}
	return m
}

func drawTable(t *testing.T, a *Model, n int, seed uint64) (count, gap []float64) {
	t.Helper()
	for row, err := range a.Draw(context.Background(), generator.Request{Flows: n, Seed: seed}) {
		if err != nil {
			t.Fatal(err)
		}
		count, gap = append(count, float64(row.Packets)), append(gap, row.Gap)
	}
	return count, gap
}

// TestPublishedFlowTables fits the aggregate level to the flow tables that
// NeCSTGen's authors published. Their own output for HTTP, fitted on the same
// rows, is at Kolmogorov-Smirnov distances of 0.272 (packets) and 0.116 (gaps).
func TestPublishedFlowTables(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: fits mixtures to 10,000 rows")
	}
	for _, table := range []struct {
		name         string
		count, gap   float64 // at most, on all rows
		beyond       float64 // at most above the distance of the real rows' own parts, fitted on the first 70 %
		correlations float64 // at most, mean absolute difference
	}{
		{"HTTP", 0.272 / 2, 0.116 / 2, 0.05, 0.05},
		{"UDP_GOOGLE_HOME", 0.244 / 2, 0.044 / 2, 0.05, 0.1}, // of the authors' output by SciPy
	} {
		t.Run(table.name, func(t *testing.T) {
			t.Parallel()
			columns := publishedColumns(t, "raw/df_raw_flows_"+table.name+".csv", "flow_id_count", "time_diff")
			count, gap := columns[0], columns[1]
			if table.name == "HTTP" {
				theirs := publishedColumns(t, "output/DF_GEN_FLOW_HTTP_FINAL.csv", "count_total", "time_diff")
				a, b := ks(count, theirs[0]), ks(gap, theirs[1])
				t.Logf("HTTP, the authors' output: KS packets %.4f gap %.4f, autocorrelation %.4f, variances %.3f", a, b, meanDifference(correlation(gap), correlation(theirs[1])), meanDifference(variances(gap), variances(theirs[1])))
				if math.Abs(a-0.272) > 5e-4 || math.Abs(b-0.1155) > 5e-4 {
					t.Errorf("the authors' output: KS %.4f and %.4f, want 0.2721 and 0.1155 as SciPy has it", a, b)
				}
			}
			first := len(count) * 7 / 10
			shuffled := rand.New(rand.NewPCG(1, 1)).Perm(len(count))
			var halves [2][2][]float64
			for i, at := range shuffled {
				halves[i%2][0], halves[i%2][1] = append(halves[i%2][0], count[at]), append(halves[i%2][1], gap[at])
			}
			driftCount, driftGap := ks(count[:first], count[first:]), ks(gap[:first], gap[first:])
			t.Logf("%s, real: first 70 %% against the rest: KS packets %.4f gap %.4f; random halves %.4f %.4f", table.name, driftCount, driftGap,
				ks(halves[0][0], halves[1][0]), ks(halves[0][1], halves[1][1]))
			t.Logf("%s, real: autocorrelation %.3f, variances %.2f", table.name, correlation(gap[1:])[:8], variances(gap))
			for _, kind := range []string{"by range", "by rank"} {
				a := fitTable(t, kind == "by range", count, gap)
				// Of three draws the one in the middle: the distance of one draw of so many dependent
				// gaps wanders by half of what is held here.
				draws := make([][2][]float64, 3)
				for i := range draws {
					c, g := drawTable(t, a, 9999, uint64(i+1))
					draws[i] = [2][]float64{c, g}
				}
				slices.SortFunc(draws, func(x, y [2][]float64) int { return cmp.Compare(ks(gap, x[1]), ks(gap, y[1])) })
				c, g := draws[1][0], draws[1][1]
				off := meanDifference(correlation(gap[1:]), correlation(g[1:]))
				t.Logf("%s %s: %d components, KS packets %.4f gap %.4f, autocorrelation off by %.4f, flows/s KS %.4f", table.name, kind, a.Rows.Mixture.Components(),
					ks(count, c), ks(gap, g), off, ks(perBin(gap, 1), perBin(g, 1)))
				t.Logf("%s %s: autocorrelation %.3f, variances %.2f, mean gap %.3f for %.3f", table.name, kind, correlation(g[1:])[:8], variances(g), sum(g)/9999, sum(gap)/10000)
				if ks(count, c) > table.count || ks(gap, g) > table.gap || off > table.correlations {
					t.Errorf("%s %s: KS packets %.4f gap %.4f, autocorrelation off by %.4f: want at most %.4f, %.4f, %.4f", table.name, kind, ks(count, c), ks(gap, g), off, table.count, table.gap, table.correlations)
				}
				a = fitTable(t, kind == "by range", count[:first], gap[:first])
				c, g = drawTable(t, a, len(count)-first, 1)
				t.Logf("%s %s, fitted on the first 70 %%, against the rest: KS packets %.4f gap %.4f", table.name, kind, ks(count[first:], c), ks(gap[first:], g))
				if ks(count[first:], c) > driftCount+table.beyond || ks(gap[first:], g) > driftGap+table.beyond {
					t.Errorf("%s %s, fitted on the first 70 %%: KS packets %.4f gap %.4f, want %.4f and %.4f and at most %.2f more", table.name, kind,
						ks(count[first:], c), ks(gap[first:], g), driftCount, driftGap, table.beyond)
				}
			}
		})
	}
}

func sum(x []float64) (total float64) {
	for _, v := range x {
		total += v
	}
	return total
}

// TestFitTable: a table of flows gives the model that flows of those sizes and starts give.
func TestFitTable(t *testing.T) {
	columns := publishedColumns(t, "raw/df_raw_flows_UDP_GOOGLE_HOME.csv", "flow_id_count", "time_diff")
	count, gap := columns[0][:1000], columns[1][:1000]
	flows := tableFlows(count, gap)
	rows := make([]flow.TableRow, len(flows))
	for i, f := range flows {
		rows[i] = flow.TableRow{Packets: int64(len(f.Packets)), Start: f.Start(), TimeDiff: float64(f.Start()-f.Before) / 1e9}
	}
	for _, c := range []Columns{PacketsAndGap, RankedPacketsAndGap} {
		m, err := FitTable(t.Context(), c, rows, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := fitTable(t, c == PacketsAndGap, count, gap)
		a, b := drawRows(t, m), drawRows(t, want)
		if !slices.Equal(a, b) {
			t.Errorf("%s: the rows drawn from a table and from flows differ", c)
		}
	}
	if _, err := FitTable(t.Context(), Summary, rows, 1); err == nil {
		t.Error("a table of flows has no summaries")
	}
	if _, err := FitTable(t.Context(), PacketsAndGap, rows[:generator.MinFlows-1], 1); err == nil {
		t.Error("too few flows are learnt")
	}
}

// drawRows are a few rows of a model.
func drawRows(t *testing.T, m *Model) (rows []Row) {
	t.Helper()
	for row, err := range m.Draw(t.Context(), generator.Request{Flows: 50, Seed: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}
