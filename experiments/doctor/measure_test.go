package doctor

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// A timing is the median of its samples after the warm-up, with the quartiles as spread.
func TestSampler(t *testing.T) {
	s := &sampler{began: time.Now()}
	if err := s.add(1, time.Hour, 32); err != nil { // compiles
		t.Fatal(err)
	}
	for _, us := range []int{80, 90, 100, 120, 1000} {
		if err := s.add(2, time.Duration(2*us)*time.Microsecond, 32); err != nil {
			t.Fatal(err)
		}
	}
	got := s.timing("model", "rows", "go")
	if got.Step != 100 || got.Rate != 320_000 || math.Abs(got.Spread-.15) > 1e-12 || got.Samples != 5 {
		t.Errorf("timing %+v, want 100 us, 320000 rows/s, spread 0.15", got)
	}
	s.sampling = s.sampling.Add(-time.Hour)
	if err := s.add(1, time.Millisecond, 32); !errors.Is(err, errEnough) {
		t.Errorf("after the time: %v, want %v", err, errEnough)
	}
	if none := (&sampler{}).timing("model", "rows", "go"); none.Samples != 0 || none.Rate != 0 {
		t.Errorf("without samples: %+v", none)
	}
}

// A backend is taken where it is faster than the spread of the samples and where all
// were timed.
func TestTakes(t *testing.T) {
	const model = "VAE, batch 32"
	timing := func(backend string, rate, spread float64) Timing {
		return Timing{Model: model, Backend: backend, Rate: rate, Spread: spread}
	}
	failed := Timing{Model: model, Backend: "xla:cuda", Problem: "no time left to measure it"}
	for _, test := range []struct {
		name    string
		timings []Timing
		want    Take
		advice  string
	}{
		{"clear", []Timing{timing("xla:cpu", 100, .1), timing("go", 10, .1)}, Take{model, "xla:cpu", 10, true, "go"}, "take xla:cpu: it is the fastest for " + model},
		{"within the spread", []Timing{timing("xla:cpu", 100, .1), timing("go", 95, .1)}, Take{model, "xla:cpu", 100. / 95, false, "go"}, "not clear"},
		{"one backend", []Timing{timing("go", 10, .1)}, Take{model, "go", 0, true, ""}, "take go"},
		{"one not timed", []Timing{failed, timing("xla:cpu", 100, .1), timing("go", 1, .1)}, Take{model, "xla:cpu", 100, false, "go"}, "a backend was not timed"},
	} {
		m := Measurement{Timings: test.timings}
		got := m.Takes()
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
		if !strings.Contains(m.Advice(), test.advice) {
			t.Errorf("%s: advice %q, want %q in it", test.name, m.Advice(), test.advice)
		}
	}
	if got := (Measurement{Timings: []Timing{failed}}).Takes(); len(got) != 0 {
		t.Errorf("nothing was timed, and %+v is taken", got)
	}
	differ := Measurement{Timings: []Timing{timing("xla:cpu", 100, .1), timing("xla:cuda", 10, .1),
		{Model: "sampler, 1024 slots", Backend: "xla:cpu", Rate: 1}, {Model: "sampler, 1024 slots", Backend: "xla:cuda", Rate: 9}}}
	if got := differ.Advice(); !strings.Contains(got, "take xla:cpu for VAE, batch 32\ntake xla:cuda for sampler, 1024 slots\na run computes on one") {
		t.Errorf("advice %q, want one backend for each model", got)
	}
}

// Every model gives samples on the Go backend; of the slow ones, the first is enough.
func TestModelsRun(t *testing.T) {
	backend := devicetest.Go(t)
	for _, w := range models() {
		if testing.Short() && !strings.HasPrefix(w.model, "VAE") {
			continue
		}
		calls := 0
		err := w.run(context.Background(), backend, func(steps int, took time.Duration, units float64) error {
			if steps < 1 || took <= 0 || units < 1 {
				t.Errorf("%s: %d steps of %g units took %v", w.model, steps, units, took)
			}
			if calls++; calls == 2 {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			t.Errorf("%s ends with %v, want %v", w.model, err, errEnough)
		}
	}
}

// What a model says when no time is left, and when it fails.
func TestMeasureModelProblems(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	backend := devicetest.Go(t)
	if got := measureModel(ended, backend, "go", models()[0]); got.Problem != "no time left to measure it" {
		t.Errorf("after the end: %+v", got)
	}
	if _, err := Measure(context.Background(), "xla:tpu", nil); err == nil || !strings.Contains(err.Error(), `"xla:tpu" does not work here`) {
		t.Errorf("error %v, want the backend named", err)
	}
}
