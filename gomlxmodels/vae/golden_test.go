package vae

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"gonum.org/v1/gonum/mat"
)

// forward is the network in plain Go: layer after layer, LeakyReLU between.
func forward(x []float64, layers [][2][]float64, slope float64) []float64 {
	for i, layer := range layers {
		kernel, bias := layer[0], layer[1]
		out := make([]float64, len(bias))
		for j := range out {
			out[j] = bias[j]
			for k, v := range x {
				out[j] += v * kernel[k*len(bias)+j]
			}
			if i < len(layers)-1 && out[j] < 0 {
				out[j] *= slope
			}
		}
		x = out
	}
	return x
}

// The paper's VAE of HTTP has 16 inputs, and 238 + 242 parameters (algorithm.md 15.6).
func TestParameterCounts(t *testing.T) {
	var encoder, decoder int
	names, sizes := layers(DefaultConfig(), 16)
	for i, size := range sizes {
		count := size[0]*size[1] + size[1]
		if names[i] == "output" || strings.HasPrefix(names[i], "decoder") {
			decoder += count
		} else {
			encoder += count
		}
	}
	if encoder != 238 || decoder != 242 {
		t.Errorf("%d + %d parameters in %q, want 238 + 242", encoder, decoder, names)
	}
}

// TestForward holds Encode and Decode of a fresh model to the plain network
// and, so that the initial weights of a seed stay what they are, to constants
// that this test printed when it was written (Go 1.26, PCG of math/rand/v2).
func TestForward(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Float64 = true
	params := initial(cfg, 6)
	var layers [][2][]float64
	for i := 0; i < len(params.Values); i += 2 {
		layers = append(layers, [2][]float64{
			tensors.MustCopyFlatData[float64](params.Values[i]), tensors.MustCopyFlatData[float64](params.Values[i+1])})
	}
	x := []float64{0, 0.2, 0.4, 0.6, 0.8, 1}
	hidden := forward(x, layers[:4], cfg.Slope)
	golden := []float64{0.189676028282269, 0.0767176432288093, -0.123150203390724, -0.0820656818247073}
	for i, v := range hidden {
		if math.Abs(v-golden[i]) > 1e-12 {
			t.Errorf("latent parameter %d of the initial model = %.15g, want %.15g", i, v, golden[i])
		}
	}
	decoded := forward(hidden[:2], layers[4:], cfg.Slope)
	for i, v := range decoded {
		decoded[i] = 1 / (1 + math.Exp(-v))
	}
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		m, err := newModel(b, cfg, nil, 6, params)
		if err != nil {
			t.Fatal(err)
		}
		mean, logVar, err := m.Encode(mat.NewDense(1, 6, x))
		if err != nil {
			t.Fatal(err)
		}
		near(t, "mean", mean, mat.NewDense(1, 2, hidden[:2]), 1e-12)
		near(t, "logVar", logVar, mat.NewDense(1, 2, hidden[2:]), 1e-12)
		y, err := m.Decode(mean)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "decoded", y, mat.NewDense(1, 6, decoded), 1e-12)
	})
}
