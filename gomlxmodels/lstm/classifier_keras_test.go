package lstm

import (
	"math"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// congruential is Knuth's linear congruential generator, of testdata/classifier.py.
type congruential uint64

// uniform is a number in [0, 1).
func (c *congruential) uniform() float64 {
	*c = *c*6364136223846793005 + 1442695040888963407
	return float64(*c>>11) / (1 << 53)
}

// normal is nearly a standard normal number.
func (c *congruential) normal() float64 {
	sum := -6.0
	for range 12 {
		sum += c.uniform()
	}
	return sum
}

// autoregressive are the sequences of testdata/classifier.py.
func autoregressive() ClassifierTask {
	var t ClassifierTask
	random := congruential(1)
	for i := range 400 {
		tie := []float64{0.1, 0.6}[i%2]
		before := random.normal()
		var sequence [][]float64
		for range 5 + int(20*random.uniform()) {
			before = tie*before + math.Sqrt(1-tie*tie)*random.normal()
			sequence = append(sequence, []float64{before, random.normal()})
		}
		t.Sequences, t.Classes, t.Folds = append(t.Sequences, sequence), append(t.Classes, i%2), append(t.Folds, i/2%5)
	}
	return t
}

// TestClassifierKeras: on sequences that differ by how their numbers are tied alone, the
// mean AUC of five seeds is that of Keras 3.15.1 on JAX 0.10.2 (testdata/classifier.py),
// within what the seeds of both differ by.
func TestClassifierKeras(t *testing.T) {
	const keras = 0.8477
	b, task := devicetest.XLA(t), autoregressive()
	if first := task.Sequences[0][0]; math.Abs(first[0]-0.55434438) > 1e-8 || math.Abs(first[1]-0.6648924) > 1e-7 {
		t.Fatalf("the first numbers are %.8f, of Python 0.55434438 and 0.6648924", first)
	}
	var mean float64
	for seed := range uint64(5) {
		scores, err := CrossValidate(t.Context(), b, []ClassifierTask{task}, seed)
		if err != nil {
			t.Fatal(err)
		}
		auc := won(task, scores[0])
		t.Logf("AUC %.4f", auc)
		mean += auc / 5
	}
	if math.Abs(mean-keras) > 0.03 {
		t.Errorf("mean AUC %.4f, of Keras %.4f", mean, keras)
	}
}
