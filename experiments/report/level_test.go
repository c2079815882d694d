package report

import (
	"testing"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// TestLevels: every level of the definitions has words of its own, and comes once.
func TestLevels(t *testing.T) {
	seen := map[string]bool{}
	for _, level := range levels() {
		if seen[level] {
			t.Errorf("level %s comes twice", level)
		}
		seen[level] = true
		if levelNames[level].title == "" || levelNames[level].about == "" {
			t.Errorf("level %s has no title, or nothing says what its scores have in common", level)
		}
	}
	for _, d := range fidelity.Definitions() {
		if !seen[d.Level] {
			t.Errorf("the report leaves out level %s", d.Level)
		}
	}
	if words := wordsOf("colour"); words.title != "Colour" {
		t.Errorf("a level without words is called %q", words.title)
	}
}
