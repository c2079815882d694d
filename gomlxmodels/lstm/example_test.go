package lstm_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	_ "github.com/gomlx/compute/gobackend"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// Flows of eight packets, each a number; the class of a packet is whether its number is
// larger than the one before.
func ExampleFitWindow() {
	const flows, packets = 60, 8
	r := rand.New(rand.NewPCG(1, 1))
	x, targets := mat.NewDense(flows*packets, 1, nil), mat.NewDense(flows*packets, 2, nil)
	lengths := make([]int, flows)
	for f := range lengths {
		lengths[f] = packets
		before := 0.0
		for i := range packets {
			v := 2*r.Float64() - 1
			x.Set(f*packets+i, 0, v)
			class := 0
			if v > before {
				class = 1
			}
			targets.Set(f*packets+i, class, 1)
			before = v
		}
	}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := lstm.DefaultWindowConfig()
	cfg.Cell, cfg.Units, cfg.Steps, cfg.Inputs = lstm.LSTM, 8, 2, 1
	cfg.Heads = []lstm.Head{{Name: "larger", Classes: 2}}
	cfg.Fit.Epochs, cfg.Fit.Batch, cfg.Fit.LearningRate = 30, 16, 0.03
	network, err := lstm.FitWindow(context.Background(), backend, cfg, x, lengths, targets, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := network.Predict(mat.NewDense(3, 1, []float64{0.5, -0.5, 0.1}), []int{3})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 3 {
		fmt.Println("larger than the one before:", p.At(i, 1) > 0.5)
	}
	// Output:
	// larger than the one before: true
	// larger than the one before: false
	// larger than the one before: true
}

// Two classes of sequences have the same numbers, which rise in one and fall in the
// other.
func ExampleCrossValidate() {
	var task lstm.ClassifierTask
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		numbers := []float64{r.Float64(), r.Float64(), r.Float64(), r.Float64()}
		slices.Sort(numbers)
		if i%2 == lstm.ClassFalse {
			slices.Reverse(numbers)
		}
		var sequence [][]float64
		for _, v := range numbers {
			sequence = append(sequence, []float64{v})
		}
		task.Sequences, task.Classes, task.Folds = append(task.Sequences, sequence), append(task.Classes, i%2), append(task.Folds, i/2%5)
	}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		fmt.Println(err)
		return
	}
	scores, err := lstm.CrossValidate(context.Background(), backend, []lstm.ClassifierTask{task}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	right := 0
	for i, s := range scores[0] {
		if (s > 0) == (task.Classes[i] == lstm.ClassTrue) {
			right++
		}
	}
	fmt.Println("right of 200, at least 180:", right >= 180)
	// Output: right of 200, at least 180: true
}
