package classifier_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/experiments/fidelity/classifier"
)

// The classes differ in the second column, and both learners find out.
func ExampleCrossValidate() {
	rng := rand.New(rand.NewPCG(1, 2))
	var x [][]float64
	var y []bool
	var groups []int
	for i := range 400 {
		class := i%2 == 0
		row := []float64{rng.Float64(), rng.Float64()}
		if class {
			row[1] += 2
		}
		x, y, groups = append(x, row), append(y, class), append(groups, i)
	}
	for _, learner := range []classifier.Learner{classifier.Forest{Trees: 20}, classifier.Boosting{Rounds: 20}} {
		r, err := classifier.CrossValidate(learner, 5, x, y, groups, rand.NewPCG(3, 4))
		fmt.Printf("%T: AUC %.2f, the second column gained most: %v, %v\n", learner, r.AUC, r.Importance[1] > 0.9, err)
	}
	// Output:
	// classifier.Forest: AUC 1.00, the second column gained most: true, <nil>
	// classifier.Boosting: AUC 1.00, the second column gained most: true, <nil>
}
