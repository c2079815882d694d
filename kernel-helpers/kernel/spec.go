package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// spec is kernel.json (jupyter-client.readthedocs.io, "Making kernels for Jupyter").
type spec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
}

// specPath is where kernel.json of the notebooks' kernel stands.
func specPath(o Options) string { return filepath.Join(o.Data, "kernels", Name, "kernel.json") }

// writeSpec writes kernel.json.
func writeSpec(ctx context.Context, o Options) error {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("kernel: go env GOROOT: %w", err)
	}
	goBin := filepath.Join(strings.TrimSpace(string(out)), "bin")
	list := string(filepath.ListSeparator)
	data, err := json.MarshalIndent(spec{
		Argv:        []string{binary(o.Bin, "gonb"), "--kernel", "{connection_file}"},
		DisplayName: displayName, Language: "go", InterruptMode: "message",
		Env: map[string]string{"PATH": o.Bin + list + goBin + list + "${PATH}"}, // Jupyter fills in ${PATH}
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	data = append(data, '\n')
	path := specPath(o)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	if err := atomicfile.WriteFile(path, data); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	fmt.Fprintf(o.Out, "wrote %s: the kernel is called %q\n", path, displayName)
	return nil
}

// Missing lists what notebooks need and is not there, each with how to get it. It
// is empty if all is there.
func Missing(ctx context.Context, o Options) []error {
	o, err := o.withDefaults()
	if err != nil {
		return []error{err}
	}
	var missing []error
	if err := missingKernel(o); err != nil {
		missing = append(missing, err)
	}
	if _, err := findPython(ctx, o); err != nil {
		missing = append(missing, err)
	}
	return missing
}

// missingKernel is an error if kernel.json, or a program that it needs, is not there.
func missingKernel(o Options) error {
	const mend = "go run ./experiments notebook --install installs it"
	data, err := os.ReadFile(specPath(o))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("kernel: the notebooks' Go kernel is not installed: %s (%s is not there)", mend, specPath(o))
	}
	var s spec
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return fmt.Errorf("kernel: %s: %w: %s again", specPath(o), err, mend)
	}
	if len(s.Argv) == 0 {
		return fmt.Errorf("kernel: %s starts no program: %s again", specPath(o), mend)
	}
	bin := filepath.Dir(s.Argv[0])
	for _, name := range []string{"gonb", "go", "goimports", "gopls"} {
		if _, err := os.Stat(binary(bin, name)); err != nil {
			return fmt.Errorf("kernel: a program of the notebooks' Go kernel is not there: %s again (%w)", mend, err)
		}
	}
	return nil
}
