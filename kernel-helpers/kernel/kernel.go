// Package kernel installs the Go kernel (GoNB) for this module's notebooks and
// starts JupyterLab. [Install] puts the kernel where Jupyter finds it, [Missing]
// lists what notebooks lack, and [Lab] opens them; [Options] say where things are.
//
// The kernel is built from the tool line of the module's go.mod, so it is the
// version that the packages are compiled against. gopls and goimports, which it
// calls, are installed beside it at fixed versions, and kernel.json puts that
// folder in front of the PATH: nothing of the user's own Go tools changes.
package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// Name is the name of the kernel in notebooks.
const Name = "gonb"

// gonbPackage is built from go.mod's tool line.
const gonbPackage = "github.com/janpfeifer/gonb"

// The tools that GoNB calls: newer ones need a newer Go.
var tools = []struct{ name, pkg, module, version string }{
	{"gopls", "golang.org/x/tools/gopls", "golang.org/x/tools/gopls", "v0.23.0"},
	{"goimports", "golang.org/x/tools/cmd/goimports", "golang.org/x/tools", "v0.52.0"},
}

// Options say where things are. The zero value is the usual places.
type Options struct {
	Module string    // folder of go.mod; default the one in or above the working folder
	Bin    string    // folder for the kernel and its tools; default necstgen/kernel in the user's cache
	Data   string    // Jupyter's data folder; default JUPYTER_DATA_DIR, else Jupyter's own default
	Python string    // interpreter that has nbclient; default that of the jupyter command, else python3
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
	if o.Bin == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return o, fmt.Errorf("kernel: %w", err)
		}
		o.Bin = filepath.Join(cache, "necstgen", "kernel")
	}
	if o.Data == "" {
		if o.Data, err = dataDir(); err != nil {
			return o, err
		}
	}
	for _, dir := range []*string{&o.Module, &o.Bin, &o.Data} {
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

// spec is kernel.json (jupyter-client.readthedocs.io, "Making kernels for Jupyter").
type spec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
}

// Install builds what is not built yet and writes kernel.json. If there is a kernel
// of the same name that starts another program, it stays, and Install says so. The
// first time takes a minute or two.
func Install(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Bin, 0o777); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	fmt.Fprintf(o.Out, "building %s from %s\n", gonbPackage, filepath.Join(o.Module, "go.mod"))
	if err := goCommand(ctx, o, nil, "build", "-o", binary(o.Bin, "gonb"), gonbPackage); err != nil {
		return err
	}
	for _, tool := range tools {
		if installed(ctx, binary(o.Bin, tool.name), tool.module, tool.version) {
			continue
		}
		fmt.Fprintf(o.Out, "installing %s@%s\n", tool.pkg, tool.version)
		if err := goCommand(ctx, o, []string{"GOBIN=" + o.Bin}, "install", tool.pkg+"@"+tool.version); err != nil {
			return err
		}
	}
	return writeSpec(ctx, o)
}

// binary is the path of a program in a folder.
func binary(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name)
}

// goCommand runs the go command in the module.
func goCommand(ctx context.Context, o Options, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = o.Module, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kernel: go %s: %w: %s", strings.Join(args, " "), err, lastLine(out))
	}
	return nil
}

// lastLine is the last line of an output, where go says what is wrong.
func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// installed reports whether a program was built from that version of its module.
func installed(ctx context.Context, path, module, version string) bool {
	out, err := exec.CommandContext(ctx, "go", "version", "-m", path).Output()
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) >= 3 && f[0] == "mod" && f[1] == module {
			return f[2] == version
		}
	}
	return false
}

// writeSpec writes kernel.json, unless one is there that starts another program.
func writeSpec(ctx context.Context, o Options) error {
	dir := filepath.Join(o.Data, "kernels", Name)
	path := filepath.Join(dir, "kernel.json")
	if argv0, err := program(path); err == nil && argv0 != binary(o.Bin, "gonb") {
		fmt.Fprintf(o.Out, "%s is kept: it starts %s; remove the folder to have it replaced\n", path, argv0)
		return nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("kernel: go env GOROOT: %w", err)
	}
	list := string(filepath.ListSeparator)
	goBin := filepath.Join(strings.TrimSpace(string(out)), "bin")
	data, err := json.MarshalIndent(spec{
		Argv:        []string{binary(o.Bin, "gonb"), "--kernel", "{connection_file}"},
		DisplayName: "Go (gonb)", Language: "go", InterruptMode: "message",
		Env: map[string]string{"PATH": o.Bin + list + goBin + list + "${PATH}"}, // Jupyter fills in ${PATH}
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	if err := atomicfile.WriteFile(path, append(data, '\n')); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	fmt.Fprintf(o.Out, "wrote %s\n", path)
	return nil
}

// program is what a kernel.json starts.
func program(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var s spec
	if err := json.Unmarshal(data, &s); err != nil {
		return "", err
	}
	if len(s.Argv) == 0 {
		return "", fmt.Errorf("kernel: %s has no argv", path)
	}
	return s.Argv[0], nil
}

// Missing lists what notebooks need and is not there, each with how to get it. It
// is empty if all is there.
func Missing(ctx context.Context, o Options) []error {
	o, err := o.withDefaults()
	if err != nil {
		return []error{err}
	}
	var missing []error
	path := filepath.Join(o.Data, "kernels", Name, "kernel.json")
	argv0, err := program(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		missing = append(missing, fmt.Errorf("kernel: the Go kernel is not installed: go run ./experiments notebook installs it (%s is not there)", path))
	case err != nil:
		missing = append(missing, fmt.Errorf("kernel: %s: %w", path, err))
	default:
		if _, err := os.Stat(argv0); err != nil {
			missing = append(missing, fmt.Errorf("kernel: %s starts a program that is not there: %w", path, err))
		}
	}
	if _, err := pythonWith(ctx, o, "nbclient"); err != nil {
		missing = append(missing, err)
	}
	return missing
}
