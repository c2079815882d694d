package sweep_test

import (
	"context"
	"fmt"
	"os"

	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// Two chains of different order with two seeds each: four runs.
func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	r := &runner.Runner{File: "../../experiments.toml", Runs: dir}
	s, err := sweep.New(r, "dns", []string{"generator=markov", "generate.flows=50", "evaluate.trees=5", "markov.order=2,3"}, sweep.Options{Seeds: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	p, err := s.Plan(context.Background())
	if err == nil {
		fmt.Printf("%d points need %d stages, %d of them different\n", p.Points, p.Total.Points, p.Total.Different)
		err = s.Save()
	}
	if err == nil {
		err = s.Run(context.Background(), sweep.RunOptions{Jobs: 2}, func(sweep.Event) {})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	states, err := s.Status()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, state := range states {
		fmt.Println(state.Point, state.Status)
	}
	// Output:
	// 4 points need 28 stages, 20 of them different
	// point 1 (markov.order=2 seed=1) finished
	// point 2 (markov.order=2 seed=2) finished
	// point 3 (markov.order=3 seed=1) finished
	// point 4 (markov.order=3 seed=2) finished
}
