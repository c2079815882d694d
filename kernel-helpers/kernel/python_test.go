package kernel

import (
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

// TestNormalise holds the hook of JupyterLab to what it leaves out, which is nothing of a
// notebook of another kernel, and to doing nothing more the second time.
func TestNormalise(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	_, pythonPath, err := writePython(Options{Bin: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	notebook := func(kernel, version, timing, first, second string) string {
		return `{"type": "notebook", "content": {"nbformat": 4, "metadata": {"kernelspec": {"name": "` + kernel + `"}, "language_info": {"name": "go"` + version + `}},
			"cells": [{"cell_type": "markdown", "metadata": {}}, {"cell_type": "code", "metadata": {` + timing + `}, "execution_count": ` + first + `, "outputs": [{"execution_count": ` + first + `}]},
			{"cell_type": "code", "metadata": {}, "execution_count": null, "outputs": [{"output_type": "stream"}]}, {"cell_type": "code", "metadata": {}, "execution_count": ` + second + `, "outputs": []}]}}`
	}
	saved := notebook(Name, `, "version": "go1.26.8"`, `"execution": {"iopub.status.busy": "now"}`, "17", "3")
	normal := notebook(Name, "", "", "1", "3")
	other := notebook("gonb", `, "version": "go1.26.8"`, `"execution": {"iopub.status.busy": "now"}`, "17", "3")
	for _, tt := range []struct{ name, in, want string }{
		{"saved", saved, normal},
		{"again", normal, normal},
		{"another kernel", other, other},
		{"a file", `{"type": "file", "content": "text"}`, `{"type": "file", "content": "text"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(python, "-c", "import json, sys; from necstgen_notebook import before_save; m = json.load(sys.stdin); before_save(m, path='', contents_manager=None); json.dump(m, sys.stdout)")
			cmd.Env = append(os.Environ(), pythonPath)
			cmd.Stdin = strings.NewReader(tt.in)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, want %s", out, tt.want)
			}
		})
	}
}
