package lstm

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// rises are sequences in 4 folds, of 3 to 8 steps of a random number and one that rises
// in those of the true class and falls in the others. Both classes have the same numbers.
func rises(n int, src rand.Source) ClassifierTask {
	rng := rand.New(src)
	var t ClassifierTask
	for i := range n {
		numbers := make([]float64, 3+rng.IntN(6))
		for j := range numbers {
			numbers[j] = rng.NormFloat64()
		}
		slices.Sort(numbers)
		if i%2 == ClassFalse {
			slices.Reverse(numbers)
		}
		var sequence [][]float64
		for _, v := range numbers {
			sequence = append(sequence, []float64{v, rng.NormFloat64()})
		}
		t.Sequences, t.Classes, t.Folds = append(t.Sequences, sequence), append(t.Classes, i%2), append(t.Folds, i/2%4)
	}
	return t
}

// won is the part of the pairs of a true and a false sequence, of one fold, of which the
// true one has the greater score: the AUC.
func won(t ClassifierTask, scores []float64) float64 {
	var pairs, wins float64
	for i := range t.Classes {
		for j := range t.Classes {
			if t.Classes[i] == ClassTrue && t.Classes[j] == ClassFalse && t.Folds[i] == t.Folds[j] {
				pairs++
				if scores[i] > scores[j] {
					wins++
				} else if scores[i] == scores[j] {
					wins += 0.5
				}
			}
		}
	}
	return wins / pairs
}

// TestCrossValidate: what differs by the order of the steps alone is told apart, what
// does not differ is not, sequences that nothing is learnt from are scored, and the same
// arguments give the same scores.
func TestCrossValidate(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		real, none := rises(160, rand.NewPCG(1, 1)), rises(160, rand.NewPCG(2, 2))
		rng := rand.New(rand.NewPCG(3, 3))
		rng.Shuffle(len(none.Classes), func(i, j int) { none.Classes[i], none.Classes[j] = none.Classes[j], none.Classes[i] })
		asked := real
		for i := range 40 { // again, without a class
			asked.Sequences, asked.Classes, asked.Folds = append(asked.Sequences, real.Sequences[i]), append(asked.Classes, ClassNone), append(asked.Folds, real.Folds[i])
		}
		tasks := []ClassifierTask{asked, none}
		scores, err := CrossValidate(t.Context(), b, tasks, 5)
		if err != nil {
			t.Fatal(err)
		}
		if auc := won(real, scores[0]); auc < 0.97 {
			t.Errorf("rising from falling: AUC %.3f", auc)
		}
		if auc := won(none, scores[1]); math.Abs(auc-0.5) > 0.12 { // 3 standard errors of 160
			t.Errorf("random classes: AUC %.3f", auc)
		}
		for i := range 40 {
			if scores[0][160+i] != scores[0][i] {
				t.Fatalf("sequence %d: %v, without its class %v", i, scores[0][i], scores[0][160+i])
			}
		}
		again, err := CrossValidate(t.Context(), b, tasks, 5)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(scores, again, slices.Equal) {
			t.Error("the same arguments give other scores")
		}
	})
}

// An ended context ends the training.
func TestCrossValidateEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CrossValidate(ctx, devicetest.Go(t), []ClassifierTask{rises(40, rand.NewPCG(1, 1))}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

// What cannot be learnt is named.
func TestCrossValidateInput(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *ClassifierTask)
		want   string
	}{
		{"classes are missing", func(t *ClassifierTask) { t.Classes = t.Classes[1:] }, "16 sequences, 15 classes and 16 folds"},
		{"no step", func(t *ClassifierTask) { t.Sequences[3] = nil }, "sequence 3 has no step"},
		{"another width", func(t *ClassifierTask) { t.Sequences[3][1] = []float64{1} }, "sequence 3, step 1 has 1 columns: want 2"},
		{"not a number", func(t *ClassifierTask) { t.Sequences[3][1][0] = math.NaN() }, "sequence 3, step 1, column 0 is NaN"},
		{"infinite", func(t *ClassifierTask) { t.Sequences[3][1][0] = math.Inf(1) }, "column 0 is +Inf"},
		{"a third class", func(t *ClassifierTask) { t.Classes[2] = 2 }, "sequence 2 is of class 2: want 0, 1 or -1"},
		{"a fold below 0", func(t *ClassifierTask) { t.Folds[2] = -1 }, "sequence 2 is in fold -1"},
		{"one fold", func(t *ClassifierTask) { t.Folds = make([]int, 16) }, "1 folds: want at least 2"},
		{"one class", func(t *ClassifierTask) { t.Classes = make([]int, 16) }, "the network of fold 0 has 12 false and 0 true sequences"},
		{"other folds", func(t *ClassifierTask) { t.Folds[0] = 4 }, "5 folds: want 4, as task 0 has"},
		{"no sequence", func(t *ClassifierTask) { *t = ClassifierTask{} }, "0 folds"},
	} {
		t.Run(test.name, func(t *testing.T) {
			good, bad := rises(16, rand.NewPCG(1, 1)), rises(16, rand.NewPCG(1, 1))
			test.change(&bad)
			_, err := CrossValidate(t.Context(), devicetest.Go(t), []ClassifierTask{good, bad}, 1)
			if err == nil || !strings.Contains(err.Error(), "lstm: task 1: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want task 1 and %q", err, test.want)
			}
		})
	}
	if scores, err := CrossValidate(t.Context(), devicetest.Go(t), nil, 1); err != nil || len(scores) > 0 {
		t.Errorf("no task: %v, %v", scores, err)
	}
}

