package kernel

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// pythonWith finds an interpreter that has a module.
func pythonWith(ctx context.Context, o Options, module string) (string, error) {
	candidates := []string{o.Python}
	if o.Python == "" {
		candidates = []string{jupyterPython(), "python3", "python"}
	}
	for _, python := range candidates {
		if python == "" {
			continue
		}
		if exec.CommandContext(ctx, python, "-c", "import "+module).Run() == nil {
			return python, nil
		}
	}
	return "", fmt.Errorf("kernel: no Python with %s was found: pip install jupyterlab", module)
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

// Lab starts JupyterLab in the folder of notebooks and waits until it ends or ctx
// does.
func Lab(ctx context.Context, o Options, folder string, args ...string) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	python, err := pythonWith(ctx, o, "jupyterlab")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, python, append([]string{"-m", "jupyterlab", "--notebook-dir=" + folder}, args...)...)
	cmd.Dir = o.Module
	cmd.Env = append(os.Environ(), "JUPYTER_DATA_DIR="+o.Data)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, o.Out, o.Out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("kernel: JupyterLab: %w", err)
	}
	return nil
}
