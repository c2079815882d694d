package vae

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// plane is rows of six features that lie near a curved surface of two
// dimensions, in [0, 1].
func plane(rows int) *mat.Dense {
	rng := rand.New(rand.NewPCG(3, 4))
	x := mat.NewDense(rows, 6, nil)
	for i := range rows {
		a, b := rng.Float64(), rng.Float64()
		for j, v := range []float64{a, b, a * b, 1 - a, (a + b) / 2, b * b} {
			x.Set(i, j, min(1, max(0, v+0.01*rng.NormFloat64())))
		}
	}
	return x
}

func small() Config {
	cfg := DefaultConfig()
	cfg.Train.Epochs, cfg.Train.LearningRate = 20, 5e-3
	return cfg
}

// TestFit: the terms are recorded apart and add up, the KL term is never
// negative, the loss falls, and two fits with one seed agree to the byte.
func TestFit(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		x := plane(500)
		got := map[string][]float64{}
		record := func(metric string, step int, value float64) error {
			got[metric] = append(got[metric], value)
			if step != len(got[metric]) {
				t.Errorf("%s: step %d, want %d", metric, step, len(got[metric]))
			}
			return nil
		}
		m, err := Fit(context.Background(), b, small(), x, record)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"loss", "reconstruction", "kl", "validation_loss", "validation_reconstruction", "validation_kl", "learning_rate"} {
			if len(got["vae/"+name]) != 20 {
				t.Errorf("vae/%s is recorded %d times, want 20", name, len(got["vae/"+name]))
			}
		}
		loss := got["vae/loss"]
		for i := range loss {
			if kl := got["vae/kl"][i]; kl < 0 {
				t.Errorf("epoch %d: KL %v is negative", i+1, kl)
			}
			if sum := got["vae/reconstruction"][i] + got["vae/kl"][i]/32; math.Abs(sum-loss[i]) > 1e-5*loss[i] {
				t.Errorf("epoch %d: terms add up to %v, loss %v", i+1, sum, loss[i])
			}
		}
		if !(loss[19] < 0.9*loss[0]) {
			t.Errorf("loss went from %v to %v: want it to fall by a tenth", loss[0], loss[19])
		}
		again, err := Fit(context.Background(), b, small(), x, nil)
		if err != nil {
			t.Fatal(err)
		}
		if digest(t, m) != digest(t, again) {
			t.Error("two fits with one seed differ")
		}
		other := small()
		other.Train.Seed = 2
		different, err := Fit(context.Background(), b, other, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		if digest(t, m) == digest(t, different) {
			t.Error("two seeds give one model")
		}
	})
}

func digest(t *testing.T, m *Model) string {
	t.Helper()
	p, err := m.params.Clone()
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for i, v := range p.Values {
		fmt.Fprintf(&all, "%s %v\n", p.Names[i], v.Value())
	}
	return all.String()
}

// TestSaveLoad: a loaded model encodes, decodes and samples to the same bits,
// and its files are the same whenever they are written.
func TestSaveLoad(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := small()
		cfg.Train.Epochs, cfg.Columns = 2, []string{"a", "b", "c", "d", "e", "f"}
		x := plane(100)
		m, err := Fit(context.Background(), b, cfg, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(b, dir)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(loaded.Columns, "") != "abcdef" || loaded.Features != 6 {
			t.Errorf("loaded columns %v, %d features", loaded.Columns, loaded.Features)
		}
		mean, logVar, err := m.Encode(x)
		if err != nil {
			t.Fatal(err)
		}
		mean2, logVar2, err := loaded.Encode(x)
		if err != nil {
			t.Fatal(err)
		}
		if !mat.Equal(mean, mean2) || !mat.Equal(logVar, logVar2) {
			t.Error("a loaded model encodes differently")
		}
		z := mat.NewDense(50, 2, nil)
		for i := range z.RawMatrix().Data {
			z.RawMatrix().Data[i] = rand.New(rand.NewPCG(1, uint64(i))).NormFloat64()
		}
		sample, err := m.Decode(z)
		if err != nil {
			t.Fatal(err)
		}
		sample2, err := loaded.Decode(z)
		if err != nil {
			t.Fatal(err)
		}
		if !mat.Equal(sample, sample2) || mat.Min(sample) < 0 || mat.Max(sample) > 1 {
			t.Error("samples differ or leave [0, 1]")
		}
		again := t.TempDir()
		if err := loaded.Save(again); err != nil {
			t.Fatal(err)
		}
		same(t, dir, again)
	})
}

