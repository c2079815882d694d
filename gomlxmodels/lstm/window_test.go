package lstm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// windowCase is a small network with two heads and two features.
func windowCase(cell Cell, steps int) WindowConfig {
	cfg := DefaultWindowConfig()
	cfg.Cell, cfg.Steps = cell, steps
	cfg.Inputs, cfg.Units, cfg.Float64 = 3, 4, true
	cfg.Heads, cfg.Features = []Head{{"a", 3}, {"b", 2}}, []string{"x", "y"}
	cfg.Fit.Epochs, cfg.Fit.Batch = 2, 4
	return cfg
}

// windowData are flows with random rows, and random targets, some unknown.
func windowData(cfg WindowConfig, lengths []int, r *rand.Rand) (x, targets *mat.Dense) {
	n := 0
	for _, l := range lengths {
		n += l
	}
	x, targets = mat.NewDense(n, cfg.Inputs, nil), mat.NewDense(n, cfg.Outputs(), nil)
	for i := range n {
		for j := range cfg.Inputs {
			x.Set(i, j, r.NormFloat64())
		}
		column := 0
		for _, h := range cfg.Heads {
			targets.Set(i, column+r.IntN(h.Classes), 1)
			column += h.Classes
		}
		for j := range cfg.Features {
			v := r.Float64()
			if r.IntN(5) == 0 {
				v = math.NaN()
			}
			targets.Set(i, column+j, v)
		}
	}
	return x, targets
}

// The hand-written derivative is GoMLX's own, for every shape of the network.
func TestWindowGradient(t *testing.T) {
	lengths := []int{1, 3, 9}
	for _, cell := range []Cell{LSTM, GRU} {
		for _, steps := range []int{1, 2, 3, 5} {
			cfg := windowCase(cell, steps)
			n := newWindowNetwork(cfg)
			r := rand.New(rand.NewPCG(1, uint64(cfg.Steps)))
			x, targets := windowData(cfg, lengths, r)
			eachWindowBackend(t, func(t *testing.T, b compute.Backend) {
				if !devicetest.IsGo(b) && steps != 3 {
					t.Skip("skipped: each shape is a compilation, the Go backend has them all")
				}
				params := n.initialize(rand.New(rand.NewPCG(2, 2)))
				for i, p := range params.Values { // biases that are not 0
					if len(n.dims[i]) == 1 || cell == GRU && n.dims[i][0] == 2 {
						p.MustMutableFlatData(func(flat any) {
							for j := range flat.([]float64) {
								flat.([]float64)[j] = r.NormFloat64()
							}
						})
					}
				}
				inputs := []*tensors.Tensor{windows(cfg, x, lengths), targetTensor(cfg, targets)}
				rows := inputs[0].Shape().Dimensions[0]
				mask := floats(cfg, func(set func(i int, v float64)) {
					for i := range rows - rows/5 { // the last rows are padding
						set(i, 1)
					}
				}, rows)
				var args []any
				for _, p := range append(append(inputs, mask), params.Values...) {
					args = append(args, p)
				}
				given := len(inputs)
				out, err := graph.CallOnceN(b, func(in []*graph.Node) []*graph.Node {
					s := fit.Step{Params: in[given+1:], Inputs: in[:given], Mask: in[given]}
					ours, _ := n.loss(s)
					theirs, _ := n.plainLoss(s)
					all := append(graph.Gradient(ours, s.Params...), graph.Gradient(theirs, s.Params...)...)
					return append(all, ours, theirs)
				}, args...)
				if err != nil {
					t.Fatal(err)
				}
				values := make([][]float64, len(out))
				for i, o := range out {
					values[i] = make([]float64, o.Shape().Size())
					if err := copyRows(values[i], o); err != nil {
						t.Fatal(err)
					}
				}
				k := len(n.names)
				if values[2*k][0] != values[2*k+1][0] {
					t.Errorf("loss %v, without the derivative %v", values[2*k][0], values[2*k+1][0])
				}
				for i, name := range n.names {
					size := 0.0
					for j, want := range values[k+i] {
						size += math.Abs(want)
						if math.Abs(values[i][j]-want) > 1e-12 {
							t.Fatalf("%s, %d steps: derivative by %s[%d] is %v, want %v", cell, steps, name, j, values[i][j], want)
						}
					}
					if size == 0 && !(steps == 1 && name != "forward/kernel") {
						t.Errorf("%s, %d steps: derivative by %s is all 0", cell, steps, name)
					}
				}
			})
		}
	}
}

