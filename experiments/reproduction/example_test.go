package reproduction_test

import (
	"fmt"
	"os"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/reproduction"
)

// A table of two scores: the best is marked, and columns without a value are left out.
func ExampleMarkdown() {
	number := func(v float64) *float64 { return &v }
	set := reproduction.Sets()[0]
	set.Numbers = nil
	result := &reproduction.Result{Set: set, Rows: []reproduction.Row{
		{Level: "packet", Score: "length KS", Kind: fidelity.Distance, Authors: number(0.26), Paper: number(0.05), Floor: number(0.01)},
		{Level: "order", Score: "close share", Kind: fidelity.Proportion, Authors: number(0.34), Paper: number(0.96), Floor: number(0.99)},
	}}
	if err := reproduction.Markdown(os.Stdout, []*reproduction.Result{result}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ## HTTP
	//
	// | score | authors' output | paper, here | real |
	// |---|---:|---:|---:|
	// | packet length KS | 0.260 | **0.050** | 0.010 |
	// | order close share | 0.340 | **0.960** | 0.990 |
	//
	// `go run ./experiments run necstgen-http-paper`, `go run ./experiments run necstgen-http`
}
