package draw_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

func Example() {
	scores := draw.FitNormalScores([]float64{3, 1, 2, 4, 5})
	random := rand.New(rand.NewPCG(1, 1))
	score := scores.Score(3, random) // the median
	fmt.Printf("%.2f %.2f\n", score, scores.Value(score))
	// Output: 0.00 3.00
}

// Value undoes Score for every value of the training's range, however many are equal.
func TestNormalScoresInvert(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for name, value := range map[string]func(i int) float64{
		"continuous": func(int) float64 { return random.NormFloat64() },
		"few values": func(int) float64 { return float64(random.IntN(4)) },
		"one value":  func(int) float64 { return 7 },
		"heavy tail": func(int) float64 { return math.Exp(20 * random.NormFloat64()) },
		"some NaN": func(i int) float64 {
			if i%3 == 0 {
				return math.NaN()
			}
			return float64(random.IntN(50))
		},
	} {
		for _, size := range []int{1, 2, 8, 1000, 100_000} {
			column := make([]float64, size)
			for i := range column {
				column[i] = value(i)
			}
			scores := draw.FitNormalScores(column)
			for _, v := range column[:min(size, 2000)] {
				score := scores.Score(v, random)
				if back := scores.Value(score); !math.IsNaN(v) && back != v {
					t.Fatalf("%s, %d values: %v has the score %v, which stands for %v", name, size, v, score, back)
				}
			}
			if n := len(scores.Sorted); n > 1 {
				v := (scores.Sorted[n/2-1] + scores.Sorted[n/2]) / 2
				if back := scores.Value(scores.Score(v, random)); math.Abs(back-v) > 1e-6*math.Abs(v)+1e-12 {
					t.Errorf("%s, %d values: %v between two values comes back as %v", name, size, v, back)
				}
			}
		}
	}
	if empty := draw.FitNormalScores([]float64{math.NaN()}); empty.Score(1, random) != 0 || !math.IsNaN(empty.Value(0)) {
		t.Error("a column without values wants the score 0 and the value NaN")
	}
}

// Scores of a column without ties are spread as a standard normal distribution.
func TestNormalScoresAreNormal(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	column := make([]float64, 5000)
	for i := range column {
		column[i] = math.Exp(random.NormFloat64())
	}
	scores := draw.FitNormalScores(column)
	var mean, square float64
	for _, v := range column {
		s := scores.Score(v, random)
		mean, square = mean+s/5000, square+s*s/5000
	}
	if math.Abs(mean) > 1e-3 || math.Abs(square-1) > 1e-2 {
		t.Errorf("mean %v and variance %v, want 0 and 1", mean, square-mean*mean)
	}
}

func TestIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	weights := []float64{0.5, 0, 0.2, 0.3}
	logs := make([]float32, len(weights))
	for i, w := range weights {
		logs[i] = float32(math.Log(3 * w))
	}
	const draws = 20_000
	var counts [2][4]float64
	for range draws {
		counts[0][draw.Index(random, weights)]++
		counts[1][draw.LogIndex(random, logs)]++
	}
	for i, w := range weights {
		for k, count := range counts {
			if math.Abs(count[i]/draws-w) > 0.015 {
				t.Errorf("way %d drew index %d with the frequency %.3f, want %.3f", k, i, count[i]/draws, w)
			}
		}
	}
	for range 100 {
		if v := draw.Between([]float64{1, 2, 10}, random); v < 1 || v > 10 {
			t.Errorf("%v between 1 and 10", v)
		}
	}
}
