package executor_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// A graph of one stage is run twice: the second time, what it has made is in the store.
func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	shout := stage.Stage{Name: "shout", Deps: []string{"data"}, Outs: []string{"loud.txt"}, Run: func(_ context.Context, env *stage.Env) error {
		in, err := env.Open("data")
		if err != nil {
			return err
		}
		defer in.Close()
		text, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		fmt.Println("shout runs")
		return env.Write("loud.txt", func(w io.Writer) error { _, err := io.WriteString(w, strings.ToUpper(string(text))); return err })
	}}
	for range 2 {
		if err := runOnce(dir, shout, "hello"); err != nil {
			fmt.Println(err)
			return
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "greeting", "latest", "loud.txt"))
	fmt.Println(string(text), err)
	// Output:
	// shout runs
	// HELLO <nil>
}

// runOnce runs a stage over a text.
func runOnce(dir string, s stage.Stage, data string) error {
	g, err := stage.NewGraph([]stage.Stage{s}, "data")
	if err != nil {
		return err
	}
	_, sum, err := store.Digest(strings.NewReader(data))
	if err != nil {
		return err
	}
	keys, err := g.Keys(stage.Facts{Seed: 1, Inputs: map[string]string{"data": sum}})
	if err != nil {
		return err
	}
	r, err := run.Start(dir, run.Spec{Experiment: "greeting", Keys: []string{keys[s.Name].Sum}}, run.Options{})
	if err != nil {
		return err
	}
	job := &executor.Job{Graph: g, Keys: keys, Store: store.Open(filepath.Join(dir, ".cache"), nil), Seed: 1,
		Inputs: map[string]func() (io.ReadCloser, error){"data": func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil }}}
	return r.Finish(executor.Run(context.Background(), job, r), nil)
}
