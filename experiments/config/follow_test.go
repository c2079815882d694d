package config

import (
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

func TestFollow(t *testing.T) {
	for _, tt := range []struct {
		text   string
		follow bool // it is taken
		first  int64
		from   int64 // of a trace that begins at first
	}{
		{"all", true, 7, -1 << 63},
		{"+10s..+20s", true, 7, 10e9 + 7},
		{"1970-01-02..", true, 7, 86400e9},
		{"..+5m", true, 7, -1 << 63},
		{"1970-01-01T00:00:05.25Z..1970-01-02", true, 7, 5.25e9},
		{"..", false, 0, 0},
		{"none", false, 0, 0},
		{"+10s", false, 0, 0},
		{"+20s..+10s", false, 0, 0},
		{"10..20", false, 0, 0},
	} {
		e, err := Default().Override("generate.follow=" + tt.text)
		if (err == nil) != tt.follow {
			t.Errorf("%s: %v", tt.text, err)
		}
		if err != nil {
			continue
		}
		if from, _ := e.Generate.Follow.Period().Bounds(tt.first); from != tt.from {
			t.Errorf("%s: from %d, want %d", tt.text, from, tt.from)
		}
	}
	if (Follow("").Period() != flow.Period{}) || (FollowAll.Period() != flow.Period{}) {
		t.Error("all of the original is a period")
	}
	for _, overrides := range [][]string{
		{"generate.follow=all", "generate.flows_from=flows.csv"},
		{"data.flows=none", "generate.flows_from=flows.csv"},
	} {
		if _, err := Default().Override(overrides...); err == nil {
			t.Errorf("%v: taken", overrides)
		}
	}
}
