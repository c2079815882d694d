package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/config"
)

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    []string
	}{
		{"", 10, []string{""}},
		{"one", 10, []string{"one"}},
		{"one two  three", 10, []string{"one two", "  three"}},
		{"ünö twö", 7, []string{"ünö twö"}},
		{"ünö twö", 6, []string{"ünö", "  twö"}},
		{"a https://example.org b", 5, []string{"a", "  https://example.org", "  b"}},
	} {
		if got := wrap(test.text, test.columns, "", "  "); !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}

// No list of the repository's experiments or of the keys is wider than it may be, and
// wrapping loses no word.
func TestListsFit(t *testing.T) {
	for _, columns := range []int{50, 80, 200} {
		var b strings.Builder
		var words []string
		for _, k := range config.Describe() {
			e := keyEntry(k)
			words = append(words, strings.Fields(e.head+" "+e.text)...)
			if err := printEntries(&b, columns, []entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(strings.Fields(b.String()), words) {
			t.Errorf("%d columns: other words", columns)
		}
		for line := range strings.Lines(b.String()) {
			if len(line)-1 > columns {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
	}
}

// What users are told of the keys refers to nothing that they do not have.
func TestKeysReferToNothing(t *testing.T) {
	for _, k := range config.Describe() {
		for _, word := range []string{"algorithm.md", "design.md", " Name", "From", "D0"} {
			if strings.Contains(k.Meaning, word) {
				t.Errorf("%s: %q in %q", k.Name, word, k.Meaning)
			}
		}
	}
}
