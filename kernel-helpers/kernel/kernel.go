// Package kernel installs the Go kernel (GoNB) for this module's notebooks, starts
// JupyterLab, and keeps what is stored in the notebooks true. [Install] puts the
// kernel where Jupyter finds it, [InstallJupyterLab] makes a Python environment with
// JupyterLab, [Missing] lists what notebooks lack, [Lab] opens them, [Store] writes
// their outputs by running them, and [Check] reports where stored outputs are not what
// a run gives; [Options] say where things are.
//
// The kernel has a name of its own, so that a Go kernel that somebody has already
// stays as it is. It is built from the tool line of the module's go.mod, so it is the
// version that the packages are compiled against. What it calls stands beside it:
// gopls and goimports at fixed versions, and a go command (cellgo) that ties cells to
// the checkout around their notebook. kernel.json puts that folder in front of the PATH:
// nothing of the user's own Go tools changes, and no checkout is named.
package kernel

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Name is the name of the kernel in notebooks, and displayName what Jupyter shows.
const (
	Name        = "necstgen"
	displayName = "Go (necstgen)"
)

// Options say where things are. The zero value is the usual places.
type Options struct {
	Module string    // folder of go.mod; default the one in or above the working folder
	Bin    string    // folder for the kernel and its tools; default necstgen/kernel in the user's cache
	Venv   string    // Python environment that InstallJupyterLab makes; default necstgen/venv in the user's cache
	Data   string    // Jupyter's data folder; default JUPYTER_DATA_DIR, else Jupyter's own default
	Python string    // interpreter that has JupyterLab; default that of the jupyter command, of Venv, or python3
	Out    io.Writer // what is done, one line a step; nil: nowhere
}

func (o Options) withDefaults() (Options, error) {
	var err error
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Module == "" {
		if o.Module, err = moduleRoot("."); err != nil {
			return o, err
		}
	}
	if o.Bin == "" || o.Venv == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return o, fmt.Errorf("kernel: %w", err)
		}
		if o.Bin == "" {
			o.Bin = filepath.Join(cache, "necstgen", "kernel")
		}
		if o.Venv == "" {
			o.Venv = filepath.Join(cache, "necstgen", "venv")
		}
	}
	if o.Data == "" {
		if o.Data, err = dataDir(); err != nil {
			return o, err
		}
	}
	for _, dir := range []*string{&o.Module, &o.Bin, &o.Venv, &o.Data} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return o, fmt.Errorf("kernel: %w", err)
		}
	}
	return o, nil
}

// moduleRoot is the folder of the go.mod in or above a folder.
func moduleRoot(start string) (string, error) {
	dir, err := filepath.Abs(start)
	if err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	for above := dir; ; above = filepath.Dir(above) {
		if _, err := os.Stat(filepath.Join(above, "go.mod")); err == nil {
			return above, nil
		}
		if above == filepath.Dir(above) {
			return "", fmt.Errorf("kernel: no go.mod in or above %s: run this inside a checkout of the module", dir)
		}
	}
}

// dataDir is where Jupyter looks for a user's kernels.
func dataDir() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Jupyter"), nil
	case "windows":
		return filepath.Join(os.Getenv("APPDATA"), "jupyter"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter"), nil
}

// binary is the path of a program in a folder.
func binary(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name)
}
