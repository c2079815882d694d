package run_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	spec := run.Spec{Experiment: "demo", Config: config.Default()}
	r, err := run.Start(dir, spec, run.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = r.Stage("greet", []string{"config.seed"}, func() error {
		if err := r.Record("words", 0, 1); err != nil {
			return err
		}
		return r.WriteFile("greeting.txt", func(w io.Writer) error {
			_, err := io.WriteString(w, "hello")
			return err
		})
	})
	if err := r.Finish(err); err != nil {
		fmt.Println(err)
		return
	}

	m, err := run.LatestRun(dir, "demo")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(m.Path("greeting.txt"))
	fmt.Println(filepath.Base(filepath.Dir(m.Dir)), m.Status, m.Stages[0].Name, string(text), err)
	fmt.Println(run.Verify(m.FS()))
	// Output:
	// demo finished greet hello <nil>
	// <nil>
}
