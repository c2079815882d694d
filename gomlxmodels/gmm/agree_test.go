package gmm

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// TestGPUAgrees: mixtures fitted on a GPU and on the CPU, alone and together, are the
// same.
func TestGPUAgrees(t *testing.T) {
	gpu := devicetest.CUDA(t)
	agree(t, devicetest.XLA(t), gpu)
}

// TestStacksAgree: the same for the CPU and the Go backend.
func TestStacksAgree(t *testing.T) {
	cpu := devicetest.XLA(t)
	agree(t, cpu, devicetest.Go(t))
}

func agree(t *testing.T, a, b compute.Backend) {
	t.Helper()
	xs := []mat.Matrix{blobs(1, 3000, 2, 3), blobs(2, 500, 2, 2)}
	cfg := DefaultConfig()
	cfg.MaxComponents = 3
	var together [2][]*Model
	for i, backend := range []compute.Backend{a, b} {
		var err error
		if together[i], err = FitAll(context.Background(), backend, xs, cfg, rand.NewPCG(1, 1)); err != nil {
			t.Fatal(err)
		}
		one, err := Fit(context.Background(), backend, xs[0], cfg, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		together[i] = append(together[i], one)
	}
	for m, want := range together[0] {
		same(t, "on the other backend", together[1][m], want, 1e-4)
	}
}
