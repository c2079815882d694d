package notebook

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/figure"
	"github.com/necstgen/necstgen/experiments/report"
)

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
	if _, err := newest("quickstart"); err == nil || !strings.Contains(err.Error(), "go run ./experiments run quickstart") {
		t.Errorf("no run: %v", err)
	}
	t.Setenv(RunsVariable, "elsewhere")
	if dir, err := Runs(); err != nil || dir != "elsewhere" {
		t.Errorf("%s, %v, want elsewhere", dir, err)
	}
}

// TestOutsideANotebook: showing says that there is no notebook.
func TestOutsideANotebook(t *testing.T) {
	f, err := figure.CDF("Length", "bytes", figure.Linear, figure.Sample{Values: []float64{1}})
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"figure": showFigure(f), "table": ShowTable(report.Table{}), "text": ShowMarkdown("text"),
	} {
		if !errors.Is(err, errNoKernel) {
			t.Errorf("%s: %v, want %v", name, err, errNoKernel)
		}
	}
}
