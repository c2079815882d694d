package markov_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// Three flows of cluster labels: 0 opens, 5 asks, 6 answers, 9 closes.
func ExampleFit() {
	flows := [][]int{{0, 5, 6, 9}, {0, 5, 6, 5, 6, 9}, {0, 5, 6, 5, 6, 5, 6, 9}}
	chain, err := markov.Fit(2, flows)
	if err != nil {
		fmt.Println(err)
		return
	}
	src := rand.NewPCG(1, 2)
	fmt.Println(chain.AppendSampleLength(nil, src, 10))
	fmt.Println(chain.Labels())
	// Output:
	// [0 5 6 5 6 5 6 5 6 9]
	// [0 5 6 9]
}
