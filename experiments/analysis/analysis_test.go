package analysis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// TestList: every analysis of the notebook has an entry with its own name and words.
func TestList(t *testing.T) {
	names := map[string]bool{}
	for i, a := range analysis.List() {
		if want := fmt.Sprint("A", i+1); a.ID != want {
			t.Errorf("entry %d is %s, want %s", i, a.ID, want)
		}
		if names[a.Name] || !regexp.MustCompile(`^[a-z-]+$`).MatchString(a.Name) {
			t.Errorf("%s: name %q", a.ID, a.Name)
		}
		names[a.Name] = true
		for _, text := range []string{a.Meaning, a.Corrected} {
			if text != "" && (!strings.HasSuffix(text, ".") || strings.ToUpper(text[:1]) != text[:1]) {
				t.Errorf("%s: %q is no sentence", a.ID, text)
			}
		}
		if a.Title == "" || a.Meaning == "" {
			t.Errorf("%s has no title or no meaning", a.ID)
		}
	}
	if len(names) != 27 {
		t.Errorf("%d analyses, want 27", len(names))
	}
	if _, err := analysis.Find("a10"); err != nil {
		t.Error(err)
	}
	if _, err := analysis.Find("rt"); err == nil || !strings.Contains(err.Error(), `unknown analysis "rt": want one of fields, levels,`) {
		t.Errorf("%v", err)
	}
}

// exchanged are two sides of TCP flows.
func exchanged(n int) (analysis.Side, []analysis.Side) {
	return analysis.Side{Name: "real", Traffic: analysis.NewTraffic(flowtest.Exchanges(n, 900))},
		[]analysis.Side{{Name: "synthetic", Traffic: analysis.NewTraffic(flowtest.Exchanges(n*4/5, 700))}}
}

