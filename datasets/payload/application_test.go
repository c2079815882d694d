package payload

import (
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Every application has a row.
func TestEveryApplicationHasADialect(t *testing.T) {
	known := 0
	for a := flow.Unknown; ; a++ {
		var back flow.Application
		if back.UnmarshalText([]byte(a.String())) != nil {
			break
		}
		known++
		if _, ok := dialects[a]; !ok {
			t.Errorf("%v has no row in dialects", a)
		}
	}
	if known != len(dialects) {
		t.Errorf("%d rows for %d applications", len(dialects), known)
	}
}
