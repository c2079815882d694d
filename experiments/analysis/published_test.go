package analysis_test

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// published reads a published raw file as flows by its labels.
func published(t *testing.T, name string) []*flow.Flow {
	t.Helper()
	in := sharedtest.Open(t, "necstgen", "data", "raw", name)
	byID := map[int64]*flow.Flow{}
	var flows []*flow.Flow
	for p, err := range necstgencsv.Packets(in, name) {
		if err != nil {
			t.Fatal(err)
		}
		f := byID[p.FlowID]
		if f == nil {
			f = &flow.Flow{ID: p.FlowID, Tuple: p.Tuple, Application: p.Application}
			byID[p.FlowID] = f
			flows = append(flows, f)
		}
		f.Packets = append(f.Packets, p)
	}
	for _, f := range flows {
		slices.SortStableFunc(f.Packets, func(a, b flow.Packet) int { return cmp.Compare(a.Time, b.Time) })
	}
	return flows
}

// output opens a published output file.
func output(t *testing.T, name string) *necstgencsv.OutputFile {
	t.Helper()
	o, err := necstgencsv.OpenOutput(sharedtest.Path(t, "necstgen", "data", "output", name))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// drawnPackets reads generated packets.
func drawnPackets(t *testing.T, name string) []*flow.Flow {
	t.Helper()
	flows, damaged, err := output(t, name).Flows()
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	return flows
}

// flowTable reads a table of flows.
func flowTable(t *testing.T, o *necstgencsv.OutputFile) *analysis.Traffic {
	t.Helper()
	rows, damaged, err := o.Table()
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	return analysis.NewFlowTraffic(rows)
}

// uplinks reads a published log of a gateway.
func uplinks(t *testing.T, name string) []*flow.Flow {
	t.Helper()
	f := &flow.Flow{Application: flow.LoRaWAN}
	for p, err := range lorawan.Read(sharedtest.Open(t, "necstgen", "data", "raw", name), name) {
		if err == nil { // a downlink among the rows is an error
			f.Packets = append(f.Packets, p)
		}
	}
	return []*flow.Flow{f}
}

// timeline marks traffic without flows.
func timeline(flows []*flow.Flow) *analysis.Traffic {
	t := analysis.NewTraffic(flows)
	t.Timeline = true
	return t
}

// labelled marks flows whose starts are not known.
func labelled(flows []*flow.Flow) *analysis.Traffic {
	t := analysis.NewTraffic(flows)
	t.Lacks = fidelity.NoStarts | fidelity.NoAddresses
	return t
}

// processed reads columns of a published processed file as codes, and the first two
// as latent points.
func processed(t *testing.T, columns ...string) *analysis.Latent {
	t.Helper()
	all, err := csv.NewReader(sharedtest.Open(t, "necstgen", "data", "process", "df_process_HTTP.csv")).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	l := &analysis.Latent{Weights: []float64{1}, Means: [][]float64{{0, 0}}, Covariances: [][][]float64{{{1, 0}, {0, 1}}}}
	var schema feature.Schema
	for _, name := range columns[2:] {
		schema.Columns = append(schema.Columns, feature.Column{Name: name, Kind: feature.Number, Lo: 0, Hi: 1})
	}
	if l.Encoder, err = feature.NewEncoder(schema); err != nil {
		t.Fatal(err)
	}
	for _, row := range all[1:] {
		values := make([]float64, len(columns))
		for i, name := range columns {
			if values[i], err = strconv.ParseFloat(row[slices.Index(all[0], name)], 64); err != nil {
				t.Fatal(err)
			}
		}
		l.Points, l.Codes, l.Labels = append(l.Points, values[:2]), append(l.Codes, values[2:]), append(l.Labels, 0)
	}
	return l
}

// TestPublished compares each analysis of the published files with what NumPy, SciPy
// and PyWavelets compute from the same files: testdata/analyses.py wrote
// testdata/analyses.json.
func TestPublished(t *testing.T) {
	text, err := os.ReadFile("testdata/analyses.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]json.RawMessage
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	none := analysis.NewTraffic(nil)
	for name, sides := range map[string]func(t *testing.T) []analysis.Side{
		"http": func(t *testing.T) []analysis.Side {
			return pair(analysis.NewTraffic(published(t, "df_raw_HTTP.csv")), labelled(drawnPackets(t, "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv")))
		},
		"udp": func(t *testing.T) []analysis.Side {
			return pair(analysis.NewTraffic(published(t, "df_raw_UDP_GOOGLE_HOME.csv")), labelled(drawnPackets(t, "DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv")))
		},
		"snmp": func(t *testing.T) []analysis.Side {
			return pair(timeline(published(t, "df_raw_SNMP.csv")), timeline(drawnPackets(t, "DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv")))
		},
		"flows": func(t *testing.T) []analysis.Side {
			real, err := necstgencsv.OpenOutput(sharedtest.Path(t, "necstgen", "data", "raw", "df_raw_flows_HTTP.csv"))
			if err != nil {
				t.Fatal(err)
			}
			return pair(flowTable(t, real), flowTable(t, output(t, "DF_GEN_FLOW_HTTP_FINAL.csv")))
		},
		"http alone": func(t *testing.T) []analysis.Side {
			return []analysis.Side{{Name: "real", Traffic: analysis.NewTraffic(published(t, "df_raw_HTTP.csv"))}}
		},
		"udp alone": func(t *testing.T) []analysis.Side {
			return []analysis.Side{{Name: "real", Traffic: analysis.NewTraffic(published(t, "df_raw_UDP_GOOGLE_HOME.csv"))}}
		},
		"lora": func(t *testing.T) []analysis.Side {
			return []analysis.Side{{Name: "real", Traffic: analysis.NewTraffic(uplinks(t, "df_raw_LORA_1.csv"))}}
		},
		"latent": func(t *testing.T) []analysis.Side {
			return []analysis.Side{{Name: "real", Traffic: none}, {Name: "run", Traffic: none, Latent: processed(t, "time_diff", "rate", "length_total", "flags")}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var want map[string]map[string][]*float64
			if err := json.Unmarshal(golden[name], &want); err != nil {
				t.Fatal(err)
			}
			list := sides(t)
			results, err := analysis.Run(context.Background(), list[0], list[1:], nil)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, results, want)
		})
	}
}

// pair are a real and a generated side.
func pair(real, generated *analysis.Traffic) []analysis.Side {
	return []analysis.Side{{Name: "real", Traffic: real}, {Name: "generated", Traffic: generated}}
}

// compareGolden compares the measures of results with wanted ones, which are a part
// of them. Sums in another order, and logarithms of them, differ by 1e-9 at most.
func compareGolden(t *testing.T, results []*analysis.Result, want map[string]map[string][]*float64) {
	t.Helper()
	got := map[string]map[string][]analysis.Value{}
	for _, r := range results {
		got[r.Name] = map[string][]analysis.Value{}
		for _, m := range r.Measures {
			got[r.Name][m.Quantity+"|"+m.Statistic] = m.Values
		}
		if len(want[r.Name]) > 0 && r.Absent != "" {
			t.Errorf("%s does not apply: %s", r.Name, r.Absent)
		}
	}
	compareIntervals(t, got, want["intervals"])
	delete(want, "intervals")
	compared := 0
	for name, measures := range want {
		for measure, values := range measures {
			have := got[name][measure]
			if len(have) != len(values) {
				t.Errorf("%s, %s: %d values, want %d", name, measure, len(have), len(values))
				continue
			}
			for i, v := range values {
				compared++
				g := have[i].Value
				if (v == nil) != (g == nil) || v != nil && math.Abs(*g-*v) > 1e-9*math.Max(1, math.Abs(*v)) {
					t.Errorf("%s, %s of side %d: %s, want %s", name, measure, i, text(g), text(v))
				}
			}
		}
	}
	t.Logf("%d values of %d analyses", compared, len(want))
}

// compareIntervals compares the bootstrap intervals of the real side. Two bootstraps
// of a thousand draws and more differ by a tenth of the interval's width at most.
func compareIntervals(t *testing.T, got map[string]map[string][]analysis.Value, want map[string][]*float64) {
	t.Helper()
	for name, ends := range want {
		have := slices.Concat(got["flags"][name+"|share"], got["sequences"][name+"|share"])[0]
		within := (*ends[1] - *ends[0]) / 10
		if have.Low == nil || math.Abs(*have.Low-*ends[0]) > within || math.Abs(*have.High-*ends[1]) > within {
			t.Errorf("%s: %s to %s, want %g to %g", name, text(have.Low), text(have.High), *ends[0], *ends[1])
		}
	}
}
