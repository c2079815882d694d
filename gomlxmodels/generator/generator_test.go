package generator_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

func TestRequestValidate(t *testing.T) {
	for _, row := range []struct {
		name, want string
		r          generator.Request
	}{
		{"flows", "", generator.Request{Flows: 1}},
		{"duration", "", generator.Request{Duration: time.Hour, RateFactor: 0.5}},
		{"no bound", "no end", generator.Request{}},
		{"negative flows", "flows = -1", generator.Request{Flows: -1}},
		{"negative duration", "duration = -1s", generator.Request{Flows: 1, Duration: -time.Second}},
		{"negative rate", "rate factor = -1", generator.Request{Flows: 1, RateFactor: -1}},
		{"endless rate", "rate factor = +Inf", generator.Request{Flows: 1, RateFactor: math.Inf(1)}},
		{"not a rate", "rate factor = NaN", generator.Request{Flows: 1, RateFactor: math.NaN()}},
		{"centuries", "2262", generator.Request{Duration: math.MaxInt64}},
		{"end of time", "2262", generator.Request{Flows: 1, Start: math.MaxInt64 - 1}},
	} {
		err := row.r.Validate()
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}
