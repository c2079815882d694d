package reproduction

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/all"
)

// Every set names experiments of experiments.toml that are of its level and generators,
// and every experiment on the published data belongs to a set.
func TestSetsAreExperiments(t *testing.T) {
	text, err := os.ReadFile("../../experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := config.Read(bytes.NewReader(text), "experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, s := range Sets() {
		for name, kind := range map[string]config.Generator{s.Paper: "paper", s.Sampled: "sampled"} {
			used[name] = true
			e, err := file.Experiment(name)
			if err != nil {
				t.Errorf("%s: %v", s.Name, err)
				continue
			}
			want := map[level]config.Level{Packets: config.PacketLevel, Starts: config.AggregateLevel}[s.Level]
			if want == "" {
				want = config.FlowLevel
			}
			if e.Generator != kind || e.Level != want || !strings.HasPrefix(e.Data.Name, "necstgen/") {
				t.Errorf("%s: experiment %s has generator %s, level %s, data %s", s.Name, name, e.Generator, e.Level, e.Data.Name)
			}
		}
	}
	for _, name := range file.Experiments {
		if strings.HasPrefix(name, "necstgen-") && !used[name] {
			t.Errorf("experiment %s belongs to no set", name)
		}
	}
}

// Every score of a table, and every published number, is one that package fidelity has.
func TestScoresAreDefined(t *testing.T) {
	known := make(map[string]bool)
	for _, d := range fidelity.Definitions() {
		known[d.Level+"/"+d.Name] = true
	}
	for _, s := range Sets() {
		if len(scoresOf[s.Level]) == 0 {
			t.Errorf("%s: no scores at its level", s.Name)
		}
		for _, name := range scoresOf[s.Level] {
			if !known[name] {
				t.Errorf("%s: unknown score %s", s.Name, name)
			}
		}
		for _, n := range s.Numbers {
			if !known[n.Score] || n.Value <= 0 || n.Source == "" {
				t.Errorf("%s: published number %+v", s.Name, n)
			}
		}
	}
}

func TestWorse(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	for _, test := range []struct {
		row          Row
		value, other *float64
		want         bool
	}{
		{Row{Kind: fidelity.Distance}, number(0.3), number(0.2), true},
		{Row{Kind: fidelity.Distance}, number(0.2), number(0.3), false},
		{Row{Kind: fidelity.Distance}, nil, number(0.3), false},
		{Row{Kind: fidelity.Classifier}, number(0.1), number(0.6), true},
		{Row{Kind: fidelity.Similarity}, number(0.9), number(0.95), true},
		{Row{Kind: fidelity.Proportion, Floor: number(0.97)}, number(0.99), number(0.9), false},
		{Row{Level: "privacy", Kind: fidelity.Proportion, Floor: number(0.6)}, number(0.1), number(0.5), false},
		{Row{Level: "privacy", Kind: fidelity.Proportion, Floor: number(0.6)}, number(0.7), number(0.5), true},
	} {
		if got := test.row.Worse(test.value, test.other); got != test.want {
			t.Errorf("%+v: %v, want %v", test, got, test.want)
		}
	}
}
