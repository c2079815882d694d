package listing

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/report/reporttest"
	"github.com/necstgen/necstgen/experiments/run"
)

// interrupted makes a run of the experiment that was interrupted.
func interrupted(t *testing.T, dir, experiment string, seed uint64, a run.Annotation) *run.Manifest {
	t.Helper()
	e := config.Default()
	e.Seed = seed
	r, err := run.Start(dir, run.Spec{Experiment: experiment, Config: e, Keys: []string{fmt.Sprint(seed)}}, run.Options{Annotation: a,
		Now: func() time.Time { return time.Date(2026, 2, 1, 0, 0, int(seed), 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Finish(errors.New("no room"), nil); err == nil {
		t.Fatal("it finished")
	}
	return r.Manifest()
}

func list(t *testing.T, l *Lister) []Run {
	t.Helper()
	runs, _, err := l.List()
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func TestFilter(t *testing.T) {
	dir := t.TempDir()
	if _, err := reporttest.Folder(dir, 80, fidelity.Config{Trees: 5, FloorSplits: 2}); err != nil {
		t.Fatal(err)
	}
	interrupted(t, dir, "http", 2, run.Annotation{Name: "office", Note: "Before the move", Tags: []string{"x", "y"}})
	interrupted(t, dir, "http", 3, run.Annotation{Tags: []string{"x"}})
	runs := list(t, &Lister{Dir: dir})
	tests := []struct {
		name     string
		f        Filter
		want     []uint64 // seeds
		problems string   // a part of each, joined by |
	}{
		{"nothing", Filter{}, []uint64{3, 2, 1}, ""},
		{"text of the note in other letters", Filter{Text: "THE MOVE"}, []uint64{2}, ""},
		{"text of the experiment", Filter{Text: "quick"}, []uint64{1}, ""},
		{"text that no run has", Filter{Text: "quack"}, nil, ""},
		{"experiment", Filter{Experiment: "http"}, []uint64{3, 2}, ""},
		{"status", Filter{Status: "finished"}, []uint64{1}, ""},
		{"tags", Filter{Tags: []string{"x", "y"}}, []uint64{2}, ""},
		{"setting", Filter{Settings: []string{"seed=2"}}, []uint64{2}, ""},
		{"setting written otherwise", Filter{Settings: []string{"data.test_share=0.30"}}, []uint64{3, 2, 1}, ""},
		{"score", Filter{Scores: []string{"C2ST window<=1"}}, []uint64{1}, ""},
		{"score that does not hold", Filter{Scores: []string{"C2ST window>1"}}, nil, ""},
		{"unknown status", Filter{Status: "done"}, nil, `status: "done": want finished`},
		{"unknown score and key", Filter{Scores: []string{"AUC<1"}, Settings: []string{"lstm.unit=3"}}, nil, `score: "AUC<1": no score is called "AUC"|unknown key "lstm.unit"`},
		{"score without a number", Filter{Scores: []string{"C2ST window<low"}}, nil, `score: "C2ST window<low": "low" is no number`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problems := tt.f.Check()
			want := strings.Split(tt.problems, "|")
			if tt.problems == "" {
				want = nil
			}
			if len(problems) != len(want) {
				t.Fatalf("problems %v, want %d", problems, len(want))
			}
			for i, err := range problems {
				if !strings.Contains(err.Error(), want[i]) {
					t.Errorf("problem %v, want %s", err, want[i])
				}
			}
			if len(problems) > 0 {
				return
			}
			var seeds []uint64
			for _, r := range runs {
				if tt.f.Lets(r) {
					seeds = append(seeds, r.Manifest.Config.Seed)
				}
			}
			if !slices.Equal(seeds, tt.want) {
				t.Errorf("seeds %v, want %v", seeds, tt.want)
			}
		})
	}
}

func TestSort(t *testing.T) {
	dir := t.TempDir()
	if _, err := reporttest.Folder(dir, 80, fidelity.Config{Trees: 5, FloorSplits: 2}); err != nil {
		t.Fatal(err)
	}
	interrupted(t, dir, "http", 2, run.Annotation{Name: "office"})
	interrupted(t, dir, "http", 3, run.Annotation{Name: "home"})
	runs := list(t, &Lister{Dir: dir})
	for _, tt := range []struct {
		order      string
		descending bool
		want       []uint64
	}{
		{"run", false, []uint64{3, 2, 1}},
		{"run", true, []uint64{1, 2, 3}},
		{"started", true, []uint64{3, 2, 1}},
		{"status", true, []uint64{1, 3, 2}}, // finished before failed
		{"classifier/C2ST window", false, []uint64{1, 2, 3}},
		{"classifier/C2ST window", true, []uint64{1, 2, 3}}, // what has none is last
	} {
		var seeds []uint64
		slices.SortFunc(runs, func(a, b Run) int { return int(a.Manifest.Config.Seed) - int(b.Manifest.Config.Seed) })
		if tt.order == "status" {
			slices.Reverse(runs) // a sort keeps what is equal
		}
		if !Sort(runs, tt.order, tt.descending) {
			t.Errorf("no order %s", tt.order)
		}
		for _, r := range runs {
			seeds = append(seeds, r.Manifest.Config.Seed)
		}
		if !slices.Equal(seeds, tt.want) {
			t.Errorf("%s, descending %t: %v, want %v", tt.order, tt.descending, seeds, tt.want)
		}
	}
	for _, order := range []string{"", "x", "classifier/x", "/"} {
		if Sort(runs, order, false) {
			t.Errorf("there is an order %q", order)
		}
	}
}

// A list has what changes between two looks, and a folder that cannot be read is named.
func TestListAgain(t *testing.T) {
	dir := t.TempDir()
	first := interrupted(t, dir, "http", 2, run.Annotation{})
	second := interrupted(t, dir, "http", 3, run.Annotation{})
	l := &Lister{Dir: dir}
	before := list(t, l)
	if again := list(t, l); again[0].Manifest != before[0].Manifest {
		t.Error("a manifest that was not written again was read again")
	}
	if err := first.Annotate(run.Annotation{Name: "office"}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(second.Dir, run.ManifestName), []byte(`{"schema": 2, "exp`), 0o666); err != nil {
		t.Fatal(err)
	}
	runs, broken, err := l.List()
	if err != nil || len(runs) != 1 || runs[0].Name != "office" || len(broken) != 1 || broken[0].Dir != second.Dir {
		t.Errorf("%d runs, broken %v, %v", len(runs), broken, err)
	}
	if err := run.Remove(first.Dir); err != nil {
		t.Fatal(err)
	}
	if runs := list(t, l); len(runs) != 0 {
		t.Errorf("a run that was removed is listed: %v", runs[0].Dir)
	}
	if runs := list(t, &Lister{Dir: filepath.Join(dir, "none")}); len(runs) != 0 {
		t.Errorf("%d runs of no folder", len(runs))
	}
}

// BenchmarkList lists a thousand finished runs: for the first time, and again.
func BenchmarkList(b *testing.B) {
	source, err := reporttest.Folder(b.TempDir(), 80, fidelity.Config{Trees: 5, FloorSplits: 2})
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	for i := range 1000 {
		one := filepath.Join(dir, "e", fmt.Sprint(i))
		if err := os.MkdirAll(one, 0o777); err != nil {
			b.Fatal(err)
		}
		for _, name := range []string{run.ManifestName, report.ScoresName} {
			text, err := os.ReadFile(source.Path(name))
			if err == nil {
				err = os.WriteFile(filepath.Join(one, name), text, 0o666)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if runs, _, err := (&Lister{Dir: dir}).List(); err != nil || len(runs) != 1000 {
				b.Fatal(len(runs), err)
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		l := &Lister{Dir: dir}
		if _, _, err := l.List(); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if runs, _, err := l.List(); err != nil || len(runs) != 1000 {
				b.Fatal(len(runs), err)
			}
		}
	})
}
