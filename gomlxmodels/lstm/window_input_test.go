package lstm

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"gonum.org/v1/gonum/mat"
)

func TestFitWindowRefuses(t *testing.T) {
	lengths := []int{3, 4}
	for _, test := range []struct {
		name string
		edit func(cfg *WindowConfig, x, targets *mat.Dense, lengths *[]int)
		want []string
	}{
		{"NaN input", func(_ *WindowConfig, x, _ *mat.Dense, _ *[]int) { x.Set(5, 2, math.NaN()) }, []string{"row 5", "column 2", "NaN"}},
		{"infinite input", func(_ *WindowConfig, x, _ *mat.Dense, _ *[]int) { x.Set(0, 1, math.Inf(1)) }, []string{"row 0", "column 1"}},
		{"columns", func(c *WindowConfig, _, _ *mat.Dense, _ *[]int) { c.Inputs = 9 }, []string{"3 columns", "9 inputs"}},
		{"lengths", func(_ *WindowConfig, _, _ *mat.Dense, l *[]int) { *l = []int{3} }, []string{"3 packets in all for 7 rows"}},
		{"empty flow", func(_ *WindowConfig, _, _ *mat.Dense, l *[]int) { *l = []int{7, 0} }, []string{"flow 1 has 0 packets"}},
		{"two classes", func(_ *WindowConfig, _, y *mat.Dense, _ *[]int) { y.SetRow(2, []float64{1, 1, 0, 1, 0, 0, 0}) }, []string{"target row 2", "classes of a sum to 2"}},
		{"negative class", func(_ *WindowConfig, _, y *mat.Dense, _ *[]int) { y.SetRow(2, []float64{2, -1, 0, 1, 0, 0, 0}) }, []string{"target row 2", "class 1 of a is -1"}},
		{"feature beyond 1", func(_ *WindowConfig, _, y *mat.Dense, _ *[]int) { y.Set(6, 6, 1.5) }, []string{"target row 6", "feature y is 1.5"}},
		{"targets of another shape", func(c *WindowConfig, _, _ *mat.Dense, _ *[]int) { c.Features = c.Features[:1] }, []string{"targets [7, 7]: want [7, 6]"}},
		{"all at once", func(c *WindowConfig, _, _ *mat.Dense, _ *[]int) {
			c.Cell, c.Units, c.Steps, c.HoldOut, c.Heads[1].Name, c.Fit.Batch = "rnn", -1, 0, 1, "features", 0
		}, []string{"cell = rnn", "units = -1", "steps = 0", "hold_out = 1", `"features"`, "batch = 0"}},
		{"no outputs", func(c *WindowConfig, _, _ *mat.Dense, _ *[]int) { c.Heads, c.Features = nil, nil }, []string{"outputs"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := windowCase(GRU, 3)
			x, targets := windowData(cfg, lengths, rand.New(rand.NewPCG(1, 1)))
			given := lengths
			test.edit(&cfg, x, targets, &given)
			_, err := FitWindow(context.Background(), devicetest.Go(t), cfg, x, given, targets, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not name %q", err, want)
				}
			}
		})
	}
}

// One flow, flows of one packet and fewer rows than a batch are trained on.
func TestFitWindowOnLittle(t *testing.T) {
	for name, lengths := range map[string][]int{"one flow": {6}, "flows of one packet": {1, 1, 1}, "one packet": {1}} {
		t.Run(name, func(t *testing.T) {
			cfg := windowCase(LSTM, 4)
			x, targets := windowData(cfg, lengths, rand.New(rand.NewPCG(2, 2)))
			w, err := FitWindow(context.Background(), devicetest.Go(t), cfg, x, lengths, targets, nil)
			if err != nil {
				t.Fatal(err)
			}
			out, err := w.Predict(x, lengths)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range out.RawMatrix().Data {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("outputs %v, want all in [0, 1]", out.RawMatrix().Data)
				}
			}
		})
	}
}

