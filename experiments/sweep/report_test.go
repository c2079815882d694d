package sweep

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
)

// score is a pointer to a value.
func score(v float64) *float64 { return &v }

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		values                           []float64
		mean, deviation, least, greatest float64
	}{
		{[]float64{2, 4, 4, 4, 5, 5, 7, 9}, 5, math.Sqrt(32.0 / 7), 2, 9},
		{[]float64{3, 3}, 3, 0, 3, 3},
		{[]float64{7}, 7, math.NaN(), 7, 7},
	} {
		s := spreadOf(tt.values)
		if s.N != len(tt.values) || math.Abs(*s.Mean-tt.mean) > 1e-12 || *s.Least != tt.least || *s.Greatest != tt.greatest {
			t.Errorf("%v: %+v", tt.values, s)
		}
		if math.IsNaN(tt.deviation) != (s.Deviation == nil) || s.Deviation != nil && math.Abs(*s.Deviation-tt.deviation) > 1e-12 {
			t.Errorf("%v: deviation %v, want %v", tt.values, s.Deviation, tt.deviation)
		}
	}
	if s := spreadOf(nil); s != (Spread{}) {
		t.Errorf("%+v, want none", s)
	}
}

// The best combination is the one with the least mean of its strongest classifier, not the
// one with the best single point.
func TestBest(t *testing.T) {
	m := &Manifest{Experiment: "dns", Fixed: []string{"data.path=my file.pcap"}, Axes: []Axis{{"lstm.units", []string{"8", "16"}}, {"seed", []string{"1", "2"}}}}
	at := func(index int, flow, window float64) result {
		p, err := m.Point(index)
		if err != nil {
			t.Fatal(err)
		}
		return result{State{Point: p, Status: run.Finished}, []fidelity.Score{{Level: "classifier", Score: "C2ST flow", Value: score(flow)}, {Level: "classifier", Score: "C2ST window", Value: score(window)}}}
	}
	b := best(m, [][]result{{at(1, 0.5, 0.51), at(2, 0.9, 0.5)}, {at(3, 0.5, 0.65), at(4, 0.6, 0.38)}})
	if b == nil || b.Index != 4 || math.Abs(b.Own-0.12) > 1e-12 || math.Abs(b.Mean-0.135) > 1e-12 || b.Command != "go run ./experiments run dns 'data.path=my file.pcap' lstm.units=16 seed=2" {
		t.Errorf("%+v", b)
	}
	without := at(4, 0.5, 0)
	without.scores = without.scores[:1] // its window classifier could not be trained, which shall not make it the best
	if b := best(m, [][]result{{at(1, 0.52, 0.9)}, {at(3, 0.6, 0.6), without}}); b == nil || b.Index != 1 || !strings.Contains(b.Rule, "(of C2ST flow)") {
		t.Errorf("%+v", b)
	}
	one := []result{{State{Point: b.Point}, []fidelity.Score{{Level: "packet", Score: "length W1/sd", Value: score(0.3)}}}}
	if b := best(m, [][]result{nil, one}); b == nil || b.Own != 0.3 || !strings.Contains(b.Rule, "packet/length W1/sd") {
		t.Errorf("%+v", b)
	}
	if b := best(m, [][]result{nil, {{}}}); b != nil {
		t.Errorf("%+v, want none", b)
	}
}

// checkReport checks the report of a finished sweep over two orders and two seeds.
func checkReport(t *testing.T, s *Sweep) {
	t.Helper()
	r, err := Summarize(s.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	if r.Finished != 4 || len(r.Combinations) != 2 || !slices.Equal(r.Combinations[1].Assignments, []string{"markov.order=2"}) || !slices.Equal(r.Combinations[1].Points, []int{3, 4}) || len(r.Missing) > 0 {
		t.Errorf("%+v", r)
	}
	if len(r.Scores) < 8 || r.Best == nil || len(r.Verdicts) == 0 {
		t.Errorf("%d scores, best %+v, %+v", len(r.Scores), r.Best, r.Verdicts)
	}
	for _, score := range r.Scores {
		for _, one := range score.Spreads {
			if one.N > 2 || one.N > 0 && (*one.Least > *one.Mean+1e-12 || *one.Mean > *one.Greatest+1e-12) {
				t.Errorf("%s: %+v", score.Name, one)
			}
		}
	}
	var page, tables bytes.Buffer
	if err := r.Page(&page); err != nil {
		t.Fatal(err)
	}
	if err := r.Markdown(&tables); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>Sweep orders of dns</h1>", "<svg ", "C2ST flow by markov.order", r.Best.Command} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, bad := range []string{"<script", "src=", "href=", "by seed"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	if want := "| score | markov.order | n | mean | deviation | least | greatest | real |\n|---|---:|---:|---:|---:|---:|---:|---:|\n| packet/length W1/sd | 1 | 2 | "; !strings.Contains(tables.String(), want) {
		t.Errorf("%s\nlacks %s", tables.String(), want)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func TestAxisOfFigure(t *testing.T) {
	for _, tt := range []struct {
		values []string
		scale  string
		whole  bool
		names  int
		last   float64
	}{
		{[]string{"1", "2", "8"}, "", true, 0, 8},
		{[]string{"0.1", "0.5"}, "", false, 0, 0.5},
		{[]string{"0.001", "0.01", "0.1"}, "log", false, 0, 0.1},
		{[]string{"0", "100"}, "", true, 0, 100},
		{[]string{"paper", "sampled"}, "", false, 2, 1},
		{[]string{"1", "bic"}, "", false, 2, 1},
	} {
		x, places := axisOf(Axis{"key", tt.values})
		if string(x.Scale) != tt.scale || len(x.Names) != tt.names || places[len(places)-1] != tt.last || tt.names == 0 && x.Whole != tt.whole {
			t.Errorf("%q: %+v, %v", tt.values, x, places)
		}
	}
}
