package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCheckout(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, "notebooks", "mine")
	other := filepath.Join(root, "other")
	for _, dir := range []string{deep, other} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write := func(dir, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got := checkout(deep); got != "" {
		t.Errorf("no go.mod: %q", got)
	}
	write(root, "// The project.\nmodule "+project+"\n\ngo 1.26.5\n")
	write(other, "module example.com/other\n")
	for _, tt := range []struct{ dir, want string }{
		{root, root}, {deep, root},
		{other, root}, // a module of somebody else below the checkout
		{"", ""}, {"notebooks", ""}, {filepath.Dir(root), ""},
	} {
		if got := checkout(tt.dir); got != tt.want {
			t.Errorf("checkout(%q) is %q, want %q", tt.dir, got, tt.want)
		}
	}
}

// TestCommand makes a cell's module in a folder and compiles a cell there that imports a package
// of this checkout, as GoNB does, and fails with advice outside.
func TestCommand(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	const cell = "package main\n\nimport \"" + project + "/datasets/flow\"\n\nfunc main() { println(flow.TCP) }\n"
	if err := os.WriteFile("main.go", []byte(cell), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		dir  string
		args []string
		ok   bool
	}{
		{here, []string{"mod", "init", "gonb_test"}, true},
		{here, []string{"get"}, true},
		{here, []string{"build", "-o", "cell.exe"}, true},
		{here, []string{"no-such-command"}, false},
		{t.TempDir(), []string{"build", "-o", "cell.exe"}, false},
		{t.TempDir(), []string{"version"}, true},
	} {
		t.Setenv("GONB_DIR", tt.dir)
		if code, err := command(tt.args); (code == 0) != tt.ok {
			t.Errorf("go %v in %s: exit code %d, %v", tt.args, tt.dir, code, err)
		}
	}
}
