package lstm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// testConfig is a network small enough for finite differences.
func testConfig(steps int) SampledConfig {
	cfg := DefaultSampledConfig()
	cfg.Units, cfg.HeadUnits, cfg.Embedding, cfg.Steps, cfg.WarmUp, cfg.Noise = 5, 4, 3, steps, 2, 0
	cfg.Heads = []Head{{"label", 3}, {"class", 4}, {"gap", 5}}
	cfg.Continuous, cfg.Latent, cfg.Prior = 2, 2, true
	return cfg
}

// testSequences are random flows of 1 to 14 steps.
func testSequences(cfg SampledConfig, flows int, random *rand.Rand) []Sequence {
	var all []Sequence
	for range flows {
		s := Sequence{Latent: []float32{random.Float32(), random.Float32()}}
		for range 1 + random.IntN(14) {
			codes, prior := make([]int32, len(cfg.Heads)), make([]float32, cfg.Heads[0].Classes)
			for k, head := range cfg.Heads {
				codes[k] = int32(random.IntN(head.Classes))
			}
			for k := range prior {
				prior[k] = -random.Float32()
			}
			s.Codes = append(s.Codes, codes)
			s.Prior = append(s.Prior, prior)
			s.Continuous = append(s.Continuous, []float32{random.Float32(), random.Float32()})
		}
		all = append(all, s)
	}
	return all
}

// evaluate compiles a problem once; the function gives loss and gradients on data.
func evaluate(t *testing.T, b compute.Backend, n *network, data []*tensors.Tensor) func(params fit.Params) (float32, [][]float32) {
	t.Helper()
	p := n.problem()
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		g := in[0].Graph()
		s := fit.Step{Params: in[:len(n.names)], Inputs: in[len(n.names):], RNG: graph.RNGStateFromSeedForGraph(g, 1)}
		s.Mask = graph.Const(g, slices.Repeat([]float32{1}, data[0].Shape().Dimensions[0]))
		if p.Gradient != nil {
			loss, _, gradients := p.Gradient(s)
			return append([]*graph.Node{loss}, gradients...)
		}
		loss, _ := p.Loss(s)
		return append([]*graph.Node{loss}, graph.Gradient(loss, s.Params...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(params fit.Params) (float32, [][]float32) {
		var args []any
		for _, v := range slices.Concat(params.Values, data) {
			args = append(args, v)
		}
		out, err := exec.Call(args...)
		if err != nil {
			t.Fatal(err)
		}
		var gradients [][]float32
		for _, o := range out[1:] {
			gradients = append(gradients, tensors.MustCopyFlatData[float32](o))
		}
		return tensors.ToScalar[float32](out[0]), gradients
	}
}

// The gradients of the scanned network against Gradient of the unrolled one and
// against central differences of the loss: the same
// loss and the same gradient of every parameter.
func TestScanGradient(t *testing.T) {
	b := devicetest.XLA(t)
	const steps = 5 // unrolled, each is compiled
	setup := func(unroll int) (*network, fit.Params, func(fit.Params) (float32, [][]float32)) {
		cfg := testConfig(steps)
		cfg.MaxUnroll = unroll
		n := newNetwork(cfg)
		return n, n.initialize(rand.NewPCG(2, 2)), evaluate(t, b, n, pack(cfg, testSequences(cfg, 9, rand.New(rand.NewPCG(1, 1)))))
	}
	n, params, loss := setup(1)
	value, gradients := loss(params)
	t.Run("unrolled", func(t *testing.T) {
		_, params, loss := setup(steps)
		wantLoss, want := loss(params)
		if math.Abs(float64(value-wantLoss)) > 1e-6 {
			t.Errorf("loss scanned %g, unrolled %g", value, wantLoss)
		}
		for i := range want {
			for j := range want[i] {
				if d := math.Abs(float64(gradients[i][j] - want[i][j])); d > 2e-6 {
					t.Fatalf("gradient of %s[%d]: scanned %g, unrolled %g", params.Names[i], j, gradients[i][j], want[i][j])
				}
			}
		}
	})
	t.Run("differences", func(t *testing.T) {
		random := rand.New(rand.NewPCG(3, 3))
		const h = 1e-2
		for i := range params.Values {
			j := random.IntN(len(gradients[i]))
			at := func(delta float32) float64 {
				moved := fit.Params{Names: params.Names, Values: slices.Clone(params.Values)}
				flat := tensors.MustCopyFlatData[float32](params.Values[i])
				flat[j] += delta
				moved.Values[i] = tensors.FromFlatDataAndDimensions(flat, n.dims[i]...)
				value, _ := loss(moved)
				return float64(value)
			}
			numeric := (at(h) - at(-h)) / (2 * h)
			if d := math.Abs(numeric - float64(gradients[i][j])); d > 2e-4 {
				t.Errorf("gradient of %s[%d]: %g, by differences %g", params.Names[i], j, gradients[i][j], numeric)
			}
		}
	})
}

// Every step of every sequence counts once, whatever the row length.
func TestPackKeepsEveryStep(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for _, steps := range []int{3, 8, 12, 64} {
		cfg := testConfig(steps)
		sequences := testSequences(cfg, 20, random)
		want := 0
		for _, s := range sequences {
			want += len(s.Codes)
		}
		data := pack(cfg, sequences)
		var got float32
		for _, w := range tensors.MustCopyFlatData[float32](data[5]) {
			got += w
		}
		if int(got) != want {
			t.Errorf("rows of %d steps: weight %g, want %d", steps, got, want)
		}
	}
}