// Held-out rows are whole flows, of about the fraction asked for, and never all.
func TestHeldFlows(t *testing.T) {
	lengths := make([]int, 200)
	total := 0
	for i := range lengths {
		lengths[i] = 1 + i%20
		total += lengths[i]
	}
	cfg := DefaultWindowConfig()
	for _, fraction := range []float64{0, 0.1, 0.5, 0.999} {
		cfg.HoldOut = fraction
		held := make(map[int]bool)
		for _, r := range heldFlows(cfg, lengths) {
			held[r] = true
		}
		if off := math.Abs(float64(len(held)) - fraction*float64(total)); off > 20 || len(held) == total {
			t.Errorf("fraction %v: %d of %d rows held out", fraction, len(held), total)
		}
		begin := 0
		for f, length := range lengths {
			for i := range length {
				if held[begin+i] != held[begin] {
					t.Fatalf("fraction %v: flow %d is cut", fraction, f)
				}
			}
			begin += length
		}
	}
	cfg.HoldOut = 0.1
	if rows := heldFlows(cfg, []int{100}); len(rows) != 10 || rows[0] != 90 {
		t.Errorf("of one long flow %v are held out, want its last ten rows", rows)
	}
	if rows := heldFlows(cfg, []int{5}); len(rows) != 0 {
		t.Errorf("the only flow is held out: %v", rows)
	}
}

func TestWindowSaveLoad(t *testing.T) {
	for _, cell := range []Cell{LSTM, GRU} {
		cfg := windowCase(cell, 4)
		b := devicetest.Go(t)
		w, err := newWindow(b, cfg, newWindowNetwork(cfg).initialize(rand.New(rand.NewPCG(3, 3))))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := w.Save(dir); err != nil {
			t.Fatal(err)
		}
		loaded, err := LoadWindow(b, dir)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := windowData(cfg, []int{5, 3}, rand.New(rand.NewPCG(4, 4)))
		one, err := w.Predict(x, []int{5, 3})
		if err != nil {
			t.Fatal(err)
		}
		two, err := loaded.Predict(x, []int{5, 3})
		if err != nil {
			t.Fatal(err)
		}
		if !mat.Equal(one, two) {
			t.Errorf("%s: predictions differ after loading", cell)
		}
		for _, damage := range []struct{ old, new, want string }{
			{`"version": 1`, `"version": 7`, "version 7"},
			{`"units": 4`, `"units": 5`, "must be"},
			{`"steps": 4`, `"steps": 65`, "steps = 65"},
			{`"steps": 4`, `"steps": "x"`, "window.json"},
		} {
			name := filepath.Join(dir, windowConfigFile)
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(strings.Replace(string(text), damage.old, damage.new, 1)), 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadWindow(b, dir); err == nil || !strings.Contains(err.Error(), damage.want) {
				t.Errorf("%s: %v, want an error with %q", damage.new, err, damage.want)
			}
			if err := os.WriteFile(name, text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := LoadWindow(devicetest.Go(t), t.TempDir()); err == nil || !strings.Contains(err.Error(), "not the folder of a saved window network") {
		t.Errorf("an empty folder gives %v", err)
	}
}

// The recurrent kernels start orthogonal, the others within Glorot's bound.
func TestWindowInitialize(t *testing.T) {
	for _, cell := range []Cell{LSTM, GRU} {
		cfg := windowCase(cell, 4)
		n := newWindowNetwork(cfg)
		p := n.initialize(rand.New(rand.NewPCG(5, 5)))
		values := make([]float64, p.Get("backward/recurrent").Shape().Size())
		if err := copyRows(values, p.Get("backward/recurrent")); err != nil {
			t.Fatal(err)
		}
		m := mat.NewDense(n.cell.units, len(values)/n.cell.units, values)
		var product mat.Dense
		product.Mul(m, m.T())
		for i := range n.cell.units {
			for j := range n.cell.units {
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(product.At(i, j)-want) > 1e-12 {
					t.Errorf("%s: rows %d and %d of the recurrent kernel have product %v, want %v", cell, i, j, product.At(i, j), want)
				}
			}
		}
	}
}
