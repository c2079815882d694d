package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// The embedded capture is learnt by a Markov chain, and another chain is learnt of what
// has been read already.
func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	results := store.Open(filepath.Join(dir, ".cache"), nil)
	for _, order := range []string{"markov.order=2", "markov.order=3"} {
		e, err := config.Default().Override("generator=markov", "data.application=DNS", "generate.flows=50", "evaluate.trees=5", order)
		if err != nil {
			fmt.Println(err)
			return
		}
		p, err := pipeline.Prepare(context.Background(), "dns", []string{order}, e, pipeline.Options{Store: results})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer p.Close()
		fmt.Println(order)
		for _, step := range executor.Plan(p.Job) {
			if step.Cached {
				fmt.Println(" ", step.Stage, "is stored")
			} else {
				fmt.Println(" ", step.Stage, "runs:", step.Why)
			}
		}
		if _, err := p.Run(context.Background(), dir, run.Options{}); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// markov.order=2
	//   read runs: it was never made
	//   markov runs: it was never made
	//   hosts runs: it was never made
	//   words runs: it was never made
	//   dynamics runs: it was never made
	//   generate runs: it was never made
	//   evaluate runs: it was never made
	// markov.order=3
	//   read is stored
	//   markov runs: params.order: 2 -> 3
	//   hosts is stored
	//   words is stored
	//   dynamics is stored
	//   generate runs: markov runs
	//   evaluate runs: params.markov_order: 2 -> 3, and 1 more
}
