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

// longCell trains for a while, and less so if it goes on.
const longCell = `import "github.com/necstgen/necstgen/kernel-helpers/experiment"

%%
experiment.Run("dns", "data.limit=20000", "vae.epochs=1", "lstm.epochs=40", "lstm.patience=0", "lstm.units=16", "generate.flows=50", "evaluate.trees=5")
`

// shown is what a cell has shown.
type shown struct {
	Status string
	Texts  []string
}

// A cell that is interrupted while it trains says so in one line and fails; run again, it
// takes what is stored, goes on in the middle of the training, and finishes.
func TestInterruptedCell(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: compiles a cell and trains")
	}
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	if out, err := exec.Command(python, "-c", "import jupyter_client").CombinedOutput(); err != nil {
		t.Skipf("%s has no jupyter_client: PYTHON may name one that has: %s", python, out)
	}
	notebooks, err := filepath.Abs("../../notebooks")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python, "-c", "import sys; from jupyter_client.kernelspec import KernelSpecManager; KernelSpecManager().get_kernel_spec(sys.argv[1])", kernel.Name).CombinedOutput(); err != nil {
		t.Skipf("kernel %s: go run ./experiments notebook --install: %s", kernel.Name, out)
	}
	cmd := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "interrupt.py"), kernel.Name, notebooks, `lstm .* ([3-9]|\d\d) of 40 epochs`, longCell)
	var messages bytes.Buffer
	cmd.Stderr, cmd.Env = &messages, append(os.Environ(), notebook.RunsVariable+"="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, messages.Bytes())
	}
	var cells []shown
	if err := json.Unmarshal(out, &cells); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first, second := cells[0], cells[1]
	all := strings.Join(first.Texts, "\n")
	if first.Status != "error" || !strings.Contains(all, "Interrupted\n  run this cell again to go on from here\n") || !strings.Contains(all, "exit status 3") {
		t.Errorf("the interrupted cell: %s\n%s", first.Status, all)
	}
	all = strings.Join(second.Texts, "\n")
	if second.Status != "ok" || !strings.Contains(all, "lstm: goes on from where it was interrupted") || !strings.Contains(all, "has finished\n") {
		t.Errorf("the cell that went on: %s\n%s", second.Status, all)
	}
	for line := range strings.Lines(all) {
		if strings.HasPrefix(line, "vae ") && !strings.Contains(line, "reused") && strings.TrimSpace(line) != "vae" {
			t.Errorf("vae was made again: %s", line)
		}
	}
}
