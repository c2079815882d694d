package classifier

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestTransfer: what is learnt from rows holds for others of the same kind, turns round
// where the classes do, and says nothing of rows of no kind.
func TestTransfer(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	draw := func(n int, shift float64) (x [][]float64, y []bool) {
		for i := range n {
			yes := i%2 == 0
			v := rng.NormFloat64()
			if yes {
				v += shift
			}
			x, y = append(x, []float64{v, rng.NormFloat64()}), append(y, yes)
		}
		return x, y
	}
	x, y := draw(400, 2)
	for _, l := range []Learner{Forest{Trees: 40}, Boosting{Rounds: 20}} {
		for _, test := range []struct {
			shift       float64
			swapped     bool // the classes are called the other way round
			least, most float64
		}{{2, false, 0.85, 0.97}, {2, true, 0.03, 0.15}, {0, false, 0.4, 0.6}} {
			testX, testY := draw(500, test.shift)
			for i := range testY {
				testY[i] = testY[i] != test.swapped
			}
			found, err := Transfer(l, x, y, testX, testY, rand.NewPCG(2, 2))
			if err != nil {
				t.Fatal(err)
			}
			if found.AUC < test.least || found.AUC > test.most || found.Importance[0] < found.Importance[1] {
				t.Errorf("%T, classes %g apart: AUC %.3f by %v", l, test.shift, found.AUC, found.Importance)
			}
			if i := found.Interval(rand.NewPCG(3, 3)); i[0] > found.AUC || i[1] < found.AUC || i[1]-i[0] > 0.12 {
				t.Errorf("%T: AUC %.3f in %v", l, found.AUC, i)
			}
		}
	}
	for name, test := range map[string]struct {
		l     Learner
		x     [][]float64
		y     []bool
		testX [][]float64
		testY []bool
	}{
		"one class only":           {Forest{Trees: 1}, x, y, x[:1], y[:1]},
		"2 columns to learn from":  {Forest{Trees: 1}, x, y, [][]float64{{1}, {2}}, []bool{true, false}},
		"want at least 1":          {Forest{}, x, y, x, y},
		"0 rows and 0 classes":     {Forest{Trees: 1}, nil, nil, x, y},
		"400 rows and 399 classes": {Forest{Trees: 1}, x, y, x, y[1:]},
	} {
		if _, err := Transfer(test.l, test.x, test.y, test.testX, test.testY, rand.NewPCG(1, 1)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}
