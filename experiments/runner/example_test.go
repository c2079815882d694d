package runner_test

import (
	"context"
	"fmt"
	"os"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
)

// DNS of the embedded capture is learnt by a Markov chain; the second time the run is
// there already.
func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	r := runner.Runner{File: "../../experiments.toml", Runs: dir}
	for range 2 {
		m, fresh, err := r.Finish(context.Background(), "dns", []string{"generator=markov", "generate.flows=50", "evaluate.trees=5"}, runner.Repetition{}, run.Annotation{Name: "names"})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Ref(), m.Status, fresh)
	}
	// Output:
	// names finished true
	// names finished false
}
