package lstm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// TestSampledGPUAgrees: a sampled network learns and draws on a GPU as on the CPU, its
// rows scanned, as long ones are.
func TestSampledGPUAgrees(t *testing.T) {
	gpu := devicetest.CUDA(t)
	sampledAgree(t, devicetest.XLA(t), gpu, 1)
}

// TestSampledBackendsAgree: the same for the CPU and the Go backend, which cannot scan.
func TestSampledBackendsAgree(t *testing.T) {
	cpu := devicetest.XLA(t)
	sampledAgree(t, cpu, devicetest.Go(t), 16)
}

// sampledAgree trains without noise, which backends draw in their own way, and compares
// the loss of each epoch: single weights whose gradient is nearly 0 go where rounding
// takes them. Then both draw with the same weights and the same uniform numbers; one
// that lies at the edge of a class may fall to either side.
func sampledAgree(t *testing.T, a, b compute.Backend, maxUnroll int) {
	t.Helper()
	const steps, flows, epochs = 8, 24, 3
	cfg := drawnConfig()
	cfg.Steps, cfg.WarmUp, cfg.Noise, cfg.Jitter, cfg.Dropout = steps, 2, 0, 0, 0
	cfg.Fit.Batch, cfg.Fit.Epochs, cfg.MaxUnroll = 8, epochs, maxUnroll
	random := rand.New(rand.NewPCG(3, 3))
	sequences := make([]Sequence, flows)
	for i := range sequences {
		s := Sequence{Latent: make([]float32, cfg.Latent)}
		for range steps {
			codes := make([]int32, len(cfg.Heads))
			for k, head := range cfg.Heads {
				codes[k] = random.Int32N(int32(head.Classes))
			}
			continuous := make([]float32, cfg.Continuous)
			for j := range continuous {
				continuous[j] = float32(random.NormFloat64())
			}
			s.Codes, s.Continuous, s.Prior = append(s.Codes, codes), append(s.Continuous, continuous), append(s.Prior, make([]float32, cfg.Heads[0].Classes))
		}
		sequences[i] = s
	}
	var losses [2][]float64
	var drawn [2]record
	var params fit.Params
	for i, backend := range []compute.Backend{a, b} {
		network, err := FitSampled(context.Background(), backend, cfg, sequences, func(e fit.Epoch) error {
			if e.Complete() {
				losses[i] = append(losses[i], e.Loss)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			params = network.Params
		}
		if network.Params, err = params.Clone(); err != nil {
			t.Fatal(err)
		}
		sampler, err := network.NewSampler(64, 5)
		if err != nil {
			t.Fatal(err)
		}
		drawn[i] = drive(t, sampler, 4, rand.New(rand.NewPCG(4, 4)))
		if err := sampler.CloseProgram(); err != nil {
			t.Fatal(err)
		}
	}
	for e := range epochs {
		if off := math.Abs(losses[1][e] - losses[0][e]); off > 1e-4*losses[0][e] {
			t.Errorf("epoch %d: loss %v on one and %v on the other", e+1, losses[0][e], losses[1][e])
		}
	}
	all, differ := 0, 0
	for step := range drawn[0].codes {
		for i, code := range drawn[0].codes[step] {
			all++
			if code != drawn[1].codes[step][i] {
				differ++
			}
		}
	}
	if differ > all/50 {
		t.Errorf("%d of %d draws differ, want at most a fiftieth", differ, all)
	}
	t.Logf("losses %v and %v, %d of %d draws differ", losses[0], losses[1], differ, all)
}
