package gmm

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"gonum.org/v1/gonum/mat"
)

// sklearn is scikit-learn's mixture from a given start.
type sklearn struct {
	X                 [][]float64   `json:"x"`
	WeightsInit       []float64     `json:"weights_init"`
	MeansInit         [][]float64   `json:"means_init"`
	PrecisionsInit    [][][]float64 `json:"precisions_init"`
	Weights           []float64     `json:"weights"`
	Means             [][]float64   `json:"means"`
	Covariances       [][][]float64 `json:"covariances"`
	Iterations        int           `json:"n_iter"`
	LowerBound        float64       `json:"lower_bound"`
	MeanLogLikelihood float64       `json:"mean_log_likelihood"`
	Trace             []struct {
		Iterations        int     `json:"iterations"`
		MeanLogLikelihood float64 `json:"mean_log_likelihood"`
	} `json:"trace"`
	Responsibilities [][]float64 `json:"responsibilities_first_20"`
	BIC              float64     `json:"bic"`
}

// reference reads a file of the folder of other people's results beside the
// repository.
func reference(t *testing.T, name string, into any) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "shared", "reference", name))
	if err != nil {
		t.Skipf("../shared/reference/%s is not there: nothing to compare with", name)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func rows(x [][]float64) *mat.Dense {
	m := mat.NewDense(len(x), len(x[0]), nil)
	for i, row := range x {
		m.SetRow(i, row)
	}
	return m
}

func symmetric(c [][]float64) *mat.SymDense {
	s := mat.NewSymDense(len(c), nil)
	for i := range c {
		for j := i; j < len(c); j++ {
			s.SetSym(i, j, c[i][j])
		}
	}
	return s
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.17g, want %.17g (off by %.2g)", what, got, want, math.Abs(got-want))
	}
}

// From scikit-learn's start, with its tolerance, every step has its likelihood and
// the end its parameters, responsibilities and BIC.
func TestScikitLearn(t *testing.T) {
	var want sklearn
	reference(t, "sklearn_gmm.json", &want)
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		start := &Start{Weights: want.WeightsInit, Means: want.MeansInit}
		for _, p := range want.PrecisionsInit {
			var inverse mat.Dense
			if err := inverse.Inverse(symmetric(p)); err != nil {
				t.Fatal(err)
			}
			start.Covariances = append(start.Covariances, symmetric([][]float64{inverse.RawRowView(0), inverse.RawRowView(1)}))
		}
		cfg := DefaultConfig()
		cfg.Tolerance, cfg.Start = 1e-6, start
		m, err := Fit(context.Background(), b, rows(want.X), cfg, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		if m.Iterations != want.Iterations || !m.Converged || len(m.Warnings) > 0 {
			t.Errorf("%d iterations, converged %v, warnings %v; want %d, true, none", m.Iterations, m.Converged, m.Warnings, want.Iterations)
		}
		for _, step := range want.Trace {
			if step.Iterations >= len(m.LowerBounds) {
				continue
			}
			near(t, "mean log-likelihood", m.LowerBounds[step.Iterations], step.MeanLogLikelihood, 1e-11)
		}
		near(t, "lower bound", m.LowerBounds[len(m.LowerBounds)-1], want.LowerBound, 1e-11)
		near(t, "mean log-likelihood", m.MeanLogLikelihood, want.MeanLogLikelihood, 1e-11)
		near(t, "BIC", m.bic(), want.BIC, 1e-7)
		for k := range want.Weights {
			near(t, "weight", m.Weights[k], want.Weights[k], 1e-9)
			for i := range 2 {
				near(t, "mean", m.Means[k][i], want.Means[k][i], 1e-9)
				for j := range 2 {
					near(t, "covariance", m.Covariances[k].At(i, j), want.Covariances[k][i][j], 1e-9)
				}
			}
		}
		for r, expected := range want.Responsibilities {
			got := m.responsibilities(want.X[r])
			for k := range expected {
				near(t, "responsibility", got[k], expected[k], 1e-9)
			}
		}
	})
}
