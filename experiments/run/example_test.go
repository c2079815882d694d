package run_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// A stage makes a file in the store, and the run takes it over.
func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	graph, err := stage.NewGraph([]stage.Stage{{Name: "greet", Outs: []string{"greeting.txt"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := graph.Keys(stage.Facts{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	key := keys["greet"]
	_, claim, err := store.Open(filepath.Join(dir, ".cache"), nil).Claim(context.Background(), "greet", key, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := os.WriteFile(filepath.Join(claim.Dir, "greeting.txt"), []byte("hello"), 0o666); err != nil {
		fmt.Println(err)
		return
	}
	entry, err := claim.Commit([]string{"greeting.txt"}, "one word", nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	r, err := run.Start(dir, run.Spec{Experiment: "demo", Config: config.Default(), Keys: []string{key.Sum}}, run.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := r.Finish(r.Enter(entry, false), nil); err != nil {
		fmt.Println(err)
		return
	}

	m, err := run.LatestRun(dir, "demo")
	if err != nil {
		fmt.Println(err)
		return
	}
	in, err := m.Open("greeting.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(in)
	fmt.Println(m.Experiment, m.Status, m.Stages[0].Name, string(text), err, run.Verify(m.Dir))
	// Output:
	// demo finished greet hello <nil> <nil>
}
