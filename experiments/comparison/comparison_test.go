package comparison

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report/reporttest"
	"github.com/necstgen/necstgen/experiments/run"
)

func TestBest(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	closest := fidelity.Definition{Level: "privacy", Name: "copied flows", Kind: fidelity.Proportion}
	tests := []struct {
		name           string
		d              fidelity.Definition
		values, floors []*float64
		want           []bool
	}{
		{"the least distance", fidelity.Definition{Kind: fidelity.Distance}, []*float64{number(0.3), number(0.2), nil}, nil, []bool{false, true, false}},
		{"nearest to one half", fidelity.Definition{Kind: fidelity.Classifier}, []*float64{number(0.4), number(0.7)}, nil, []bool{true, false}},
		{"the greatest similarity", fidelity.Definition{Kind: fidelity.Similarity}, []*float64{number(0.4), number(0.7)}, nil, []bool{false, true}},
		{"each by its own floor", fidelity.Definition{Kind: fidelity.Proportion}, []*float64{number(0.5), number(0.6)}, []*float64{number(0.5), number(0.9)}, []bool{true, false}},
		{"copying less than real traffic", closest, []*float64{number(0), number(0.1), number(0.4)}, []*float64{number(0.2), number(0.2), number(0.2)}, []bool{true, true, false}},
		{"what reads the same", fidelity.Definition{Kind: fidelity.Distance}, []*float64{number(0.20001), number(0.20002), number(0.3)}, nil, []bool{true, true, false}},
		{"all alike", fidelity.Definition{Kind: fidelity.Distance}, []*float64{number(0.2), number(0.2)}, nil, []bool{false, false}},
		{"one value", fidelity.Definition{Kind: fidelity.Distance}, []*float64{nil, number(0.2)}, nil, []bool{false, false}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Score{Definition: tt.d, Values: tt.values, Floors: tt.floors}
			if s.Floors == nil {
				s.Floors = make([]*float64, len(s.Values))
			}
			if got := s.best(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestFloor(t *testing.T) {
	low, high := 0.1, 0.25
	for want, floors := range map[string][]*float64{"–": {nil, nil}, "0.100": {&low, nil, &low}, "0.100 to 0.250": {&high, nil, &low}} {
		if got := (&Score{Floors: floors}).Floor(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Two runs of which one has another seed, a name and other commas in its note: what
// differs is there, what does not is not, and text of users is escaped.
func TestCompare(t *testing.T) {
	cfg := fidelity.Config{Trees: 5, FloorSplits: 2}
	a, err := reporttest.Folder(t.TempDir(), 80, cfg)
	if err != nil {
		t.Fatal(err)
	}
	b, err := reporttest.Folder(t.TempDir(), 120, cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Config.Seed, b.Source.Commit = 9, strings.Repeat("c", 40)
	b.Annotation = run.Annotation{Name: "office", Note: "a|b <i>"}
	c, err := Compare([]*run.Manifest{a, b})
	if err != nil {
		t.Fatal(err)
	}
	want := []Setting{{"seed", []string{"1", "9"}}, {"commit", []string{"", "cccccccccccc"}}}
	if !reflect.DeepEqual(c.Settings, want) {
		t.Errorf("settings %v, want %v", c.Settings, want)
	}
	if len(c.Missing) > 0 || len(c.Curves) != 4 || len(c.Losses) != 4 || len(c.Closing()) < 8 || len(c.Scores) < 30 || len(c.Applications()) != 1 {
		t.Errorf("missing %q, %d curves, %d losses, %d and %d scores of %d", c.Missing, len(c.Curves), len(c.Losses), len(c.Closing()), len(c.Scores), len(c.Applications()))
	}
	for name, page := range map[string]struct {
		write func(*bytes.Buffer) error
		want  []string
	}{
		"page":     {func(w *bytes.Buffer) error { return c.Page(w) }, []string{"a|b &lt;i&gt;", "<td class=\"number best\">", "<svg ", "All scores of HTTP"}},
		"Markdown": {func(w *bytes.Buffer) error { return c.Markdown(w) }, []string{`| a\|b <i> |`, "| seed | 1 | 9 |\n", "| HTTP classifier/C2ST flow | ", "**"}},
	} {
		var b bytes.Buffer
		if err := page.write(&b); err != nil {
			t.Fatal(err)
		}
		for _, text := range page.want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("the %s lacks %q", name, text)
			}
		}
		for _, outside := range []string{"http://", "https://", "<script", "src="} {
			if strings.Contains(strings.ReplaceAll(b.String(), "http://www.w3.org/", ""), outside) {
				t.Errorf("the %s has %s", name, outside)
			}
		}
	}
}

// A run without scores and curves is a column without them.
func TestCompareMissing(t *testing.T) {
	a := &run.Manifest{Experiment: "a", ID: "1", Status: run.Failed, Dir: t.TempDir()}
	b := &run.Manifest{Experiment: "b", ID: "2", Status: run.Failed, Dir: t.TempDir()}
	c, err := Compare([]*run.Manifest{a, b})
	if err != nil || len(c.Missing) != 4 || len(c.Closing()) != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	var page, text bytes.Buffer
	if err := c.Page(&page); err != nil || !strings.Contains(page.String(), "Missing: scores of a/1: ") {
		t.Errorf("%v: %s", err, page.String())
	}
	if err := c.Markdown(&text); err != nil || !strings.Contains(text.String(), "Missing: curves of b/2: ") {
		t.Errorf("%v: %s", err, text.String())
	}
	if _, err := Compare([]*run.Manifest{a}); err == nil {
		t.Error("one run was compared")
	}
}
