package main

import (
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/output"
)

func TestPrintTable(t *testing.T) {
	var b strings.Builder
	err := printTable(&b, []string{"NAME", "N", "NOTE"}, [][]string{{"a", "1,000", ""}, {"längst", "-2", "x y"}, {"c", "", "z"}})
	want := `NAME        N  NOTE
a       1,000
längst     -2  x y
c              z
`
	if b.String() != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, b.String(), want)
	}
}

func TestThousands(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{{0, "0"}, {999, "999"}, {1000, "1,000"}, {-1234567, "-1,234,567"}, {123456, "123,456"}}
	for _, tt := range tests {
		if got := output.Thousands(tt.n); got != tt.want {
			t.Errorf("output.Thousands(%d) = %s, want %s", tt.n, got, tt.want)
		}
	}
}
