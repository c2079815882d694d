package fidelity

import (
	"strings"
	"testing"
)

func TestParseCondition(t *testing.T) {
	tests := []struct {
		text, level, name, operator string
		bound                       float64
		want                        string // part of the error
	}{
		{text: "C2ST window<0.7", level: "classifier", name: "C2ST window", operator: "<", bound: 0.7},
		{text: " packet/length KS >= 1e-2 ", level: "packet", name: "length KS", operator: ">=", bound: 0.01},
		{text: "privacy copied flows=0", level: "privacy", name: "copied flows", operator: "=", bound: 0},
		{text: "C2ST window", want: "want a score, one of < <= > >= = and a number"},
		{text: "<0.7", want: "want a score"},
		{text: "C2ST window<", want: "want a score"},
		{text: "C2ST window<x", want: `"x" is no number`},
		{text: "C2ST widow<1", want: `no score is called "C2ST widow": want one of packet/length`},
		{text: "packets KS<1", want: `several scores are called "packets KS": want one of flow/packets KS, aggregate/packets KS`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			c, err := ParseCondition(tt.text)
			switch {
			case tt.want != "":
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %s", err, tt.want)
				}
			case err != nil || c.Level != tt.level || c.Name != tt.name || c.Operator != tt.operator || c.Bound != tt.bound:
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
}

// The score of all applications, which comes first, decides; one without a value meets
// no condition.
func TestConditionHolds(t *testing.T) {
	low, high := 0.2, 0.6
	scores := []Score{{Level: "packet", Score: "length KS", Value: &low}, {Level: "packet", Score: "length KS", Value: &high}, {Level: "packet", Score: "length W1/sd"}}
	for text, want := range map[string]bool{
		"packet/length KS<0.2": false, "packet/length KS<=0.2": true, "packet/length KS=0.2": true, "packet/length KS>=0.2": true, "packet/length KS>0.2": false,
		"packet/length W1/sd<1": false, "packet/length W1/sd>=0": false, "C2ST flow<1": false,
	} {
		c, err := ParseCondition(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Holds(scores); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestDistanceFromReal(t *testing.T) {
	floor := 0.6
	for _, tt := range []struct {
		d           Definition
		value, want float64
	}{
		{Definition{Kind: Distance}, 0.3, 0.3},
		{Definition{Kind: Classifier}, 0.1, 0.4},
		{Definition{Kind: Similarity}, 0.75, 0.25},
		{Definition{Kind: Proportion}, 0.35, 0.25},
		{Definition{Level: "privacy", Name: "copied flows", Kind: Proportion}, 0.1, 0},
		{Definition{Level: "privacy", Name: "copied flows", Kind: Proportion}, 0.85, 0.25},
		{Definition{Level: "privacy", Name: "closest record", Kind: Proportion}, 0.85, 0},
		{Definition{Level: "privacy", Name: "closest record", Kind: Proportion}, 0.35, 0.25},
	} {
		if got := tt.d.DistanceFromReal(tt.value, &floor); max(got-tt.want, tt.want-got) > 1e-12 {
			t.Errorf("%+v of %g: %g, want %g", tt.d, tt.value, got, tt.want)
		}
	}
}
