package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report/reporttest"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// execute runs every cell of the notebook in and writes it with its outputs to
// out, which may be in itself. env is added to the environment of the kernel. It
// stops at the first cell that fails, writes nothing, and returns that cell's
// message.
func execute(ctx context.Context, o Options, in, out string, env ...string) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if missing := Missing(ctx, o); len(missing) > 0 {
		return errors.Join(missing...)
	}
	python, err := pythonWith(ctx, o, "nbclient")
	if err != nil {
		return err
	}
	program := filepath.Join("testdata", "execute.py")
	for _, path := range []*string{&in, &out, &program} {
		if *path, err = filepath.Abs(*path); err != nil {
			return fmt.Errorf("kernel: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, python, program, in, out)
	cmd.Dir = filepath.Dir(in)
	cmd.Env = append(append(os.Environ(), "JUPYTER_DATA_DIR="+o.Data), env...)
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kernel: %s: %w: %s", in, err, bytes.TrimSpace(messages.Bytes()))
	}
	return nil
}

var update = flag.Bool("update", false, "store the notebooks with the outputs of the newest runs in the repository's folder of runs")

const notebooks = "../../notebooks"

// cell is what this test reads of a notebook (nbformat 4).
type cell struct {
	Type    string   `json:"cell_type"`
	Source  []string `json:"source"`
	Outputs []struct {
		Type string                     `json:"output_type"`
		Data map[string]json.RawMessage `json:"data"`
	} `json:"outputs"`
}

func read(t *testing.T, path string) []cell {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cells []cell }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file.Cells
}

// TestNotebooksRun executes every notebook on the Go kernel with a run made for
// the test. With -update it takes the newest real run instead and stores the
// outputs.
func TestNotebooksRun(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the cells of notebooks")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if missing := Missing(ctx, Options{}); len(missing) > 0 {
		t.Skip(errors.Join(missing...))
	}
	runs := testRuns(t)
	for _, path := range list(t) {
		out := filepath.Join(t.TempDir(), filepath.Base(path))
		if *update {
			out = path
		}
		if err := execute(ctx, Options{}, path, out, notebook.RunsVariable+"="+runs); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if *update {
			continue
		}
		before, after := pictures(read(t, path)), pictures(read(t, out))
		if after == 0 {
			t.Errorf("%s: no cell showed anything", path)
		}
		if before != 0 && before != after {
			t.Errorf("%s: %d figures and tables now, %d are stored", path, after, before)
		}
	}
}

// testRuns is a folder with a run for the notebooks.
func testRuns(t *testing.T) string {
	t.Helper()
	if *update {
		runs, err := notebook.Runs()
		if err != nil {
			t.Fatal(err)
		}
		if runs, err = filepath.Abs(runs); err != nil {
			t.Fatal(err)
		}
		return runs
	}
	runs := t.TempDir()
	if _, err := reporttest.Folder(runs, 200, fidelity.Config{Trees: 10, FloorSplits: 2}); err != nil {
		t.Fatal(err)
	}
	return runs
}

func list(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(notebooks, "*.ipynb"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no notebook in %s: %v", notebooks, err)
	}
	return paths
}

func pictures(cells []cell) int {
	n := 0
	for _, c := range cells {
		for _, o := range c.Outputs {
			if o.Type == "display_data" {
				n++
			}
		}
	}
	return n
}

// TestNotebookStyle holds notebooks to short cells without functions, and to
// outputs that name no folder of the machine they ran on.
func TestNotebookStyle(t *testing.T) {
	local := regexp.MustCompile(`/(home|root|Users|tmp|work)/`)
	for _, path := range list(t) {
		for i, c := range read(t, path) {
			text := strings.Join(c.Source, "")
			if c.Type == "code" {
				if len(c.Source) > 15 {
					t.Errorf("%s: cell %d has %d lines, want at most 15", path, i, len(c.Source))
				}
				if strings.Contains(text, "func ") {
					t.Errorf("%s: cell %d declares a function: it belongs into a package", path, i)
				}
			}
			for _, o := range c.Outputs {
				if o.Type == "error" {
					t.Errorf("%s: cell %d is stored with an error", path, i)
				}
				for kind, data := range o.Data {
					if found := local.Find(data); found != nil {
						t.Errorf("%s: cell %d, %s names the folder %s", path, i, kind, found)
					}
				}
			}
		}
	}
}
