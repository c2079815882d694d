package experiment

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/kernel-helpers/kernel"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// longCell trains for some seconds, in 60 epochs.
const longCell = `import "github.com/necstgen/necstgen/kernel-helpers/experiment"

%%
experiment.Run("dns", "vae.epochs=1", "lstm.epochs=60", "lstm.batch=1", "lstm.patience=0", "lstm.units=16", "generate.flows=50", "evaluate.trees=5")
`

// shown is what a cell has shown.
type shown struct {
	Status string
	Texts  []string
}

// twice runs a cell two times in the notebooks' kernel, as testdata/twice.py does. It skips
// the test where there is no kernel.
func twice(t *testing.T, folder, mark, code string, edit ...string) (first, second shown) {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped in short mode: compiles a cell")
	}
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	if out, err := exec.Command(python, "-c", "import jupyter_client").CombinedOutput(); err != nil {
		t.Skipf("%s has no jupyter_client: PYTHON may name one that has: %s", python, out)
	}
	if out, err := exec.Command(python, "-c", "import sys; from jupyter_client.kernelspec import KernelSpecManager; KernelSpecManager().get_kernel_spec(sys.argv[1])", kernel.Name).CombinedOutput(); err != nil {
		t.Skipf("kernel %s: go run ./experiments notebook --install: %s", kernel.Name, out)
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{filepath.Join("testdata", "twice.py"), kernel.Name, folder, mark, code}, edit...)...)
	var messages bytes.Buffer
	cmd.Stderr, cmd.Env = &messages, append(os.Environ(), notebook.RunsVariable+"="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, messages.Bytes())
	}
	var cells [2]shown
	if err := json.Unmarshal(out, &cells); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return cells[0], cells[1]
}

// A cell that is interrupted while it trains says so in one line and fails; run again, it
// takes what is stored, goes on in the middle of the training, and finishes.
func TestInterruptedCell(t *testing.T) {
	folder, err := filepath.Abs("../../notebooks")
	if err != nil {
		t.Fatal(err)
	}
	first, second := twice(t, folder, `lstm .* ([2-9]|\d\d) of 60 epochs`, longCell)
	all := strings.Join(first.Texts, "\n")
	if first.Status != "error" || !strings.Contains(all, "Interrupted\n  run this cell again to go on from here\n") || !strings.Contains(all, "exit status 3") {
		t.Errorf("the interrupted cell: %s\n%s", first.Status, all)
	}
	all = strings.Join(second.Texts, "\n")
	if second.Status != "ok" || !strings.Contains(all, "lstm: goes on from where it was interrupted") || !strings.Contains(all, "has finished\n") {
		t.Errorf("the cell that went on: %s\n%s", second.Status, all)
	}
	if !strings.Contains(all, "vae             reused") {
		t.Errorf("vae was made again:\n%s", all)
	}
}

// A package of the checkout that is edited between two runs of a cell is seen by the second.
func TestEditedPackage(t *testing.T) {
	checkout := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "datasets"} {
		if out, err := exec.Command("cp", "-r", filepath.Join("..", "..", part), checkout).CombinedOutput(); err != nil {
			t.Skipf("cp: %v: %s", err, out)
		}
	}
	folder := filepath.Join(checkout, "notebooks")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	cell := "import \"github.com/necstgen/necstgen/datasets/frame\"\n\n%%\nfmt.Println(frame.Read(\"no.txt\"))\n"
	first, second := twice(t, folder, "", cell, filepath.Join(checkout, "datasets", "table", "format.go"), "unknown ending %q", "strange ending %q")
	if all := strings.Join(first.Texts, "\n"); first.Status != "ok" || !strings.Contains(all, `unknown ending ".txt"`) {
		t.Errorf("before the edit: %s\n%s", first.Status, all)
	}
	if all := strings.Join(second.Texts, "\n"); second.Status != "ok" || !strings.Contains(all, `strange ending ".txt"`) {
		t.Errorf("after the edit: %s\n%s", second.Status, all)
	}
}
