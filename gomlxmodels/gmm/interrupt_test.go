//go:build unix

package gmm

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// A long fit, alone or of several, ends within a second of its context: a second of
// processor time, since others may use the processors too.
func TestLongFitIsInterrupted(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Components, cfg.Tolerance, cfg.MaxIterations = 10, 0, 1_000_000
		x := blobs(1, 6000, 2, 4)
		for name, starts := range map[string]int{"one": 1, "several": 4} {
			cfg := cfg
			cfg.Starts = starts
			compiled := cfg
			compiled.MaxIterations = 1
			if _, err := fitShared(context.Background(), t, b, x, compiled, rand.NewPCG(1, 1)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var at time.Duration
			time.AfterFunc(time.Second/2, func() {
				at = processorTime()
				cancel()
			})
			if _, err := fitShared(ctx, t, b, x, cfg, rand.NewPCG(1, 1)); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "gmm") {
				t.Errorf("%s: error %v, want context canceled", name, err)
			} else if took := processorTime() - at; took > time.Second {
				t.Errorf("%s: returned %v after the context ended", name, took)
			}
		}
	})
}

// processorTime is what this process has used of all processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
