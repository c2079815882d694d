package fidelity

import (
	"slices"
	"testing"
)

// Every score that a run ends with is one that Compare computes.
func TestClosing(t *testing.T) {
	var names []string
	var scores []Score
	for _, d := range Definitions() {
		names = append(names, d.Level+"/"+d.Name)
		scores = append(scores, Score{Level: d.Level, Score: d.Name, Value: new(float64)})
	}
	for _, name := range closing {
		if !slices.Contains(names, name) {
			t.Errorf("%s is no score", name)
		}
	}
	slices.Reverse(scores)
	found := Closing(append(scores, Score{Level: "packet", Score: "length W1/sd"})) // the last has no value
	if len(found) != len(closing) || found[0].Score != "length W1/sd" {
		t.Errorf("%d scores, want %d: %+v", len(found), len(closing), found)
	}
}
