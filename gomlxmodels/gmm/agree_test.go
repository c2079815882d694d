package gmm

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// TestGPUAgrees: mixtures fitted on a GPU and on the CPU are the same.
func TestGPUAgrees(t *testing.T) {
	gpu := devicetest.CUDA(t)
	agree(t, devicetest.XLA(t), gpu)
}

// TestCPUBackendsAgree: the same for the CPU and the Go backend.
func TestCPUBackendsAgree(t *testing.T) {
	agree(t, devicetest.XLA(t), devicetest.Go(t))
}

func agree(t *testing.T, a, b compute.Backend) {
	t.Helper()
	x := blobs(1, 3000, 2, 3)
	cfg := DefaultConfig()
	cfg.MaxComponents = 3
	var models []*Model
	for _, backend := range []compute.Backend{a, b} {
		m, err := Fit(context.Background(), backend, x, cfg, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	same(t, "on the other backend", models[1], models[0], 1e-4)
}
