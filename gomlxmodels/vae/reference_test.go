package vae

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// reference reads a JSON file of ../shared/reference, beside the repository.
func reference(t *testing.T, name string, into any) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "reference", name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("reference values are missing: %v", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

type weights = map[string]json.RawMessage

// kernel reads [in][out] or [out] numbers as a flat list.
func kernel(t *testing.T, raw json.RawMessage) []float64 {
	t.Helper()
	var rows [][]float64
	if json.Unmarshal(raw, &rows) == nil {
		var all []float64
		for _, r := range rows {
			all = append(all, r...)
		}
		return all
	}
	var flat []float64
	if err := json.Unmarshal(raw, &flat); err != nil {
		t.Fatal(err)
	}
	return flat
}

// beside puts two kernels [in, out] (or biases, with in = 1) side by side.
func beside(a, b []float64, in int) []float64 {
	var joined []float64
	for i := range in {
		joined = append(joined, a[i*len(a)/in:(i+1)*len(a)/in]...)
		joined = append(joined, b[i*len(b)/in:(i+1)*len(b)/in]...)
	}
	return joined
}

// paperParams makes our parameters of the 18 arrays that Keras keeps: kernel
// and bias of encoder 0-2, mean, log variance, decoder 0-2, output.
func paperParams(cfg Config, features int, keras [][]float64) fit.Params {
	h := cfg.Hidden[len(cfg.Hidden)-1]
	arrays := append([][]float64{}, keras[:6]...)
	arrays = append(arrays, beside(keras[6], keras[8], h), beside(keras[7], keras[9], 1))
	arrays = append(arrays, keras[10:]...)
	p := initial(cfg, features)
	for i := range p.Values {
		p.Values[i] = cast(arrays[i], cfg.dtype(), p.Values[i].Shape().Dimensions...)
	}
	return p
}

// TestTrainedByAuthors runs the weights that the paper's authors published.
func TestTrainedByAuthors(t *testing.T) {
	for _, name := range []string{"HTTP", "LORA_1"} {
		for double, tolerance := range map[bool]float64{false: 1e-5, true: 1e-10} {
			t.Run(fmt.Sprintf("%s/float64=%v", name, double), func(t *testing.T) {
				devicetest.Each(t, func(t *testing.T, b compute.Backend) { trainedByAuthors(t, b, name, double, tolerance) })
			})
		}
	}
}

func trainedByAuthors(t *testing.T, b compute.Backend, name string, double bool, tolerance float64) {
	var ref struct {
		Encoder, Decoder  weights
		X, Decoded        [][]float64
		Z_mean, Z_log_var [][]float64 //lint:ignore ST1003 names of the file
	}
	reference(t, "vae_trained_"+name+".json", &ref)
	cfg := DefaultConfig()
	cfg.Float64 = double
	var keras [][]float64
	for _, layer := range []string{"dense", "dense_1", "dense_2", "z_mean", "z_log_var"} {
		keras = append(keras, kernel(t, ref.Encoder[layer+"/kernel"]), kernel(t, ref.Encoder[layer+"/bias"]))
	}
	for _, layer := range []string{"dense_3", "dense_4", "dense_5", "dense_6"} {
		keras = append(keras, kernel(t, ref.Decoder[layer+"/kernel"]), kernel(t, ref.Decoder[layer+"/bias"]))
	}
	features := len(ref.X[0])
	m, err := newModel(b, cfg, nil, features, paperParams(cfg, features, keras))
	if err != nil {
		t.Fatal(err)
	}
	mean, logVar, err := m.Encode(dense2(ref.X))
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := m.Decode(dense2(ref.Z_mean))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "z_mean", mean, dense2(ref.Z_mean), tolerance)
	near(t, "z_log_var", logVar, dense2(ref.Z_log_var), tolerance)
	near(t, "decoded", decoded, dense2(ref.Decoded), tolerance)
}

// dense2 is rows as a matrix.
func dense2(rows [][]float64) *mat.Dense {
	m := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, r := range rows {
		m.SetRow(i, r)
	}
	return m
}

// near compares relative to values above 1, absolutely below.
func near(t *testing.T, what string, got, want mat.Matrix, tolerance float64) {
	t.Helper()
	rows, cols := want.Dims()
	worst := 0.0
	for i := range rows {
		for j := range cols {
			worst = math.Max(worst, math.Abs(got.At(i, j)-want.At(i, j))/math.Max(1, math.Abs(want.At(i, j))))
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s is off by %g, want at most %g", what, worst, tolerance)
	}
	t.Logf("%s is off by %g at most", what, worst)
}

// TestFiveAdamSteps trains for 1 to 5 steps from given weights with given
// batches and noise and compares losses and weights.
func TestFiveAdamSteps(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		var ref struct {
			Initial, Final []json.RawMessage
			Batches, Eps   [][][]float64
			Losses         []float64
		}
		reference(t, "vae_five_adam_steps.json", &ref)
		cfg := DefaultConfig()
		cfg.Float64, cfg.Beta = true, 1
		cfg.Train.Epochs, cfg.Train.Batch, cfg.Train.LearningRate, cfg.Train.ValidationFraction, cfg.Train.KeepOrder = 1, 32, 1e-3, 0, true
		var start, final [][]float64
		for i := range ref.Initial {
			start, final = append(start, kernel(t, ref.Initial[i])), append(final, kernel(t, ref.Final[i]))
		}
		m := &Model{Config: cfg, Features: 16}
		problem := fit.Problem{TermNames: []string{"reconstruction", "kl"}, Loss: func(s fit.Step) (*graph.Node, []*graph.Node) {
			mean, logVar := m.encoder(s.Params, s.Inputs[0])
			return m.elbo(s, mean, logVar, s.Inputs[1])
		}}
		var x, noise []float64
		for step := range ref.Losses {
			for i := range ref.Batches[step] {
				x, noise = append(x, ref.Batches[step][i]...), append(noise, ref.Eps[step][i]...)
			}
			if !devicetest.IsGo(b) && step < len(ref.Losses)-1 {
				continue // each number of rows compiles anew, which takes XLA seconds
			}
			data := []*tensors.Tensor{cast(x, dtypes.Float64, len(x)/16, 16), cast(noise, dtypes.Float64, len(noise)/2, 2)}
			p, result, err := fit.Run(context.Background(), b, cfg.Train, paperParams(cfg, 16, start), data, problem, nil)
			if err != nil {
				t.Fatal(err)
			}
			expected := 0.0
			for _, loss := range ref.Losses[:step+1] {
				expected += loss
			}
			sum := result.Epochs[0].Loss * float64(step+1)
			if off := math.Abs(sum - expected); !(off <= 1e-8) {
				t.Errorf("sum of %d losses off by %g, want at most 1e-8", step+1, off)
			}
			if step == len(ref.Losses)-1 {
				want := paperParams(cfg, 16, final)
				for i, v := range p.Values {
					got, want := tensors.MustCopyFlatData[float64](v), tensors.MustCopyFlatData[float64](want.Values[i])
					near(t, p.Names[i], mat.NewVecDense(len(got), got), mat.NewVecDense(len(want), want), 1e-8)
				}
			}
		}
	})
}
