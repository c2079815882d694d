package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestWriteSpec checks kernel.json, that a second call changes nothing, and that
// somebody else's kernel is kept.
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
	other := bytes.Replace(data, []byte(filepath.ToSlash(s.Argv[0])), []byte("/opt/gonb"), 1)
	if runtime.GOOS != "windows" {
		if err := os.WriteFile(path, other, 0o666); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if err := writeSpec(ctx, o); err != nil {
			t.Fatal(err)
		}
		if kept, _ := os.ReadFile(path); !bytes.Equal(kept, other) || !strings.Contains(out.String(), "is kept") {
			t.Errorf("somebody else's kernel was replaced: %s", out.String())
		}
	}
}

// TestMissing: an empty machine lacks the kernel and nbclient, and both are named.
func TestMissing(t *testing.T) {
	o := Options{Bin: t.TempDir(), Data: t.TempDir(), Python: filepath.Join(t.TempDir(), "python")}
	missing := errors.Join(Missing(context.Background(), o)...)
	if missing == nil {
		t.Fatal("nothing is missing in empty folders")
	}
	for _, want := range []string{"go run ./experiments notebook", "nbclient", "pip install jupyterlab"} {
		if !strings.Contains(missing.Error(), want) {
			t.Errorf("%q is not in: %v", want, missing)
		}
	}
	if err := execute(context.Background(), o, "in.ipynb", "out.ipynb"); err == nil {
		t.Error("executing without a kernel: no error")
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

// TestFailingCell: the message of the cell comes back and nothing is written.
func TestFailingCell(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go kernel")
	}
	ctx := context.Background()
	if missing := Missing(ctx, Options{}); len(missing) > 0 {
		t.Skip(errors.Join(missing...))
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.ipynb"), filepath.Join(dir, "out.ipynb")
	text := `{"cells":[{"cell_type":"code","execution_count":null,"id":"one","metadata":{},"outputs":[],"source":["%%\n","no such thing"]}],
		"metadata":{"kernelspec":{"display_name":"Go (gonb)","language":"go","name":"gonb"}},"nbformat":4,"nbformat_minor":5}`
	if err := os.WriteFile(in, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := execute(ctx, Options{}, in, out); err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("a cell that does not compile: %v", err)
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}
