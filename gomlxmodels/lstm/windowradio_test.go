package lstm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// columnsOf finds the output of that name, a head or a feature, in the targets and in
// what Predict gives: columns from to to-1.
func (c WindowConfig) columnsOf(name string) (from, to int, err error) {
	for _, h := range c.Heads {
		if h.Name == name {
			return from, from + h.Classes, nil
		}
		from += h.Classes
	}
	for i, feature := range c.Features {
		if feature == name {
			return from + i, from + i + 1, nil
		}
	}
	return 0, 0, fmt.Errorf("lstm: output %q: the network has heads %v and features %v", name, c.Heads, c.Features)
}

// radioCase is the paper's network for LORA_1: 20 inputs, 20 units (algorithm.md
// section 8).
func radioCase() WindowConfig {
	cfg := DefaultWindowConfig()
	cfg.Inputs = 20
	cfg.Heads, cfg.Features = RadioOutputs(RadioClasses{1, 6, 1, 8})
	return cfg
}

// The layout has 22 columns, and each name its own.
func TestRadioOutputs(t *testing.T) {
	cfg := radioCase()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	if cfg.Outputs() != 22 {
		t.Errorf("%d outputs, want 22", cfg.Outputs())
	}
	at := 0
	for _, want := range []struct {
		name  string
		width int
	}{
		{HeadBandwidth, 1}, {HeadSpreadingFactor, 6}, {HeadCodeRate, 1}, {HeadFrequency, 8},
		{FeatureCRCStatus, 1}, {FeatureTimeDiff, 1}, {FeatureSNR, 1}, {FeatureRSSI, 1}, {FeatureLengthTotal, 1}, {FeatureHeaderLength, 1},
	} {
		from, to, err := cfg.columnsOf(want.name)
		if err != nil || from != at || to != at+want.width {
			t.Errorf("%s has columns %d to %d (%v), want %d to %d", want.name, from, to, err, at, at+want.width)
		}
		at += want.width
	}
	if _, _, err := cfg.columnsOf("flags"); err == nil || !strings.Contains(err.Error(), `"flags"`) {
		t.Errorf("an unknown output gives %v, want an error that names it", err)
	}
	size := 0
	for _, dims := range newWindowNetwork(cfg).dims {
		n := 1
		for _, d := range dims {
			n *= d
		}
		size += n
	}
	// Two directions of 3 gates, 20 inputs and 20 units with two biases, and 22
	// outputs of 40 states with a bias each.
	if want := 2*3*(20*20+20*20+2*20) + 22*(40+1); size != want {
		t.Errorf("%d parameters, want %d", size, want)
	}
}

// The spreading factor follows the input's sign, the frequency the sign before, and
// the SNR is known for half of the packets: all are learnt, and heads of one class
// stay certain without disturbing the others.
func TestRadioLearns(t *testing.T) {
	b := devicetest.Go(t)
	cfg := DefaultWindowConfig()
	cfg.Inputs, cfg.Units, cfg.Steps = 1, 8, 4
	cfg.Heads, cfg.Features = RadioOutputs(RadioClasses{1, 2, 1, 2})
	cfg.Fit.Epochs, cfg.Fit.Batch, cfg.Fit.LearningRate, cfg.HoldOut = 15, 16, 3e-2, 0
	x, targets, lengths := uplinks(cfg, 150, rand.New(rand.NewPCG(6, 6)))
	w, err := FitWindow(context.Background(), b, cfg, x, lengths, targets, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := w.Result.Epochs[len(w.Result.Epochs)-1]
	if last.Terms[HeadBandwidth] != 0 || last.Terms[HeadCodeRate] != 0 {
		t.Errorf("heads of one class have losses %v and %v, want 0", last.Terms[HeadBandwidth], last.Terms[HeadCodeRate])
	}
	x, want, lengths := uplinks(cfg, 100, rand.New(rand.NewPCG(7, 7)))
	got, err := w.Predict(x, lengths)
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := got.Dims()
	wrong := map[string]int{}
	for _, name := range []string{HeadBandwidth, HeadSpreadingFactor, HeadCodeRate, HeadFrequency, FeatureSNR} {
		from, to, err := cfg.columnsOf(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			for j := from; j < to; j++ {
				if w := want.At(i, j); !math.IsNaN(w) && math.Abs(got.At(i, j)-w) > 0.25 {
					wrong[name]++
					break
				}
			}
		}
	}
	for name, n := range wrong {
		if n > rows/50 || strings.Contains(fmt.Sprint(HeadBandwidth, HeadCodeRate), name) {
			t.Errorf("%s: %d of %d packets wrong", name, n, rows)
		}
	}
}

// uplinks are flows of devices whose radio follows their only input.
func uplinks(cfg WindowConfig, devices int, r *rand.Rand) (x, targets *mat.Dense, lengths []int) {
	var rows, wants []float64
	for range devices {
		lengths = append(lengths, 1+r.IntN(10))
		before := 0.0
		for range lengths[len(lengths)-1] {
			sign := float64(r.IntN(2))
			snr := (1 + sign) / 3
			if r.IntN(2) == 0 {
				snr = math.NaN()
			}
			rows = append(rows, 2*sign-1)
			wants = append(wants, 1, 1-sign, sign, 1, 1-before, before, 1, 0.5, snr, 0.5, 0.25, 0)
			before = sign
		}
	}
	return mat.NewDense(len(rows), 1, rows), mat.NewDense(len(rows), cfg.Outputs(), wants), lengths
}