// same compares the files of two folders byte by byte.
func same(t *testing.T, a, b string) {
	t.Helper()
	entries, err := os.ReadDir(a)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%s holds %v (%v), want a checkpoint of two files and a description", a, entries, err)
	}
	for _, entry := range entries {
		one, err := os.ReadFile(filepath.Join(a, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(filepath.Join(b, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, two) {
			t.Errorf("%s differs", entry.Name())
		}
	}
}

// TestChunks: many rows, which take several calls, encode as few do.
func TestChunks(t *testing.T) {
	b := devicetest.Go(t)
	m, err := newModel(b, DefaultConfig(), nil, 6, initial(DefaultConfig(), 6))
	if err != nil {
		t.Fatal(err)
	}
	x := plane(chunk + 3)
	all, _, err := m.Encode(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, view := range []mat.Matrix{x.Slice(chunk-2, chunk+3, 0, 6), x.Slice(chunk-2, chunk+3, 0, 6).(*mat.Dense).T().T()} {
		few, _, err := m.Encode(view)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "mean", few, all.Slice(chunk-2, chunk+3, 0, 2), 1e-6)
	}
}

// TestGradients holds the derivatives to central differences in float64.
func TestGradients(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Float64 = true
		m := &Model{Config: cfg, Features: 6}
		start := initial(cfg, 6)
		noise := make([]float64, 2*20)
		rng := rand.New(rand.NewPCG(5, 6))
		for i := range noise {
			noise[i] = rng.NormFloat64()
		}
		mask := make([]float64, 20)
		for i := range 17 { // three rows of padding
			mask[i] = 1
		}
		n := len(start.Values)
		e, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
			s := fit.Step{Params: in[:n], Inputs: in[n : n+1], Mask: in[n+2]}
			mean, logVar := m.encoder(s.Params, s.Inputs[0])
			loss, _ := m.elbo(s, mean, logVar, in[n+1])
			return append([]*graph.Node{loss}, graph.Gradient(loss, s.Params...)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Finalize()
		run := func(values []*tensors.Tensor) []*tensors.Tensor {
			var args []any
			for _, v := range values {
				args = append(args, v)
			}
			x, err := onDevice(b, plane(20), dtypes.Float64)
			if err != nil {
				t.Fatal(err)
			}
			out, err := e.Call(append(args, x, cast(noise, dtypes.Float64, 20, 2), mask)...)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		gradients := run(start.Values)[1:]
		const h = 1e-6
		for i, v := range start.Values {
			flat := tensors.MustCopyFlatData[float64](v)
			got := tensors.MustCopyFlatData[float64](gradients[i])
			for k := 0; k < len(flat); k += 5 {
				loss := func(by float64) float64 {
					moved := append([]*tensors.Tensor{}, start.Values...)
					values := append([]float64{}, flat...)
					values[k] += by
					moved[i] = cast(values, dtypes.Float64, v.Shape().Dimensions...)
					return tensors.ToScalar[float64](run(moved)[0])
				}
				want := (loss(h) - loss(-h)) / (2 * h)
				if math.Abs(got[k]-want) > 1e-6*math.Max(1, math.Abs(want)) {
					t.Errorf("d loss / d %s[%d] = %v, by differences %v", start.Names[i], k, got[k], want)
				}
			}
		}
	})
}

// TestLossByHand holds loss and terms to the formulas of the package comment,
// computed here in plain Go.
func TestLossByHand(t *testing.T) {
	x := []float64{0, 1, 0.25}
	logits := []float64{-2, 0.5, 40} // the last is clipped
	want := 0.0
	for i, v := range x {
		y := min(1-clip, max(clip, 1/(1+math.Exp(-logits[i]))))
		want += -v*math.Log(y) - (1-v)*math.Log(1-y) + math.Abs(v-y)
	}
	mean, logVar := []float64{0.3, -1.2}, []float64{-0.4, 0.7}
	wantKL := 0.0
	for i := range mean {
		wantKL += (math.Exp(logVar[i]) + mean[i]*mean[i] - 1 - logVar[i]) / 2
	}
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		out, err := graph.CallOnceN(b, func(in []*graph.Node) []*graph.Node {
			return []*graph.Node{reconstructionLoss(in[0], in[1]), divergence(in[2], in[3])}
		}, [][]float64{x}, [][]float64{logits}, [][]float64{mean}, [][]float64{logVar})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []float64{want, wantKL} {
			if got := tensors.MustCopyFlatData[float64](out[i])[0]; math.Abs(got-want) > 1e-7 {
				t.Errorf("term %d = %v, want %v", i, got, want)
			}
		}
	})
}

