package analysis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// clusters is a latent space of n points around as many means as there are flags.
func clusters(t *testing.T, n int) *analysis.Latent {
	t.Helper()
	schema := feature.Schema{Columns: []feature.Column{
		{Name: "flags", Kind: feature.Category, Classes: []float64{2, 16, 24}},
		{Name: "rolling_rate_byte_sec", Kind: feature.Number, Lo: 0, Hi: 1000},
	}}
	encoder, err := feature.NewEncoder(schema)
	if err != nil {
		t.Fatal(err)
	}
	l := &analysis.Latent{Encoder: encoder}
	rng := rand.New(rand.NewPCG(1, 1))
	for k := range 3 {
		l.Weights, l.Means = append(l.Weights, 1.0/3), append(l.Means, []float64{float64(3 * k), 0})
		l.Covariances = append(l.Covariances, [][]float64{{0.3, 0}, {0, 0.3}})
	}
	for i := range n {
		k := i % 3
		l.Points = append(l.Points, []float64{float64(3*k) + 0.5*rng.NormFloat64(), 0.5 * rng.NormFloat64()})
		l.Labels = append(l.Labels, k)
		l.Codes = append(l.Codes, encoder.Encode(nil, []float64{[]float64{2, 16, 24}[k], float64(i)}))
	}
	return l
}

// TestLatent: the figures of one run, and of two, whose names then differ.
func TestLatent(t *testing.T) {
	traffic := analysis.NewTraffic(flowtest.Exchanges(10, 900))
	one, two := clusters(t, 90), clusters(t, 60)
	one.Training, one.Drawn = [][]int{{0, 1, 2}, {0, 1}}, [][]int{{0, 1, 2}, {0, 2}}
	two.Training, two.Drawn = one.Training, one.Training
	names := []string{"latent", "mixture", "correlation", "labels"}
	for _, runs := range [][]analysis.Side{{{Name: "a", Traffic: traffic, Latent: one}}, {{Name: "a", Traffic: traffic, Latent: one}, {Name: "b", Traffic: traffic}, {Name: "c", Traffic: traffic, Latent: two}}} {
		results, err := analysis.Run(context.Background(), analysis.Side{Name: "real", Traffic: traffic}, runs, names)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range results {
			if r.Absent != "" {
				t.Errorf("%s: %s", r.Name, r.Absent)
			}
			for _, f := range r.Figures {
				if seen[f.Name] {
					t.Errorf("%d runs: two figures are named %s", len(runs), f.Name)
				}
				seen[f.Name] = true
			}
			for _, m := range r.Measures {
				if len(m.Values) != len(r.Sides) {
					t.Errorf("%s: %d values of %d sides", m.Quantity, len(m.Values), len(r.Sides))
				}
			}
		}
		want := 1 + 2 + 1 + 1 + 3 // density, two classes, mixture, correlation, labels
		if len(runs) > 1 {
			want *= 2
		}
		if len(seen) != want {
			t.Errorf("%d figures of %d runs, want %d", len(seen), len(runs), want)
		}
		labels := results[3].Measures
		if got, want := *labels[0].Values[0].Value, jensenShannon([]float64{.4, .4, .2}, []float64{.4, .2, .4}); math.Abs(got-want) > 1e-12 {
			t.Errorf("labels differ by %g, want %g", got, want)
		}
		if got, want := *labels[1].Values[0].Value, jensenShannon([]float64{2. / 3, 1. / 3, 0}, []float64{1. / 3, 1. / 3, 1. / 3}); math.Abs(got-want) > 1e-12 {
			t.Errorf("pairs of labels differ by %g, want %g", got, want)
		}
		if n := len(results[3].Sides); n == 2 && *labels[0].Values[1].Value != 0 {
			t.Errorf("equal labels differ by %g", *labels[0].Values[1].Value)
		}
	}
}

// jensenShannon is the divergence of two distributions in bits.
func jensenShannon(p, q []float64) float64 {
	var sum float64
	for i := range p {
		m := (p[i] + q[i]) / 2
		for _, v := range []float64{p[i], q[i]} {
			if v > 0 {
				sum += v * math.Log2(v/m) / 2
			}
		}
	}
	return sum
}