// Sequences are laid into rows without overlap, none cut, each once.
func TestPlaces(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	task := newScaledTask(rises(100, rng), 6)
	list := task.learnt(2, rng)
	const steps = 7
	places, rows := task.places(list, steps)
	taken := make([]bool, rows*steps)
	var seen []int
	for _, p := range places {
		seen = append(seen, p.sequence)
		length := len(task.steps[p.sequence])
		if length > 6 || p.from+length > steps || p.row >= rows {
			t.Fatalf("%d steps at %+v", length, p)
		}
		for s := range length {
			if at := p.row*steps + p.from + s; taken[at] {
				t.Fatalf("%+v overlaps another", p)
			} else {
				taken[at] = true
			}
		}
	}
	if len(list) != 76 || !slices.Equal(seen, list) {
		t.Errorf("%d of %d sequences are laid: %v, %v", len(seen), len(list), seen, list)
	}
}

// classifierGradients compiles the loss and its gradients on rows of 3 networks.
func classifierGradients(t *testing.T, b compute.Backend, unrolled bool, params fit.Params, data []*tensors.Tensor) [][]float32 {
	t.Helper()
	p := testClassifier(unrolled).problem()
	exec := graph.MustNewExec(b, func(in []*graph.Node) []*graph.Node {
		s := fit.Step{Params: in[:5], Inputs: in[5:], Mask: graph.Const(in[0].Graph(), []float32{1, 1, 0, 1})}
		if p.Gradient != nil {
			loss, _, gradients := p.Gradient(s)
			return append([]*graph.Node{loss}, gradients...)
		}
		loss, _ := p.Loss(s)
		return append([]*graph.Node{loss}, graph.Gradient(loss, s.Params...)...)
	})
	defer exec.Finalize()
	var args []any
	for _, v := range slices.Concat(params.Values, data) {
		args = append(args, v)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	var flat [][]float32
	for _, o := range out {
		flat = append(flat, tensors.MustCopyFlatData[float32](o))
	}
	return flat
}

func testClassifier(unrolled bool) classifierNetwork {
	return classifierNetwork{networks: 3, steps: 6, columns: 2, units: 4, unrolled: unrolled}
}

// The gradients that are written by hand, for networks side by side, are those that
// GoMLX finds of the unrolled networks; and what one network learns from changes no
// other's.
func TestClassifierGradient(t *testing.T) {
	b := devicetest.XLA(t)
	n := testClassifier(false)
	params := n.initialize(rand.NewPCG(1, 1))
	rows := func(seed uint64) *classifierRows {
		r := newClassifierRows(n, 4)
		for k := range n.networks {
			task := newScaledTask(rises(40, rand.NewPCG(seed*uint64(k), 2)), 6) // network 0 has the same for all seeds
			places, _ := task.places([]int{0, 1, 2, 3}, n.steps)
			for _, p := range places {
				if p.row < 4 {
					r.set(k, task, p)
				}
			}
		}
		return r
	}
	got, want := classifierGradients(t, b, false, params, rows(1).tensors()), classifierGradients(t, b, true, params, rows(1).tensors())
	for i := range want {
		for j := range want[i] {
			if d := math.Abs(float64(got[i][j] - want[i][j])); d > 2e-6 {
				t.Fatalf("output %d[%d]: by hand %g, by GoMLX %g", i, j, got[i][j], want[i][j])
			}
		}
	}
	other := classifierGradients(t, b, false, params, rows(2).tensors())
	for i := 1; i < len(got); i++ {
		own := len(got[i]) / n.networks
		if !slices.Equal(got[i][:own], other[i][:own]) {
			t.Errorf("gradient of %s: that of network 0 changes with the rows of others", params.Names[i-1])
		}
		if slices.Equal(got[i][own:], other[i][own:]) {
			t.Errorf("gradient of %s: that of networks 1 and 2 does not change with their rows", params.Names[i-1])
		}
	}
}
