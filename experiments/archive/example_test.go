package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/archive"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
)

// A run goes from one folder of runs to another one.
func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	here := runner.Runner{File: "../../experiments.toml", Runs: filepath.Join(dir, "here")}
	m, _, err := here.Finish(ctx, "dns", []string{"generator=markov", "generate.flows=50", "evaluate.trees=5"}, runner.Repetition{}, run.Annotation{Name: "names"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	if err := archive.Export(ctx, &file, m); err != nil {
		fmt.Println(err)
		return
	}
	there, fresh, err := archive.Import(ctx, &file, "names.tar.zst", filepath.Join(dir, "there"), run.Annotation{Tags: []string{"imported"}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(there.Ref(), there.Tags, fresh, run.Verify(there.Dir))
	// Output: names [imported] true <nil>
}
