package kernel

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// built are the programs of the kernel that are built from the module's go.mod.
var built = []struct{ name, pkg string }{
	{"gonb", "github.com/janpfeifer/gonb"},
	{"go", "./kernel-helpers/kernel/cellgo"},
}

// tools are programs that GoNB calls: newer ones need a newer Go.
var tools = []struct{ name, pkg, module, version string }{
	{"goimports", "golang.org/x/tools/cmd/goimports", "golang.org/x/tools", "v0.52.0"},
	{"gopls", "golang.org/x/tools/gopls", "golang.org/x/tools/gopls", "v0.23.0"},
}

// Install builds what is not built yet, compiles the packages that cells import, so
// that a first cell need not, and writes kernel.json. It says each step and how long it
// took. Without a build cache it takes two minutes on two cores, and most of that is
// compiling XLA's bindings and gopls; later times take seconds.
func Install(ctx context.Context, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Bin, 0o777); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	for _, b := range built {
		if err := step(o, "building "+b.pkg, goCommand(ctx, o, nil, "build", "-o", binary(o.Bin, b.name), b.pkg)); err != nil {
			return err
		}
	}
	for _, tool := range tools {
		if installed(ctx, binary(o.Bin, tool.name), tool.module, tool.version) {
			continue
		}
		target := tool.pkg + "@" + tool.version
		if err := step(o, "building "+target, goCommand(ctx, o, []string{"GOBIN=" + o.Bin}, "install", target)); err != nil {
			return err
		}
	}
	if err := step(o, "compiling the packages that cells import", goCommand(ctx, o, nil, "build", "./datasets/...", "./gomlxmodels/...", "./kernel-helpers/...")); err != nil {
		return err
	}
	return writeSpec(ctx, o)
}

// step does a piece of work and says what it is, before, and how long it took, after.
func step(o Options, what string, work func() error) error {
	fmt.Fprintf(o.Out, "%s ... ", what)
	started := time.Now()
	if err := work(); err != nil {
		fmt.Fprintln(o.Out, "failed")
		return err
	}
	fmt.Fprintf(o.Out, "%.1f s\n", time.Since(started).Seconds())
	return nil
}

// goCommand returns a call of the go command in the module.
func goCommand(ctx context.Context, o Options, env []string, args ...string) func() error {
	return program(ctx, o, env, "go", args...)
}

// program returns a call of a program in the module. Its error ends with the last line
// of what the program has said.
func program(ctx context.Context, o Options, env []string, name string, args ...string) func() error {
	return func() error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Env = o.Module, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("kernel: %s %s: %w: %s", name, strings.Join(args, " "), err, lastLine(out))
		}
		return nil
	}
}

// lastLine is the last line of an output, where go and pip say what is wrong.
func lastLine(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(lines[len(lines)-1])
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