// TestLaws: sides that are equal have no distance in any analysis, shares sum to 1,
// intervals hold their value, and the same sides give the same bytes.
func TestLaws(t *testing.T) {
	for name, flows := range map[string][]*flow.Flow{"flows": flowtest.Exchanges(60, 900), "uplinks": flowtest.Heard(60, 0)} {
		side := func() analysis.Side {
			return analysis.Side{Name: "a side", Traffic: analysis.NewTraffic(flows)}
		}
		results, err := analysis.Run(context.Background(), side(), []analysis.Side{side(), side()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := analysis.Run(context.Background(), side(), []analysis.Side{side(), side()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := json.Marshal(results)
		b, errB := json.Marshal(again)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: two runs differ: %v, %v", name, errA, errB)
		}
		for _, r := range results {
			checkLaws(t, name, r)
		}
	}
}

// checkLaws checks the result of equal sides.
func checkLaws(t *testing.T, name string, r *analysis.Result) {
	t.Helper()
	if (r.Absent == "") != (len(r.Measures) > 0 && len(r.Figures) > 0) {
		t.Errorf("%s, %s: %d measures and %d figures, absent %q", name, r.Name, len(r.Measures), len(r.Figures), r.Absent)
	}
	for i, f := range r.Figures {
		if !strings.HasPrefix(f.Name, r.Name) {
			t.Errorf("%s: figure %d is named %s", r.Name, i, f.Name)
		}
	}
	for _, m := range r.Measures {
		if len(m.Values) != len(r.Sides) {
			t.Fatalf("%s, %s %s: %d values of %d sides", r.Name, m.Quantity, m.Statistic, len(m.Values), len(r.Sides))
		}
		for i, v := range m.Values {
			distance := strings.Contains(m.Statistic, "to real") || m.Statistic == "KS" || m.Statistic == "W1" || m.Statistic == "JSD"
			switch {
			case distance && i == 0 && v.Value != nil, distance && i > 0 && (v.Value == nil || math.Abs(*v.Value) > 1e-12):
				t.Errorf("%s, %s %s of side %d of equal ones is %s", name, m.Quantity, m.Statistic, i, text(v.Value))
			case m.Statistic == "cosine" && i > 0 && (v.Value == nil || math.Abs(*v.Value-1) > 1e-12):
				t.Errorf("%s, %s: cosine of equal sides is %s", name, m.Quantity, text(v.Value))
			case v.Low != nil && (*v.Low > *v.Value || *v.High < *v.Value):
				t.Errorf("%s, %s %s: %g is not in its interval %g to %g", name, m.Quantity, m.Statistic, *v.Value, *v.Low, *v.High)
			}
		}
	}
}

func text(v *float64) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(*v)
}

// TestNotApplicable: an analysis that lacks what it needs says what that is, and a
// generated side that lacks it is left out with its reason.
func TestNotApplicable(t *testing.T) {
	tcp, uplinks := analysis.NewTraffic(flowtest.Exchanges(30, 900)), analysis.NewTraffic(flowtest.Heard(30, 0))
	labelled := analysis.NewTraffic(flowtest.Exchanges(30, 700))
	labelled.Lacks = fidelity.NoStarts | fidelity.NoAddresses
	timeline := analysis.NewTraffic(flowtest.Exchanges(30, 700))
	timeline.Timeline = true
	rows := analysis.NewFlowTraffic([]flow.TableRow{{Start: 5e9, Packets: 3}, {Start: 1e9, Packets: 4}, {Start: 9e9, Packets: 9}})
	for _, tt := range []struct {
		name            string
		real            *analysis.Traffic
		generated       []*analysis.Traffic
		absent, leftOut string
	}{
		{"levels", tcp, []*analysis.Traffic{tcp}, "no packet is a LoRaWAN uplink", ""},
		{"flags", uplinks, []*analysis.Traffic{uplinks}, "no packet has TCP flags", ""},
		{"rtt", uplinks, []*analysis.Traffic{uplinks}, "all packets go one way", ""},
		{"rtt", timeline, []*analysis.Traffic{timeline}, "the traffic is one timeline without flows", ""},
		{"byte-rate", tcp, []*analysis.Traffic{labelled}, "side 1: the file does not say when its flows start", ""},
		{"byte-rate", tcp, []*analysis.Traffic{labelled, tcp}, "", "side 1: the file does not say when its flows start"},
		{"lengths", tcp, []*analysis.Traffic{rows}, "side 1: there are no packets, only a table of flows", ""},
		{"flow-rate", tcp, []*analysis.Traffic{rows}, "", ""},
		{"sizes", tcp, []*analysis.Traffic{rows, labelled}, "", ""},
		{"gaps", rows, []*analysis.Traffic{rows}, "", ""},
		{"gaps", rows, []*analysis.Traffic{labelled}, "the sides share neither packets nor starts of flows: no values", ""},
		{"distances", rows, []*analysis.Traffic{labelled}, "", ""},
		{"latent", tcp, []*analysis.Traffic{tcp}, "side 1: there is no run with a latent space to look at", ""},
		{"layers", tcp, []*analysis.Traffic{tcp}, "the packets' layers are not known", ""},
		{"recordings", tcp, []*analysis.Traffic{tcp}, "the traffic is one recording: no silence of 30 s divides it", ""},
	} {
		var generated []analysis.Side
		for i, g := range tt.generated {
			generated = append(generated, analysis.Side{Name: fmt.Sprint("side ", i+1), Traffic: g})
		}
		results, err := analysis.Run(context.Background(), analysis.Side{Name: "real", Traffic: tt.real}, generated, []string{tt.name})
		if err != nil || len(results) != 1 {
			t.Errorf("%s: %v, %d results", tt.name, err, len(results))
			continue
		}
		if r := results[0]; r.Absent != tt.absent || strings.Join(r.LeftOut, "; ") != tt.leftOut {
			t.Errorf("%s: absent %q, left out %q; want %q and %q", tt.name, r.Absent, r.LeftOut, tt.absent, tt.leftOut)
		}
	}
}

// TestInterrupted: no analysis begins once the context has ended.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	real, generated := exchanged(10)
	if _, err := analysis.Run(ctx, real, generated, nil); err != context.Canceled {
		t.Errorf("%v", err)
	}
}

func ExampleRun() {
	real := analysis.Side{Name: "real", Traffic: analysis.NewTraffic(flowtest.Exchanges(30, 900))}
	longer := analysis.Side{Name: "longer", Traffic: analysis.NewTraffic(flowtest.Exchanges(30, 1100))}
	results, err := analysis.Run(context.Background(), real, []analysis.Side{longer}, []string{"lengths", "levels"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		if r.Absent != "" {
			fmt.Printf("%s %s: %s\n", r.ID, r.Name, r.Absent)
			continue
		}
		m := r.Measures[1]
		fmt.Printf("%s %s %s: %.0f and %.0f %s\n", r.ID, m.Quantity, m.Statistic, *m.Values[0].Value, *m.Values[1].Value, m.Unit)
		for _, f := range r.Figures {
			fmt.Println(f.Name)
		}
	}
	// Output:
	// A2 levels: no packet is a LoRaWAN uplink
	// A9 packet length mean: 246 and 279 bytes
	// lengths
	// lengths-by-flags
}
