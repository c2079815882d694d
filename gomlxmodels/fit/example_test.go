package fit_test

import (
	"context"
	"fmt"

	_ "github.com/gomlx/compute/gobackend"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// A line through 64 points of y = 2 x + 1.
func ExampleRun() {
	x, y := make([]float64, 64), make([]float64, 64)
	for i := range x {
		x[i] = float64(i)/32 - 1
		y[i] = 2*x[i] + 1
	}
	data := []*tensors.Tensor{tensors.FromValue(x), tensors.FromValue(y)}
	start := fit.Params{Names: []string{"slope", "offset"}, Values: []*tensors.Tensor{tensors.FromScalar(0.0), tensors.FromScalar(0.0)}}
	problem := fit.Problem{Loss: func(s fit.Step) (loss *graph.Node, terms []*graph.Node) {
		x, y, slope, offset := s.Inputs[0], s.Inputs[1], s.Params[0], s.Params[1]
		miss := graph.Sub(graph.Add(graph.Mul(slope, x), offset), y)
		return fit.Mean(graph.Square(miss), s.Mask), nil
	}}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := fit.DefaultConfig()
	cfg.Epochs, cfg.Batch, cfg.LearningRate = 60, 8, 0.05
	params, result, err := fit.Run(context.Background(), backend, cfg, start, data, problem, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("slope %.1f, offset %.1f after %d epochs\n", params.Get("slope").Value(), params.Get("offset").Value(), len(result.Epochs))
	// Output: slope 2.0, offset 1.0 after 60 epochs
}
