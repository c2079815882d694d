//go:build unix

package lstm

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// BenchmarkSampler is one step of all slots of a network as it is fitted to HTTP.
func BenchmarkSampler(b *testing.B) {
	for _, slots := range []int{256, 512, 1024, 2048, 4096} {
		b.Run(fmt.Sprintf("slots=%d", slots), func(b *testing.B) {
			cfg := DefaultSampledConfig()
			cfg.Heads = []Head{{"label", 15}, {"class", 17}, {"header", 7}, {"payload", 75}, {"gap", 107}, {"share", 16}}
			cfg.Continuous, cfg.Latent, cfg.Prior, cfg.Masked = 21, 7, true, 1
			s := &Sampled{Config: cfg, Params: newNetwork(cfg).initialize(rand.NewPCG(1, 1)), backend: devicetest.XLA(b)}
			sampler, err := s.NewSampler(slots, 1)
			if err != nil {
				b.Fatal(err)
			}
			defer sampler.CloseProgram()
			began := time.Now()
			if err := sampler.Step(); err != nil {
				b.Fatal(err)
			}
			compile := time.Since(began)
			before := processorTime(b)
			for b.Loop() {
				if err := sampler.Step(); err != nil {
					b.Fatal(err)
				}
			}
			packets := float64(slots) * float64(b.N)
			b.ReportMetric(packets/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/packets, "cpu-ns/packet")
			b.ReportMetric(float64(compile.Milliseconds()), "compile-ms")
		})
	}
}

// processorTime is what the process has used of all processors.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
