package vae_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	_ "github.com/gomlx/compute/gobackend"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// 200 rows of six features, encoded in two numbers each and decoded again.
func ExampleFit() {
	r := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(200, 6, nil)
	for i := range 200 {
		a, b := r.Float64(), r.Float64()
		x.SetRow(i, []float64{a, b, a * b, 1 - a, (a + b) / 2, b * b})
	}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := vae.DefaultConfig()
	cfg.Train.Epochs, cfg.Train.LearningRate = 20, 5e-3
	model, err := vae.Fit(context.Background(), backend, cfg, x, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mean, _, err := model.Encode(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := model.Decode(mean)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, latent := mean.Dims()
	_, features := again.Dims()
	epochs := model.Result.Epochs
	fmt.Println(latent, "numbers a row, then", features, "features again")
	fmt.Println("the loss fell:", epochs[len(epochs)-1].Loss < epochs[0].Loss)
	// Output:
	// 2 numbers a row, then 6 features again
	// the loss fell: true
}
