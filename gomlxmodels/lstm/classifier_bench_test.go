package lstm

import (
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// BenchmarkCrossValidate is a comparison as large as the quickstart's: 508 sequences a
// class of 31 steps of 13 columns on average, three tasks, the first of which is scored
// six times.
func BenchmarkCrossValidate(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	tasks := make([]ClassifierTask, 3)
	for k := range tasks {
		t := &tasks[k]
		for i := range 1016 {
			sequence := make([][]float64, 9+rng.IntN(46))
			for s := range sequence {
				sequence[s] = make([]float64, 13)
				for j := range sequence[s] {
					sequence[s][j] = rng.NormFloat64()
				}
			}
			t.Sequences, t.Classes, t.Folds = append(t.Sequences, sequence), append(t.Classes, i%2), append(t.Folds, i/2%5)
		}
		for i := 0; k == 0 && i < 5*1016; i++ {
			t.Sequences, t.Classes, t.Folds = append(t.Sequences, t.Sequences[i]), append(t.Classes, ClassNone), append(t.Folds, t.Folds[i])
		}
	}
	backend := devicetest.XLA(b)
	for b.Loop() {
		if _, err := CrossValidate(b.Context(), backend, tasks, 1); err != nil {
			b.Fatal(err)
		}
	}
}
