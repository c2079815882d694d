package generator_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

func TestReadLabels(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []int
		wrong      string
	}{
		{"lines and commas", "0 1,2\n\n3\t4 # the end\r\n", []int{0, 1, 2, 3, 4}, ""},
		{"none", "# nothing\n", nil, "no labels"},
		{"negative", "1\n-2\n", nil, "labels.txt:2"},
		{"no number", "1 SYN\n", nil, `"SYN"`},
		{"a fraction", "1.5", nil, `"1.5"`},
		{"too high", "4\n\n2 5", nil, `labels.txt:3: label "5": want a whole number from 0 to 4`},
	} {
		got, err := generator.ReadLabels(strings.NewReader(row.text), "labels.txt", 5)
		if row.wrong == "" && (err != nil || !reflect.DeepEqual(got, row.want)) || row.wrong != "" && (err == nil || !strings.Contains(err.Error(), row.wrong)) {
			t.Errorf("%s: %v, %v; want %v, error with %q", row.name, got, err, row.want, row.wrong)
		}
	}
}

func FuzzReadLabels(f *testing.F) {
	for _, text := range []string{"0 1,2 # three\n4", "-1", "1\n\n\n2x", "99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		labels, err := generator.ReadLabels(strings.NewReader(text), "labels.txt", 1000)
		if (err == nil) != (len(labels) > 0) {
			t.Errorf("%d labels with error %v", len(labels), err)
		}
		for _, label := range labels {
			if label < 0 || label >= 1000 {
				t.Errorf("label %d", label)
			}
		}
	})
}
