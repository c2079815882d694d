// Package draw holds what the generators draw values with.
//
//	NormalScores       a column as standard normal scores, and back
//	Index, LogIndex    an index by weights, or by their logarithms
//	Between            a value between two neighbours of a sorted list
package draw

import (
	"math"
	"math/rand/v2"
)

// Index draws an index by weights that sum to 1.
func Index(random *rand.Rand, weights []float64) int {
	u, i := random.Float64(), 0
	for i < len(weights)-1 && u >= weights[i] {
		u -= weights[i]
		i++
	}
	return i
}

// LogIndex draws an index by the logarithms of weights of any sum.
func LogIndex(random *rand.Rand, logs []float32) int {
	var total float64
	for _, l := range logs {
		total += math.Exp(float64(l))
	}
	u := random.Float64() * total
	for i, l := range logs {
		if u -= math.Exp(float64(l)); u < 0 {
			return i
		}
	}
	return len(logs) - 1
}

// Between draws from ascending values, between two that are neighbours.
func Between(sorted []float64, random *rand.Rand) float64 {
	return Interpolated(sorted, random.Float64()*float64(len(sorted)-1))
}