// TestBrokenLatent: what does not fit together is an error that says what.
func TestBrokenLatent(t *testing.T) {
	for name, tt := range map[string]struct {
		damage func(l *analysis.Latent)
		want   string
	}{
		"no point":        {func(l *analysis.Latent) { l.Points = nil }, "no values"},
		"short labels":    {func(l *analysis.Latent) { l.Labels = l.Labels[1:] }, "8 labels for 9 points"},
		"one dimension":   {func(l *analysis.Latent) { l.Points[2] = []float64{1} }, "point 2 has 1 dimensions: want at least 2"},
		"no weight":       {func(l *analysis.Latent) { l.Weights = nil }, "0 weights, 3 means, 3 covariances: want the same number"},
		"short mean":      {func(l *analysis.Latent) { l.Means[1] = nil }, "component 1: want a mean and a covariance matrix of at least 2 dimensions"},
		"no encoder":      {func(l *analysis.Latent) { l.Encoder = nil }, "9 rows of features for 9 points: want one a point, and the encoder"},
		"a feature short": {func(l *analysis.Latent) { l.Codes[3] = l.Codes[3][1:] }, "point 3 has 1 features: want 2"},
	} {
		l := clusters(t, 9)
		tt.damage(l)
		if err := l.Check(); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
		traffic := analysis.NewTraffic(flowtest.Exchanges(3, 900))
		_, err := analysis.Run(context.Background(), analysis.Side{Name: "real", Traffic: traffic}, []analysis.Side{{Name: "run", Traffic: traffic, Latent: l}}, []string{"mixture"})
		if want := "analysis: mixture: run: " + tt.want; err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// TestReadLabels: as many labels are drawn as there are, flow by flow.
func TestReadLabels(t *testing.T) {
	sequences := [][]int{{0, 1, 2, 1}, {0, 1}, {0, 1, 2}}
	chain, err := markov.Fit(2, sequences)
	if err != nil {
		t.Fatal(err)
	}
	var labels, stored bytes.Buffer
	if err := json.NewEncoder(&labels).Encode(map[string][]int{"lengths": {4, 2, 3}, "flows": {0, 1, 2, 1, 0, 1, 0, 1, 2}}); err != nil {
		t.Fatal(err)
	}
	if err := chain.Save(&stored); err != nil {
		t.Fatal(err)
	}
	l := clusters(t, 9)
	text := stored.String()
	if err := l.ReadLabels(&labels, &stored); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(l.Training); got != fmt.Sprint(sequences) {
		t.Errorf("%s, want %v", got, sequences)
	}
	for i, s := range l.Drawn {
		if len(s) != len(sequences[i]) || s[0] != 0 {
			t.Errorf("sequence %d drawn is %v, of training %v", i, s, sequences[i])
		}
	}
	for name, tt := range map[string]struct{ labels, chain, want string }{
		"labels": {"{", text, "analysis: labels.json: unexpected EOF"},
		"chain":  {"{}", "{", "analysis: "},
	} {
		if err := l.ReadLabels(strings.NewReader(tt.labels), strings.NewReader(tt.chain)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("broken %s: %v, want %s", name, err, tt.want)
		}
	}
}

// TestRecordings: silence between recordings counts for nothing.
func TestRecordings(t *testing.T) {
	flows := flowtest.Exchanges(20, 900)
	for _, f := range flows[10:] {
		for i := range f.Packets {
			f.Packets[i].Time += 3600e9
		}
	}
	results, err := analysis.Run(context.Background(), analysis.Side{Name: "real", Traffic: analysis.NewTraffic(flows)}, nil, []string{"recordings"})
	if err != nil || results[0].Absent != "" {
		t.Fatal(err, results)
	}
	got := map[string]float64{}
	for _, m := range results[0].Measures {
		got[m.Quantity+" "+m.Statistic] = *m.Values[0].Value
	}
	for name, want := range map[string]float64{"recordings n": 2, "packets/s in recordings n": 20, "packets/s in recordings mean": 6, "gap in recordings n": 118} {
		if got[name] != want {
			t.Errorf("%s is %g, want %g", name, got[name], want)
		}
	}
}
