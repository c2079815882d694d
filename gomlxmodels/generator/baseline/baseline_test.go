package baseline_test

import (
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

func TestFitRefuses(t *testing.T) {
	if _, err := baseline.FitMarkov(5, nil, false); err == nil {
		t.Error("a chain was counted over no flow")
	}
	if _, err := baseline.FitBootstrap(nil, false); err == nil {
		t.Error("a bootstrap of no flow was made")
	}
}

// Drawing flows, one an operation.
func BenchmarkFlows(b *testing.B) {
	flows := gentest.Flows(300, rand.NewPCG(1, 1))
	b.Run("markov", func(b *testing.B) {
		g, err := baseline.FitMarkov(5, flows, false)
		if err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		gentest.Benchmark(b, g)
	})
	b.Run("bootstrap", func(b *testing.B) {
		g, err := baseline.FitBootstrap(flows, false)
		if err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		gentest.Benchmark(b, g)
	})
}
