package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// Whole flows are held out, about as many rows as asked for, and never all; by time
// it is the last rows.
func TestSplits(t *testing.T) {
	lengths := []int{3, 1, 40, 7, 2, 9, 5, 1, 1, 12}
	for _, fraction := range []float64{0, 0.2, 0.5, 0.99} {
		rows := FlowSplit(lengths, fraction, rand.NewPCG(1, 2))
		held, begin := 0, 0
		for f, length := range lengths {
			in := 0
			for r := begin; r < begin+length; r++ {
				if slices.Contains(rows, r) {
					in++
				}
			}
			if in != 0 && in != length {
				t.Errorf("fraction %v: flow %d is cut: %d of %d rows", fraction, f, in, length)
			}
			held += in
			begin += length
		}
		if held != len(rows) || held == begin || math.Abs(float64(held)-fraction*float64(begin)) > 21 {
			t.Errorf("fraction %v: %d of %d rows", fraction, held, begin)
		}
	}
	for _, test := range []struct {
		n        int
		fraction float64
		want     []int
	}{{10, 0.2, []int{8, 9}}, {10, 0, nil}, {3, 0.99, []int{1, 2}}, {1, 0.9, nil}} {
		if got := TimeSplit(test.n, test.fraction); !slices.Equal(got, test.want) {
			t.Errorf("the last %v of %d rows are %v, want %v", test.fraction, test.n, got, test.want)
		}
	}
}

// A checkpoint of another version is refused by that word, and parameters of NaN are
// not loaded.
func TestForeignFiles(t *testing.T) {
	b := devicetest.Go(t)
	cfg := DefaultConfig()
	cfg.Epochs, cfg.Checkpoint = 1, t.TempDir()
	problem := Problem{Loss: squares, TermNames: []string{"abs"}}
	if _, _, err := Run(context.Background(), b, cfg, lineParams(), line(50), problem, nil); err != nil {
		t.Fatal(err)
	}
	p, err := loadVariables(cfg.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	p.Get(identityName).MustMutableFlatData(func(flat any) { flat.([]int64)[0] = checkpointVersion + 1 })
	if err := Save(cfg.Checkpoint, p); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Run(context.Background(), b, cfg, lineParams(), line(50), problem, nil); err == nil || !strings.Contains(err.Error(), "version") || !strings.Contains(err.Error(), "remove the folder") {
		t.Errorf("a checkpoint of another version gives %v", err)
	}
	dir := t.TempDir()
	if err := Save(dir, Params{Names: []string{"good", "bad"}, Values: []*tensors.Tensor{tensors.FromScalar(1.0), tensors.FromValue([]float32{1, float32(math.Inf(1))})}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), `"bad"`) {
		t.Errorf("infinite parameters load with %v", err)
	}
}
