package lstm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// TestWindowGPUAgrees: window networks trained on a GPU and on the CPU have the same weights
// to 1e-4.
func TestWindowGPUAgrees(t *testing.T) {
	gpu := devicetest.CUDA(t)
	agree(t, devicetest.XLA(t), gpu)
}

// TestBackendsAgree: the same for the CPU and the Go backend.
func TestBackendsAgree(t *testing.T) {
	cpu := devicetest.XLA(t)
	agree(t, cpu, devicetest.Go(t))
}

func agree(t *testing.T, a, b compute.Backend) {
	t.Helper()
	lengths := []int{3, 1, 9, 14, 6, 20}
	for _, cell := range []Cell{LSTM, GRU} {
		cfg := windowCase(cell, 3)
		cfg.Float64, cfg.HoldOut = false, 0
		x, targets := windowData(cfg, lengths, rand.New(rand.NewPCG(1, 9)))
		var trained [2]*Window
		for i, backend := range []compute.Backend{a, b} {
			var err error
			if trained[i], err = FitWindow(context.Background(), backend, cfg, x, lengths, targets, nil); err != nil {
				t.Fatal(err)
			}
		}
		for i, p := range trained[0].Params.Values {
			want, got := make([]float64, p.Size()), make([]float64, p.Size())
			if err := copyRows(want, p); err != nil {
				t.Fatal(err)
			}
			if err := copyRows(got, trained[1].Params.Values[i]); err != nil {
				t.Fatal(err)
			}
			for k := range want {
				if math.Abs(got[k]-want[k]) > 1e-4 {
					t.Fatalf("%s: %s[%d] is %v on one and %v on the other", cell, trained[0].Params.Names[i], k, want[k], got[k])
				}
			}
		}
	}
}
