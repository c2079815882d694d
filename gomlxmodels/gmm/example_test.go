package gmm_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/gmm"
)

// Two clouds of 100 points, around (0, 0) and (10, 5).
func ExampleFit() {
	r := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(200, 2, nil)
	for i := range 200 {
		c := float64(i % 2)
		x.SetRow(i, []float64{10*c + r.NormFloat64(), 5*c + r.NormFloat64()})
	}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := gmm.DefaultConfig()
	cfg.MaxComponents = 4 // choose between 1 and 4 by BIC
	model, err := gmm.Fit(context.Background(), backend, x, cfg, rand.NewPCG(2, 2))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Components(), "components")
	same := model.Label([]float64{9, 6}) == model.Label([]float64{11, 4})
	fmt.Println("(9, 6) with (11, 4):", same)
	// Output:
	// 2 components
	// (9, 6) with (11, 4): true
}
