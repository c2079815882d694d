package vae

import (
	"context"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// TestGPUAgrees: trained for an epoch with the same seed, a GPU and the CPU have the
// same weights to 1e-4.
func TestGPUAgrees(t *testing.T) {
	gpu := devicetest.CUDA(t)
	cpu := devicetest.XLA(t)
	cfg := small()
	cfg.Train.Epochs = 1
	var models []*Model
	for _, b := range []compute.Backend{cpu, gpu} {
		m, err := Fit(context.Background(), b, cfg, plane(1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	if off := apart(t, models[1], models[0]); off > 1e-4 {
		t.Errorf("the GPU's weights are off by %g, want at most 1e-4", off)
	}
	agreeOnRows(t, gpu, models[0])
}

// apart is the largest difference between the parameters of two models, relative
// to values above 1.
func apart(t *testing.T, a, b *Model) float64 {
	t.Helper()
	worst := 0.0
	one, err := a.params.Clone()
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.params.Clone()
	if err != nil {
		t.Fatal(err)
	}
	values := func(x *tensors.Tensor) (out []float64) {
		x.MustConstFlatData(func(flat any) {
			switch from := flat.(type) {
			case []float64:
				out = append(out, from...)
			case []float32:
				for _, v := range from {
					out = append(out, float64(v))
				}
			}
		})
		return out
	}
	for i := range one.Values {
		w := values(two.Values[i])
		for k, v := range values(one.Values[i]) {
			worst = max(worst, math.Abs(v-w[k])/max(1, math.Abs(w[k])))
		}
	}
	return worst
}

// TestBackendsAgree: a model trained on XLA's CPU encodes and decodes to the same
// values on the Go backend. (Their random numbers differ, so trainings do.)
func TestBackendsAgree(t *testing.T) {
	cpu := devicetest.XLA(t)
	cfg := small()
	cfg.Train.Epochs = 1
	m, err := Fit(context.Background(), cpu, cfg, plane(1000), nil)
	if err != nil {
		t.Fatal(err)
	}
	agreeOnRows(t, devicetest.Go(t), m)
}

// agreeOnRows compares a model with itself on another backend.
func agreeOnRows(t *testing.T, b compute.Backend, m *Model) {
	t.Helper()
	params, err := m.params.Clone()
	if err != nil {
		t.Fatal(err)
	}
	other, err := newModel(b, m.Config, m.Columns, m.Features, params)
	if err != nil {
		t.Fatal(err)
	}
	mean, logVar, err := m.Encode(plane(50))
	if err != nil {
		t.Fatal(err)
	}
	mean2, logVar2, err := other.Encode(plane(50))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", mean2, mean, 1e-4)
	near(t, "log variance", logVar2, logVar, 1e-4)
	decoded, err := m.Decode(mean)
	if err != nil {
		t.Fatal(err)
	}
	decoded2, err := other.Decode(mean)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "decoded", decoded2, decoded, 1e-4)
}
