package lstm

import (
	"fmt"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"math/rand/v2"
	"testing"
)

// BenchmarkSampler is one step of all lanes of a network as it is fitted to HTTP.
func BenchmarkSampler(b *testing.B) {
	for _, lanes := range []int{256, 4096} {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			cfg := DefaultSampledConfig()
			cfg.Heads = []Head{{"label", 13}, {"class", 17}, {"header", 7}, {"payload", 44}, {"gap", 104}, {"share", 16}}
			cfg.Continuous, cfg.Latent, cfg.Prior, cfg.Masked = 21, 7, true, 1
			s := &Sampled{Config: cfg, Params: newNetwork(cfg).initialize(rand.NewPCG(1, 1)), backend: devicetest.XLA(b)}
			sampler, err := s.NewSampler(lanes, 1)
			if err != nil {
				b.Fatal(err)
			}
			defer sampler.Close()
			if err := sampler.Step(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := sampler.Step(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(lanes)*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
