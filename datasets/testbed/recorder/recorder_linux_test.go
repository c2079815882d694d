package recorder

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestRunRefuses(t *testing.T) {
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{Load: "party"}, `load "party": want office or services`},
		{Config{Role: "drummer"}, `role "drummer": want wire-near, wire-far, network or gateway-N`},
		{Config{Role: "wire-near"}, "interface access1"}, // there is none outside the testbed
	} {
		if err := Run(context.Background(), tt.cfg, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %q", tt.cfg, err, tt.want)
		}
	}
}

// TestScenarios: every scenario has servers for its persons, on hosts that are not twice there.
func TestScenarios(t *testing.T) {
	for name, s := range scenarios() {
		seen := map[byte]bool{}
		for _, h := range s.hosts {
			if seen[h.Number] {
				t.Errorf("%s: host %s has another's number", name, h.Name)
			}
			seen[h.Number] = true
		}
		if len(s.persons()) == 0 || s.prepare == nil {
			t.Errorf("%s: nobody there", name)
		}
	}
}