func TestBadInput(t *testing.T) {
	b := devicetest.Go(t)
	broken := func(v float64) *mat.Dense {
		x := plane(40)
		x.Set(7, 2, v)
		return x
	}
	named := small()
	named.Columns = []string{"a", "b", "time_diff", "d", "e", "f"}
	wrong := small()
	wrong.Hidden, wrong.Beta, wrong.Train.Batch = nil, -1, 0
	for _, test := range []struct {
		name string
		cfg  Config
		x    mat.Matrix
		want []string
	}{
		{"NaN", small(), broken(math.NaN()), []string{"row 7", "column 2", "NaN"}},
		{"infinite", named, broken(math.Inf(1)), []string{"row 7", "column 2 (time_diff)", "[0, 1]"}},
		{"above one", small(), broken(1.5), []string{"row 7", "1.5"}},
		{"names", named, plane(10).Slice(0, 10, 0, 5), []string{"6 column names for 5 features"}},
		{"empty", small(), &mat.Dense{}, []string{"[0, 0]"}},
		{"config", wrong, plane(10), []string{"hidden", "beta = -1", "batch = 0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Fit(context.Background(), b, test.cfg, test.x, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	t.Run("constant column", func(t *testing.T) {
		x := plane(10)
		for i := range 10 {
			x.Set(i, 3, 0.5)
		}
		cfg := small()
		cfg.Train.Epochs = 1
		m, err := Fit(context.Background(), b, cfg, x, nil)
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(m.Warnings); !strings.Contains(text, "column 3 is constant") || !strings.Contains(text, "fewer than a batch") {
			t.Errorf("warnings %v, want the constant column and the small batch", text)
		}
		if _, _, err := m.Encode(plane(3).Slice(0, 3, 0, 4)); err == nil {
			t.Error("encodes rows of another width")
		}
		if text := digest(t, m); strings.Contains(text, "NaN") {
			t.Error("a model of NaN")
		}
	})
	t.Run("load", func(t *testing.T) {
		if _, err := Load(b, t.TempDir()); err == nil || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("loading an empty folder: %v", err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, descriptionName), []byte(`{"version": 99}`), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(b, dir); err == nil || !strings.Contains(err.Error(), "version 99") {
			t.Errorf("loading version 99: %v", err)
		}
	})
}

// TestDiverged: a learning rate far too high ends with the last good model.
func TestDiverged(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := small()
		cfg.Train.LearningRate = 1e30
		m, err := Fit(context.Background(), b, cfg, plane(100), nil)
		var diverged *fit.DivergedError
		if !errors.As(err, &diverged) || diverged.Epoch < 1 {
			t.Fatalf("error %v, want a *fit.DivergedError", err)
		}
		if m == nil || strings.Contains(digest(t, m), "NaN") {
			t.Error("no model, or one of NaN")
		}
	})
}