// A window shows the packets before, in its own flow alone: the class is whether
// this packet and the one before (0 at the start) have the same sign.
func parity(cfg WindowConfig, flows int, r *rand.Rand) (x, targets *mat.Dense, lengths []int) {
	var rows, wants []float64
	for range flows {
		length := 1 + r.IntN(12)
		lengths = append(lengths, length)
		before := 0.0
		for range length {
			v := float64(2*r.IntN(2) - 1)
			rows = append(rows, v)
			same := 0.0
			if v*before > 0 {
				same = 1
			}
			wants = append(wants, 1-same, same, (v+1)/2)
			before = v
		}
	}
	return mat.NewDense(len(rows), 1, rows), mat.NewDense(len(rows), 3, wants), lengths
}

func TestWindowLearns(t *testing.T) {
	for _, cell := range []Cell{LSTM, GRU} {
		cfg := DefaultWindowConfig()
		cfg.Cell, cfg.Inputs, cfg.Units, cfg.Steps = cell, 1, 8, 3
		cfg.Heads, cfg.Features = []Head{{"same", 2}}, []string{"sign"}
		cfg.Fit.Epochs, cfg.Fit.Batch, cfg.Fit.LearningRate = 30, 32, 2e-2
		r := rand.New(rand.NewPCG(5, 5))
		x, targets, lengths := parity(cfg, 250, r)
		eachWindowBackend(t, func(t *testing.T, b compute.Backend) {
			w, err := FitWindow(context.Background(), b, cfg, x, lengths, targets, nil)
			if err != nil {
				t.Fatal(err)
			}
			first, last := w.Result.Epochs[0], w.Result.Epochs[len(w.Result.Epochs)-1]
			if !(last.Loss < 0.1*first.Loss) || math.IsNaN(last.ValidationLoss) || last.Terms["same"]+last.Terms["features"]-last.Loss > 1e-5 {
				t.Errorf("%s: loss from %v to %v, validation %v, terms %v", cell, first.Loss, last.Loss, last.ValidationLoss, last.Terms)
			}
			fresh, want, lengths := parity(cfg, 300, r)
			got, err := w.Predict(fresh, lengths)
			if err != nil {
				t.Fatal(err)
			}
			rows, _ := got.Dims()
			wrong := 0
			for i := range rows {
				if math.Abs(got.At(i, 0)+got.At(i, 1)-1) > 1e-6 {
					t.Fatalf("row %d: class probabilities sum to %v", i, got.At(i, 0)+got.At(i, 1))
				}
				if math.Abs(got.At(i, 1)-want.At(i, 1)) > 0.5 || math.Abs(got.At(i, 2)-want.At(i, 2)) > 0.2 {
					wrong++
				}
			}
			if wrong > rows/100 {
				t.Errorf("%s: %d of %d packets wrong", cell, wrong, rows)
			}
		})
	}
}

