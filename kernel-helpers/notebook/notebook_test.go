package notebook

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/report/reporttest"
	"github.com/necstgen/necstgen/kernel-helpers/kernel"
)

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
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if missing := kernel.Missing(ctx, kernel.Options{}); len(missing) > 0 {
		t.Skip(errors.Join(missing...))
	}
	runs := testRuns(t)
	for _, path := range list(t) {
		out := filepath.Join(t.TempDir(), filepath.Base(path))
		if *update {
			out = path
		}
		if err := kernel.Execute(ctx, kernel.Options{}, path, out, RunsVariable+"="+runs); err != nil {
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
		runs, err := Runs()
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

func TestRuns(t *testing.T) {
	t.Setenv(RunsVariable, "")
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "notebooks", "deeper"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GONB_DIR", filepath.Join(root, "notebooks", "deeper"))
	if dir, err := Runs(); err == nil && strings.HasPrefix(dir, root) {
		t.Errorf("without a go.mod: %s", dir)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module x\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if dir, err := Runs(); err != nil || dir != filepath.Join(root, "runs") {
		t.Errorf("%s, %v, want %s", dir, err, filepath.Join(root, "runs"))
	}
	if _, err := LatestRun("quickstart"); err == nil || !strings.Contains(err.Error(), "go run ./experiments run quickstart") {
		t.Errorf("no run: %v", err)
	}
	t.Setenv(RunsVariable, "elsewhere")
	if dir, err := Runs(); err != nil || dir != "elsewhere" {
		t.Errorf("%s, %v, want elsewhere", dir, err)
	}
}

// TestOutsideANotebook: showing says that there is no notebook.
func TestOutsideANotebook(t *testing.T) {
	f, err := report.CDF("Length", "bytes", report.Linear, []float64{1}, []float64{2})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"figure": ShowFigure(f), "table": ShowTable(report.Table{}), "text": ShowMarkdown("text"),
	} {
		if !errors.Is(err, ErrNoKernel) {
			t.Errorf("%s: %v, want %v", name, err, ErrNoKernel)
		}
	}
}
