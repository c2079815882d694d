package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWriteSpec checks kernel.json, that a second call changes nothing, and that
// no other kernel is touched.
func TestWriteSpec(t *testing.T) {
	ctx := context.Background()
	var out bytes.Buffer
	o, err := Options{Bin: filepath.Join(t.TempDir(), "bin"), Data: t.TempDir(), Out: &out}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(o.Data, "kernels", Name, "kernel.json")
	for range 2 {
		if err := writeSpec(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s spec
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if s.Argv[0] != binary(o.Bin, "gonb") || s.Argv[2] != "{connection_file}" || s.Language != "go" {
		t.Errorf("%+v", s)
	}
	dirs := filepath.SplitList(s.Env["PATH"])
	if len(dirs) != 3 || dirs[0] != o.Bin || dirs[2] != "${PATH}" {
		t.Errorf("PATH is %s", s.Env["PATH"])
	}
	if _, err := os.Stat(binary(dirs[1], "go")); err != nil {
		t.Errorf("PATH has no go command: %v", err)
	}
	if list, _ := filepath.Glob(filepath.Join(o.Data, "kernels", "*")); len(list) != 1 {
		t.Errorf("more than one kernel was written: %v", list)
	}
	if strings.Count(out.String(), "wrote ") != 1 {
		t.Errorf("a second call wrote again: %s", out.String())
	}
}

// TestMissing: an empty machine lacks the kernel and JupyterLab, and both are named.
func TestMissing(t *testing.T) {
	o := Options{Bin: t.TempDir(), Data: t.TempDir(), Python: filepath.Join(t.TempDir(), "python")}
	missing := errors.Join(Missing(context.Background(), o)...)
	if missing == nil {
		t.Fatal("nothing is missing in empty folders")
	}
	for _, want := range []string{"go run ./experiments notebook", "JupyterLab", "pip install jupyterlab", "--venv"} {
		if !strings.Contains(missing.Error(), want) {
			t.Errorf("%q is not in: %v", want, missing)
		}
	}
	if err := Check(context.Background(), o, t.TempDir(), "in.ipynb"); err == nil {
		t.Error("running a notebook without a kernel: no error")
	}
}

func TestModuleRoot(t *testing.T) {
	root, err := moduleRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || !strings.Contains(string(data), "tool github.com/janpfeifer/gonb") {
		t.Errorf("%s: no tool line for gonb: %v", root, err)
	}
}

// TestFailingCell: the compiler's message comes back and nothing is stored.
func TestFailingCell(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go kernel")
	}
	ctx := context.Background()
	if missing := Missing(ctx, Options{}); len(missing) > 0 {
		t.Skip(errors.Join(missing...))
	}
	path := filepath.Join(t.TempDir(), "failing.ipynb")
	text := notebookOf(`{"cell_type":"code","execution_count":null,"id":"one","metadata":{},"outputs":[],"source":["%%\n","no such thing"]}`)
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Store(ctx, Options{}, t.TempDir(), path); err == nil || !strings.Contains(err.Error(), "cell 1 fails") || !strings.Contains(err.Error(), "expected ';'") {
		t.Errorf("a cell that does not compile: %v", err)
	}
	if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, text) {
		t.Errorf("something was stored: %s, %v", kept, err)
	}
}

// notebookOf is a notebook of the kernel with the given cells, as JSON.
func notebookOf(cells string) []byte {
	return []byte(`{"cells":[` + cells + `],"metadata":{"kernelspec":{"display_name":"Go (necstgen)","language":"go","name":"necstgen"}},"nbformat":4,"nbformat_minor":5}`)
}