// In training, dropout hides its fraction of the state and keeps the mean; a network
// still learns with it, and is held to the validation rows without it.
func TestWindowDropout(t *testing.T) {
	cfg := windowCase(GRU, 4)
	cfg.Dropout, cfg.Fit.Epochs, cfg.Fit.LearningRate, cfg.Heads = 0.25, 10, 2e-2, nil
	n := newWindowNetwork(cfg)
	const size = 100 * 80
	state := floats(cfg, func(set func(i int, v float64)) {
		for i := range size {
			set(i, 1)
		}
	}, 100, 80)
	b := devicetest.Go(t)
	out, err := graph.CallOnceN(b, func(in []*graph.Node) []*graph.Node { return []*graph.Node{n.drop(in[0], in[1])} }, state, []uint64{7, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	values, hidden := make([]float64, size), 0
	if err := copyRows(values, out[0]); err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if v == 0 {
			hidden++
		} else if math.Abs(v-1/0.75) > 1e-12 {
			t.Fatalf("a value of 1 became %v, want 0 or 4/3", v)
		}
	}
	if off := math.Abs(float64(hidden)/size - 0.25); off > 0.02 { // 4 standard errors
		t.Errorf("%d of %d values hidden, want a quarter", hidden, size)
	}
	lengths := []int{20, 20, 20, 20}
	x, targets := windowData(cfg, lengths, rand.New(rand.NewPCG(1, 9)))
	w, err := FitWindow(context.Background(), b, cfg, x, lengths, targets, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, last := w.Result.Epochs[0], w.Result.Epochs[len(w.Result.Epochs)-1]
	if !(last.Loss < first.Loss) {
		t.Errorf("loss from %v to %v with dropout", first.Loss, last.Loss)
	}
}

// Predict gives each packet what it gives alone with its flow: neither batch nor
// neighbours count.
func TestPredictIsByFlow(t *testing.T) {
	cfg := windowCase(GRU, 6)
	n := newWindowNetwork(cfg)
	b := devicetest.Go(t)
	w, err := newWindow(b, cfg, n.initialize(rand.New(rand.NewPCG(3, 3))))
	if err != nil {
		t.Fatal(err)
	}
	lengths := []int{5, 1, 9, 2}
	x, _ := windowData(cfg, lengths, rand.New(rand.NewPCG(4, 4)))
	all, err := w.Predict(x, lengths)
	if err != nil {
		t.Fatal(err)
	}
	begin := 0
	for f, length := range lengths {
		alone, err := w.Predict(x.Slice(begin, begin+length, 0, cfg.Inputs), []int{length})
		if err != nil {
			t.Fatal(err)
		}
		for i := range length {
			for j := range cfg.Outputs() {
				if math.Abs(all.At(begin+i, j)-alone.At(i, j)) > 1e-12 {
					t.Fatalf("flow %d, packet %d: %v with others, %v alone", f, i, mat.Row(nil, begin+i, all), mat.Row(nil, i, alone))
				}
			}
		}
		begin += length
	}
}

func BenchmarkWindow(b *testing.B) {
	backend := devicetest.XLA(b)
	for _, cell := range []Cell{LSTM, GRU} {
		for _, batch := range []int{32, 256, 1024} {
			b.Run(fmt.Sprintf("%s/%d", cell, batch), func(b *testing.B) { benchmarkWindow(b, backend, cell, batch) })
		}
	}
}

// benchmarkWindow trains the bidirectional cell of 32 units on windows 11 x 17 with
// 8 features, over 2^14 rows; one iteration is one epoch.
func benchmarkWindow(b *testing.B, backend compute.Backend, cell Cell, batch int) {
	const rows = 1 << 14
	cfg := DefaultWindowConfig()
	cfg.Cell, cfg.Inputs, cfg.Units, cfg.HoldOut = cell, 17, 32, 0
	for i := range 8 {
		cfg.Features = append(cfg.Features, fmt.Sprint(i))
	}
	cfg.Fit.Epochs, cfg.Fit.Batch, cfg.Fit.StopPatience, cfg.Fit.KeepBest = max(4, b.N), batch, 0, false
	r := rand.New(rand.NewPCG(1, 1))
	x, targets := mat.NewDense(rows, 17, nil), mat.NewDense(rows, 8, nil)
	for i := range rows {
		for j := range 17 {
			x.Set(i, j, r.Float64())
		}
		for j := range 8 {
			targets.Set(i, j, 0.5)
		}
	}
	w, err := FitWindow(context.Background(), backend, cfg, x, []int{rows}, targets, nil)
	if err != nil {
		b.Fatal(err)
	}
	best := math.Inf(1)
	for _, e := range w.Result.Epochs[1:] { // the first compiles
		best = min(best, e.Duration.Seconds())
	}
	steps := float64(rows / batch)
	b.ReportMetric(best/steps*1e6, "us/step")
	b.ReportMetric(rows/best, "rows/s")
}
