package fidelity

import (
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/necstgen/necstgen/datasets/csvrows"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// cells reads a column of a published CSV file as numbers, and beside it the flow of
// each row, -1 where the file has no such column.
func cells(t *testing.T, name, column string) (values []float64, flows []int64) {
	t.Helper()
	f, err := os.Open(sharedtest.Path(t, "necstgen/data/"+name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := csvrows.Open(f, "fidelity", name, column)
	if err != nil {
		t.Fatal(err)
	}
	for err = r.Next(); err != io.EOF; err = r.Next() {
		if err != nil {
			t.Fatal(err)
		}
		v, err := strconv.ParseFloat(r.Text(column), 64)
		if err != nil {
			t.Fatal(err)
		}
		id := -1.0
		if r.Has("flow_id") {
			if id, err = strconv.ParseFloat(r.Text("flow_id"), 64); err != nil {
				t.Fatal(err)
			}
		}
		values, flows = append(values, v), append(flows, int64(id))
	}
	return values, flows
}

// byFlow lists the values of each flow in the order of the rows.
func byFlow(values []float64, flows []int64) map[int64][]float64 {
	grouped := map[int64][]float64{}
	for i, v := range values {
		grouped[flows[i]] = append(grouped[flows[i]], v)
	}
	return grouped
}

// differences are the gaps between the times of each flow, sorted by time.
func differences(values []float64, flows []int64) (gaps []float64) {
	for _, times := range byFlow(values, flows) {
		slices.Sort(times)
		for i := range times[1:] {
			gaps = append(gaps, times[i+1]-times[i])
		}
	}
	return gaps
}

// behindFirst are the values of each flow without its first.
func behindFirst(values []float64, flows []int64) (rest []float64) {
	for _, list := range byFlow(values, flows) {
		rest = append(rest, list[1:]...)
	}
	return rest
}

// sizes are the rows of each flow.
func sizes(values []float64, flows []int64) (counts []float64) {
	for _, list := range byFlow(values, flows) {
		counts = append(counts, float64(len(list)))
	}
	return counts
}

// asTheyAre are the values of all rows.
func asTheyAre(values []float64, _ []int64) []float64 { return values }

// TestPublishedValues: the distances of this package between the columns that NeCSTGen's
// authors published are those that SciPy computes of them: ks_2samp and
// wasserstein_distance over pandas' columns, here with six digits. The columns are taken as
// they are, lengths and packets not rounded; the scores of an output round them first
// (D30), which is why theirs differ. Where the cosine takes a random part of the larger
// side, SciPy's is the mean of 20 parts.
func TestPublishedValues(t *testing.T) {
	type take func(values []float64, flows []int64) []float64
	for _, test := range []struct {
		name                    string
		real, realColumn        string
		of                      take
		output, syntheticColumn string
		ofOutput                take
		ks, w1, cos, within     float64 // within is that of the cosine
	}{
		{"HTTP length", "raw/df_raw_HTTP.csv", "length_total", asTheyAre,
			"output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", "length_total_lstm", asTheyAre, 0.6166, 186.76504, 0.8849, 0.012},
		{"HTTP gap", "raw/df_raw_HTTP.csv", "timestamps", differences,
			"output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", "time_diff_lstm", behindFirst, 0.156298, 0.1034, 0.8275, 0.25},
		{"HTTP packets", "raw/df_raw_HTTP.csv", "length_total", sizes,
			"output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", "length_total_lstm", sizes, 0.014483, 0.317168, 0.9958, 0.01},
		{"HTTP header", "raw/df_raw_HTTP.csv", "header_length", asTheyAre,
			"output/DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", "header_length_lstm", asTheyAre, 0.8559, 0.250258, 0.9999, 0.001},
		{"SNMP length", "raw/df_raw_SNMP.csv", "length_total", asTheyAre,
			"output/DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv", "length_total_lstm", asTheyAre, 0.49935, 0.71971, 1, 0.0001},
		{"SNMP gap", "raw/df_raw_SNMP.csv", "time_diff", asTheyAre,
			"output/DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv", "time_diff_lstm", asTheyAre, 0.457498, 3.722568, 0.6552, 0.001},
		{"UDP length", "raw/df_raw_UDP_GOOGLE_HOME.csv", "length_total", asTheyAre,
			"output/DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", "length_total_lstm", asTheyAre, 0.209759, 125.629488, 0.9761, 0.008},
		{"UDP gap", "raw/df_raw_UDP_GOOGLE_HOME.csv", "timestamps", differences,
			"output/DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", "time_diff_lstm", behindFirst, 0.468171, 3.82606, 0.8977, 0.02},
		{"UDP packets", "raw/df_raw_UDP_GOOGLE_HOME.csv", "length_total", sizes,
			"output/DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", "length_total_lstm", sizes, 0.345388, 1.671835, 0.9963, 0.008},
		{"flows HTTP count", "raw/df_raw_flows_HTTP.csv", "flow_id_count", asTheyAre,
			"output/DF_GEN_FLOW_HTTP_FINAL.csv", "count_total", asTheyAre, 0.272059, 1.967399, 0.881, 0.001},
		{"flows HTTP time between", "raw/df_raw_flows_HTTP.csv", "time_diff", asTheyAre,
			"output/DF_GEN_FLOW_HTTP_FINAL.csv", "time_diff", asTheyAre, 0.115517, 0.58523, 0.9934, 0.001},
	} {
		a, b := test.of(cells(t, test.real, test.realColumn)), test.ofOutput(cells(t, test.output, test.syntheticColumn))
		slices.Sort(a)
		slices.Sort(b)
		if ks := kolmogorovSmirnov(each(a), each(b)); math.Abs(ks-test.ks) > 1e-6 {
			t.Errorf("%s: KS %.6f, want %.6f", test.name, ks, test.ks)
		}
		if w1 := wasserstein(each(a), each(b)); math.Abs(w1-test.w1) > 1e-6*max(1, test.w1) {
			t.Errorf("%s: W1 %.6f, want %.6f", test.name, w1, test.w1)
		}
		n := int64(min(len(a), len(b)))
		rng := rand.New(rand.NewPCG(1, 1))
		if c := cosineOf(subset(a, int64(len(a)), n, rng), subset(b, int64(len(b)), n, rng)); math.Abs(c-test.cos) > test.within {
			t.Errorf("%s: cosine %.4f, want %.4f within %g", test.name, c, test.cos, test.within)
		}
	}
}
