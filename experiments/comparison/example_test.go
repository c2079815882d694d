package comparison_test

import (
	"fmt"
	"os"

	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/run"
)

// Two runs that were interrupted have no scores, but settings.
func Example() {
	first := &run.Manifest{Experiment: "http", ID: "3f0c5d1e9a77", Status: run.Interrupted, Dir: "runs/http/3f0c5d1e9a77"}
	second := &run.Manifest{Experiment: "http", ID: "b81e02c4d650", Status: run.Interrupted, Dir: "runs/http/b81e02c4d650"}
	second.Config.Seed = 2
	c, err := comparison.Compare([]*run.Manifest{first, second})
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Missing = nil
	if err := c.Markdown(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # Runs side by side
	//
	// | run | folder | status | took | note |
	// |---|---|---|---:|---|
	// | http/3f0c5d1e9a77 | runs/http/3f0c5d1e9a77 | interrupted | – |  |
	// | http/b81e02c4d650 | runs/http/b81e02c4d650 | interrupted | – |  |
	//
	// ## Settings that differ
	//
	// | key | http/3f0c5d1e9a77 | http/b81e02c4d650 |
	// |---|---|---|
	// | seed | 0 | 2 |
}
