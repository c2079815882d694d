package vae

import (
	"context"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// TestGPUAgrees: trained for an epoch with the same seed, a GPU and the CPU have the
// same weights to 1e-4, alone and in a stack.
func TestGPUAgrees(t *testing.T) {
	gpu := devicetest.CUDA(t)
	cpu := devicetest.XLA(t)
	cfg := small()
	cfg.Train.Epochs = 1
	var models [2][]*Model
	for i, b := range []compute.Backend{cpu, gpu} {
		one, err := Fit(context.Background(), b, cfg, plane(1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		stack, err := FitAll(context.Background(), b, cfg, []uint64{1, 2}, plane(1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		models[i] = append(stack, one)
	}
	for m := range models[0] {
		if off := apart(t, models[1][m], models[0][m]); off > 1e-4 {
			t.Errorf("model %d: the GPU's weights are off by %g, want at most 1e-4", m, off)
		}
	}
	agreeOnRows(t, gpu, models[0][0])
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
	params, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(b, m.Config, m.Columns, m.Features, params)
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
