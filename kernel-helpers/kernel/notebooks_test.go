package kernel

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// read reads the notebooks of this module, by path.
func read(t *testing.T) map[string]file {
	t.Helper()
	paths, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no notebook: %v", err)
	}
	all := map[string]file{}
	for _, path := range paths {
		if all[path], err = readFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestNotebookStyle holds notebooks to short cells without functions, half of them of at most
// six lines.
func TestNotebookStyle(t *testing.T) {
	var lengths []int
	for path, f := range read(t) {
		for i, c := range f.Cells {
			if c.Type != "code" {
				continue
			}
			lines := strings.Count(strings.TrimSpace(string(c.Source)), "\n") + 1
			lengths = append(lengths, lines)
			if lines > 15 {
				t.Errorf("%s: cell %d has %d lines, want at most 15", path, i+1, lines)
			}
			if strings.Contains(string(c.Source), "func ") {
				t.Errorf("%s: cell %d declares a function: it belongs into a package", path, i+1)
			}
		}
	}
	if slices.Sort(lengths); lengths[len(lengths)/2] > 6 {
		t.Errorf("cells of %v lines, want a median of at most 6", lengths)
	}
}

// TestStoredOutputs holds what is stored to what a reader sees without running anything: no
// error, every picture also as PNG, which all viewers show, every table also as text, and no
// folder of the machine it was made on.
func TestStoredOutputs(t *testing.T) {
	local := regexp.MustCompile(`/(home|root|Users|tmp|work|var)/[^\s"<]*`)
	for path, f := range read(t) {
		pictures := 0
		for i, c := range f.Cells {
			if c.Type == "code" && len(c.Outputs) == 0 && strings.Contains(string(c.Source), "%%") {
				t.Errorf("%s: cell %d shows nothing", path, i+1)
			}
			for _, o := range c.Outputs {
				if o.Type == "error" {
					t.Errorf("%s: cell %d is stored with an error", path, i+1)
				}
				if found := local.FindString(o.words()); found != "" {
					t.Errorf("%s: cell %d names the folder %s", path, i+1, found)
				}
				if o.Data["image/png"] != "" {
					pictures++
				} else if o.Data["image/svg+xml"] != "" {
					t.Errorf("%s: cell %d has a figure that is no PNG", path, i+1)
				}
				if o.Data["text/html"] != "" && o.Data["text/plain"] == "" {
					t.Errorf("%s: cell %d has a table without text/plain", path, i+1)
				}
			}
		}
		if pictures == 0 {
			t.Errorf("%s: no picture is stored", path)
		}
	}
}
