package forest_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/experiments/fidelity/forest"
)

// The classes differ in the second column, and a forest finds out.
func ExampleCrossValidate() {
	rng := rand.New(rand.NewPCG(1, 2))
	var x [][]float64
	var y []bool
	var groups []int
	for i := range 200 {
		class := i%2 == 0
		row := []float64{rng.Float64(), rng.Float64()}
		if class {
			row[1] += 2
		}
		x, y, groups = append(x, row), append(y, class), append(groups, i)
	}
	auc, err := forest.CrossValidate(20, 5, x, y, groups, rand.NewPCG(3, 4))
	fmt.Println(auc, err)
	// Output: 1 <nil>
}
