package lstm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// Networks of a stack are those that their seeds give alone.
func TestFitWindows(t *testing.T) {
	lengths := []int{3, 1, 9, 14, 6}
	for i, test := range []struct {
		cell                    Cell
		bidirectional, stateful bool
	}{{GRU, true, false}, {LSTM, true, false}, {LSTM, false, false}, {GRU, true, true}, {LSTM, true, true}, {GRU, false, true}} {
		devicetest.Each(t, func(t *testing.T, b compute.Backend) {
			if !devicetest.IsGo(b) && i > 0 {
				t.Skip("skipped: each shape is a compilation, the Go backend has them all")
			}
			cfg := windowCase(test.cell, test.bidirectional, 4)
			cfg.Stateful, cfg.HoldOut, cfg.Fit.Epochs, cfg.Fit.ClipNorm = test.stateful, 0, 3, 0.5
			x, targets := windowData(cfg, lengths, rand.New(rand.NewPCG(1, 9)))
			seeds := []uint64{3, 8}
			stack, err := FitWindows(context.Background(), b, cfg, seeds, x, lengths, targets, nil)
			if err != nil {
				t.Fatal(err)
			}
			for m, seed := range seeds {
				cfg.Fit.Seed = seed
				alone, err := FitWindow(context.Background(), b, cfg, x, lengths, targets, nil)
				if err != nil {
					t.Fatal(err)
				}
				for i, p := range alone.Params.Values {
					want, got := make([]float64, p.Size()), make([]float64, p.Size())
					if err := copyRows(want, p); err != nil {
						t.Fatal(err)
					}
					if err := copyRows(got, stack[m].Params.Values[i]); err != nil {
						t.Fatal(err)
					}
					for k := range want {
						if math.Abs(got[k]-want[k]) > 1e-12 {
							t.Fatalf("%+v, seed %d: %s[%d] is %v in the stack, %v alone", test, seed, alone.Params.Names[i], k, got[k], want[k])
						}
					}
				}
			}
		})
	}
}

// Windows put together on the device are those of the host.
func TestWindowsOnDevice(t *testing.T) {
	lengths := []int{1, 3, 9, 2}
	cfg := windowCase(GRU, true, 5)
	x, targets := windowData(cfg, lengths, rand.New(rand.NewPCG(2, 9)))
	n := newWindowNetwork(cfg)
	data, _ := n.data(x, lengths, targets)
	rows := 15
	indices := make([]int32, rows)
	for i := range indices {
		indices[i] = int32(rows - 1 - i)
	}
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		args := []any{indices}
		for _, d := range data {
			local, err := d.LocalClone()
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, local)
		}
		out, err := graph.CallOnceN(b, func(in []*graph.Node) []*graph.Node { return n.windows(in[0], in[1:]) }, args...)
		if err != nil {
			t.Fatal(err)
		}
		each := cfg.Steps * cfg.Inputs
		got, want := make([]float64, rows*each), make([]float64, rows*each)
		if err := copyRows(got, out[0]); err != nil {
			t.Fatal(err)
		}
		if err := copyRows(want, windows(cfg, x, lengths)); err != nil {
			t.Fatal(err)
		}
		for i, r := range indices {
			for k := range each {
				if got[i*each+k] != want[int(r)*each+k] {
					t.Fatalf("window of row %d is %v, want %v", r, got[i*each:(i+1)*each], want[int(r)*each:(int(r)+1)*each])
				}
			}
		}
	})
}

// Every packet of a flow counts once, whatever its length, and a segment is never
// longer than the network's steps.
func TestSegments(t *testing.T) {
	for _, bidirectional := range []bool{false, true} {
		for steps := 1; steps < 20; steps++ {
			cfg := windowCase(GRU, bidirectional, steps)
			n := newWindowNetwork(cfg)
			for length := 1; length < 70; length++ {
				next := 100
				for _, s := range n.cut(100, 100+length) {
					if s.first != next || s.begin < 100 || s.begin > s.first || s.last <= s.first || s.end < s.last || s.end-s.begin > steps || s.end > 100+length {
						t.Fatalf("%d steps, flow of %d: segment %+v after packet %d", steps, length, s, next)
					}
					next = s.last
				}
				if next != 100+length {
					t.Fatalf("%d steps, flow of %d: segments end at %d", steps, length, next-100)
				}
			}
		}
	}
}

// A stateful network sees what a window cannot: the class is the sign of the flow's
// first packet.
func TestStatefulLearns(t *testing.T) {
	for _, cell := range []Cell{LSTM, GRU} {
		cfg := DefaultWindowConfig()
		cfg.Cell, cfg.Inputs, cfg.Units, cfg.Steps, cfg.Stateful, cfg.Bidirectional = cell, 2, 8, 16, true, false
		cfg.Heads = []Head{{"first", 2}}
		cfg.Fit.Epochs, cfg.Fit.Batch, cfg.Fit.LearningRate = 40, 16, 2e-2
		x, targets, lengths := firsts(300, 12, rand.New(rand.NewPCG(5, 5)))
		w, err := FitWindow(context.Background(), devicetest.Go(t), cfg, x, lengths, targets, nil)
		if err != nil {
			t.Fatal(err)
		}
		x, targets, lengths = firsts(40, 40, rand.New(rand.NewPCG(6, 6))) // longer than any segment
		got, err := w.Predict(x, lengths)
		if err != nil {
			t.Fatal(err)
		}
		rows, _ := got.Dims()
		wrong := 0
		for i := range rows {
			if math.Abs(got.At(i, 0)-targets.At(i, 0)) > 0.5 {
				wrong++
			}
		}
		if wrong > rows/50 {
			t.Errorf("%s: %d of %d packets wrong", cell, wrong, rows)
		}
		dir := t.TempDir()
		if err := w.Save(dir); err != nil {
			t.Fatal(err)
		}
		loaded, err := LoadWindow(devicetest.Go(t), dir)
		if err != nil {
			t.Fatal(err)
		}
		again, err := loaded.Predict(x, lengths)
		if err != nil {
			t.Fatal(err)
		}
		if !mat.Equal(got, again) {
			t.Errorf("%s: predictions differ after loading", cell)
		}
	}
}

// firsts are flows whose first packet has a sign; the others are noise.
func firsts(flows, most int, r *rand.Rand) (x, targets *mat.Dense, lengths []int) {
	var rows, wants []float64
	for range flows {
		lengths = append(lengths, 1+r.IntN(most))
		class := float64(r.IntN(2))
		for i := range lengths[len(lengths)-1] {
			if i == 0 {
				rows = append(rows, 2*class-1, 1)
			} else {
				rows = append(rows, r.NormFloat64(), 0)
			}
			wants = append(wants, 1-class, class)
		}
	}
	return mat.NewDense(len(rows)/2, 2, rows), mat.NewDense(len(wants)/2, 2, wants), lengths
}
