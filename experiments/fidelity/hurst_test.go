package fidelity

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/dsp/fourier"
)

// fractionalNoise is fractional Gaussian noise of a known Hurst exponent, by
// circulant embedding (Davies and Harte, Biometrika 74, 1987).
func fractionalNoise(n int, h float64, rng *rand.Rand) []float64 {
	covariance := func(k int) float64 {
		x := float64(k)
		return (math.Pow(math.Abs(x+1), 2*h) - 2*math.Pow(math.Abs(x), 2*h) + math.Pow(math.Abs(x-1), 2*h)) / 2
	}
	ring := make([]complex128, 2*n)
	for k := range ring {
		ring[k] = complex(covariance(min(k, 2*n-k)), 0)
	}
	fft := fourier.NewCmplxFFT(2 * n)
	spectrum := fft.Coefficients(nil, ring)
	for k, s := range spectrum {
		spectrum[k] = complex(math.Sqrt(max(0, real(s))/float64(2*n)), 0) * complex(rng.NormFloat64(), rng.NormFloat64())
	}
	noise := fft.Coefficients(nil, spectrum)
	x := make([]float64, n)
	for i := range x {
		x[i] = real(noise[i])
	}
	return x
}

// TestHurst recovers the exponents of fractional Gaussian noise.
func TestHurst(t *testing.T) {
	for _, want := range []float64{0.5, 0.7, 0.9} {
		rng := rand.New(rand.NewPCG(2, 3))
		got, ok := hurstExponent(seriesOf(fractionalNoise(1<<16, want, rng)), 1<<16)
		if !ok || math.Abs(got-want) > 0.03 {
			t.Errorf("Hurst exponent %.3f, want %.1f", got, want)
		}
	}
}

// TestHaarEnergies: the transform keeps the sum of squares, and only the level of
// a square wave's period has energy.
func TestHaarEnergies(t *testing.T) {
	x := make([]float64, 256)
	for i := range x {
		x[i] = float64(i / 4 % 2) // period 8: level 3
	}
	energies, counts := HaarEnergies(seriesOf(x), int64(len(x)), 5)
	for i, e := range energies {
		if (i == 2) != (e > 1e-12) {
			t.Errorf("level %d of a square wave of 8 bins has energy %v", i+1, e)
		}
	}
	if want := 256.0 / 4 / float64(counts[2]); math.Abs(energies[2]-want) > 1e-12 { // variance 1/4 in each bin
		t.Errorf("energy %v, want %v", energies[2], want)
	}
	if len(energies) != 5 || counts[4] != 8 {
		t.Errorf("%d levels with %v coefficients", len(energies), counts)
	}
}
