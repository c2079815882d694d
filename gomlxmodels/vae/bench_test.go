//go:build unix

package vae

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// BenchmarkTrain trains the paper's network, 16-8-6-4-2, over 2^18 rows; one
// iteration is an epoch. It reports the mean and the best time a step, which
// includes the new order of the rows, and the rows a second of the mean.
func BenchmarkTrain(b *testing.B) {
	d, err := device.Open(context.Background(), device.Options{Backend: "xla:cpu", NoInstall: true})
	if err != nil {
		b.Skip(err)
	}
	defer d.Close()
	backend := d.Backend
	rng := rand.New(rand.NewPCG(0, 0))
	const rows = 1 << 18
	x := mat.NewDense(rows, 16, nil)
	for i := range x.RawMatrix().Data {
		x.RawMatrix().Data[i] = rng.Float64()
	}
	for _, batch := range []int{32, 256, 2048} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			cfg := DefaultConfig()
			cfg.Train.Batch, cfg.Train.Epochs, cfg.Train.ValidationFraction = batch, b.N+1, 0
			var total, best, cpu time.Duration
			cfg.Progress = func(e fit.Epoch) error {
				if e.Complete() && e.Number == 1 { // the first compiles
					cpu = -processorTime()
				} else if e.Complete() {
					total += e.Duration
					if best == 0 || e.Duration < best {
						best = e.Duration
					}
				}
				return nil
			}
			began := time.Now()
			if _, err := Fit(context.Background(), backend, cfg, x, nil); err != nil {
				b.Fatal(err)
			}
			cpu += processorTime()
			steps := float64(rows / batch)
			b.ReportMetric(float64(cpu.Microseconds())/steps/float64(b.N), "cpu-us/step")
			b.ReportMetric(float64(total.Microseconds())/steps/float64(b.N), "us/step")
			b.ReportMetric(float64(best.Microseconds())/steps, "best-us/step")
			b.ReportMetric(rows*float64(b.N)/total.Seconds(), "rows/s")
			b.ReportMetric((time.Since(began) - total).Seconds(), "s-setup")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkScale is the cost of an epoch against the number of rows, with batches of
// 2048: time a row, and memory a row beyond the matrix of 16 float64 that is given,
// the data on the device included. The matrix itself is 128 bytes a row.
func BenchmarkScale(b *testing.B) {
	backend := devicetest.XLA(b)
	for _, rows := range []int{10_000, 100_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(0, 0))
			x := mat.NewDense(rows, 16, nil)
			for i := range x.RawMatrix().Data {
				x.RawMatrix().Data[i] = rng.Float64()
			}
			cfg := DefaultConfig()
			cfg.Train.Batch, cfg.Train.Epochs = 2048, 2
			var last time.Duration
			cfg.Progress = func(e fit.Epoch) error { last = e.Duration; return nil }
			var peak, cpu int64
			for b.Loop() {
				cpu = -processorTime().Nanoseconds()
				peak = devicetest.PeakMemory(func() {
					if _, err := Fit(context.Background(), backend, cfg, x, nil); err != nil {
						b.Fatal(err)
					}
				})
				cpu += processorTime().Nanoseconds()
			}
			b.ReportMetric(float64(last.Nanoseconds())/float64(rows), "ns/row")
			b.ReportMetric(float64(cpu)/float64(2*rows), "cpu-ns/row")
			b.ReportMetric(float64(peak)/float64(rows), "B/row")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// processorTime is what this process has used of all processors: on a shared
// machine it says more than the clock.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
