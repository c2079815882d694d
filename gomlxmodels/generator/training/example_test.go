package training_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/training"
)

func Example() {
	flows := gentest.Flows(12, rand.NewPCG(1, 1))
	set, err := training.Of(flows, generator.TrafficOf(flows), false)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(set.Flows), set.Pace == nil, set.Doubts)
	// Output: 12 true [generator: only 12 flows to learn from: what is generated will be close to them, and scores say little below 20]
}
