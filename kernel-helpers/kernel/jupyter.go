package kernel

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// packages are the Python packages of InstallJupyterLab: the versions that the
// notebooks were last run with.
var packages = []string{"jupyterlab==4.6.6", "nbclient==0.11.0", "nbconvert==7.17.2"}

// errNoJupyter says how to get JupyterLab.
var errNoJupyter = errors.New("kernel: no Python with JupyterLab was found: pip install jupyterlab, or go run ./experiments notebook --venv, which puts it into an environment of its own")

// InstallJupyterLab makes a Python environment in Options.Venv and installs JupyterLab
// there with pip, unless it is there. It needs a python3 with the module venv, and takes
// half a minute, most of it downloads.
func InstallJupyterLab(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	python := venvPython(o)
	if hasJupyterLab(ctx, python) {
		return nil
	}
	if err := step(o, "making a Python environment in "+o.Venv, program(ctx, o, nil, "python3", "-m", "venv", o.Venv)); err != nil {
		return err
	}
	args := append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, packages...)
	return step(o, "installing "+packages[0]+" with pip", program(ctx, o, nil, python, args...))
}

// venvPython is the interpreter of the environment that InstallJupyterLab makes.
func venvPython(o Options) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(o.Venv, "Scripts", "python.exe")
	}
	return filepath.Join(o.Venv, "bin", "python")
}

// findPython finds an interpreter that has JupyterLab.
func findPython(ctx context.Context, o Options) (string, error) {
	candidates := []string{o.Python}
	if o.Python == "" {
		candidates = []string{jupyterPython(), venvPython(o), "python3", "python"}
	}
	for _, python := range candidates {
		if python != "" && hasJupyterLab(ctx, python) {
			return python, nil
		}
	}
	return "", errNoJupyter
}

// hasJupyterLab reports whether an interpreter finds JupyterLab and nbclient, which
// comes with it. It does not import them, which takes a second.
func hasJupyterLab(ctx context.Context, python string) bool {
	const program = "import sys; from importlib.util import find_spec as f; sys.exit(not (f('jupyterlab') and f('nbclient')))"
	return exec.CommandContext(ctx, python, "-c", program).Run() == nil
}

// jupyterPython is the interpreter in the first line of the jupyter command.
func jupyterPython() string {
	path, err := exec.LookPath("jupyter")
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	if lines.Scan() {
		if python, ok := strings.CutPrefix(lines.Text(), "#!"); ok {
			return strings.TrimSpace(python)
		}
	}
	return ""
}
