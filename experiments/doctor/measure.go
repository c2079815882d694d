package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device"
)

// Timing is how fast one model is on one backend.
type Timing struct {
	Model   string  `json:"model"`             // "VAE, batch 32"
	Backend string  `json:"backend"`           // "xla:cpu"
	Unit    string  `json:"unit"`              // what PerSecond counts
	Step    float64 `json:"step_us,omitempty"` // microseconds of one step, the median of all samples
	Rate    float64 `json:"per_second,omitempty"`
	Spread  float64 `json:"spread,omitempty"` // half the distance between the quartiles of the samples, as a fraction of the median
	Samples int     `json:"samples"`
	Warm    float64 `json:"warm_up_seconds"` // until the first sample: compiling, above all
	Problem string  `json:"problem,omitempty"`
}

// Measurement is what [Measure] returns.
type Measurement struct {
	Devices map[string]string `json:"devices"` // backend -> what it computes on
	Timings []Timing          `json:"timings"` // by model, then by backend
	Seconds float64           `json:"seconds"` // that measuring took
}

// Limits of a measurement. What compiles cannot be interrupted, so that a busy machine
// takes longer.
const (
	sampleTime  = time.Second // after which a model that has enough samples ends
	fewSamples  = 3
	manySamples = 40
	modelLimit  = 25 * time.Second // for compiling and measuring one model on one backend
	xlaLimit    = 42 * time.Second // for all models on one backend of XLA
	goLimit     = 18 * time.Second // for all models on the Go backend, which compiles nothing
)

// errEnough ends a training that was measured.
var errEnough = errors.New("enough samples")

// sampler collects how long steps take.
type sampler struct {
	began, sampling time.Time
	steps           []float64 // microseconds a step
	units           float64   // per step
}

// add takes the time of some steps that moved so many units each, and returns errEnough
// when there are enough samples. The first call only ends the warm-up.
func (s *sampler) add(steps int, took time.Duration, units float64) error {
	if s.sampling.IsZero() {
		s.sampling = time.Now()
		return nil
	}
	s.units = units
	s.steps = append(s.steps, float64(took.Nanoseconds())/1e3/float64(steps))
	since := time.Since(s.sampling)
	if len(s.steps) >= manySamples || len(s.steps) >= fewSamples && since >= sampleTime {
		return errEnough
	}
	return nil
}

// timing sums the samples up.
func (s *sampler) timing(model, unit, backend string) Timing {
	t := Timing{Model: model, Unit: unit, Backend: backend, Samples: len(s.steps)}
	if len(s.steps) == 0 {
		return t
	}
	sorted := slices.Sorted(slices.Values(s.steps))
	quartile := func(q float64) float64 { return sorted[int(math.Round(q*float64(len(sorted)-1)))] }
	t.Step, t.Warm = quartile(.5), s.sampling.Sub(s.began).Seconds()
	t.Spread = (quartile(.75) - quartile(.25)) / 2 / t.Step
	t.Rate = s.units * 1e6 / t.Step
	return t
}

// Measure times each model on each backend that works here, or on the one of that name,
// with numbers drawn at random: what a step costs does not depend on them. It takes a
// minute, with a GPU two at most; what does not fit into it has a Problem. One line for
// each model goes to out.
func Measure(ctx context.Context, backend string, out io.Writer) (Measurement, error) {
	began := time.Now()
	var names []string
	for _, f := range device.Doctor(ctx, device.Options{}) {
		if f.Works && !slices.Contains(names, f.Name) && (backend == "" || backend == "auto" || backend == f.Name) {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return Measurement{}, fmt.Errorf("doctor: backend %q does not work here: see doctor without --measure", backend)
	}
	m := Measurement{Devices: make(map[string]string)}
	for _, name := range names {
		limit := xlaLimit
		if name == "go" {
			limit = goLimit
		}
		timings, on, err := measureBackend(ctx, name, limit, out)
		if err != nil {
			return m, err
		}
		m.Devices[name] = on
		m.Timings = append(m.Timings, timings...)
	}
	order := models()
	rank := func(model string) int {
		return slices.IndexFunc(order, func(w workload) bool { return w.model == model })
	}
	slices.SortStableFunc(m.Timings, func(a, b Timing) int { return rank(a.Model) - rank(b.Model) })
	m.Seconds = time.Since(began).Seconds()
	return m, nil
}

// measureBackend times each model on a backend within a limit.
func measureBackend(ctx context.Context, name string, limit time.Duration, out io.Writer) ([]Timing, string, error) {
	d, err := device.Open(ctx, device.Options{Backend: name, NoInstall: true})
	if err != nil {
		return nil, "", err
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var all []Timing
	for _, w := range models() {
		t := measureModel(ctx, d.Backend, name, w)
		if t.Problem == "" {
			fmt.Fprintf(out, "%s on %s: %.0f us a step, warm-up %.1f s\n", t.Model, name, t.Step, t.Warm)
		} else {
			fmt.Fprintf(out, "%s on %s: %s\n", t.Model, name, t.Problem)
		}
		all = append(all, t)
	}
	return all, d.Description, nil
}

// measureModel times one model until there are enough samples or no time is left.
func measureModel(ctx context.Context, b compute.Backend, backend string, w workload) Timing {
	ctx, cancel := context.WithTimeout(ctx, modelLimit)
	defer cancel()
	s := &sampler{began: time.Now()}
	err := ctx.Err()
	if err == nil {
		err = w.run(ctx, b, s.add)
	}
	t := s.timing(w.model, w.unit, backend)
	switch late := errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil; {
	case errors.Is(err, errEnough), err == nil && t.Samples > 0, late && t.Samples > 0:
	case late:
		t.Problem = "no time left to measure it"
	case err != nil:
		t.Problem = err.Error()
	default:
		t.Problem = "no sample"
	}
	return t
}
