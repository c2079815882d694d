// Package sharedtest finds the data that tests and benchmarks share: the folder of
// reference data beside the repository, which need not be there, and a capture of
// any length made of it.
package sharedtest

import (
	"os"
	"path/filepath"
	"testing"
)

// Path is a file or folder of ../shared, seen from the repository's root. The test
// is skipped where it is missing.
func Path(t testing.TB, elements ...string) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("no go.mod above the test")
		}
		folder = filepath.Dir(folder)
	}
	name := filepath.Join(elements...)
	path := filepath.Join(folder, "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("../shared/%s is not there", filepath.ToSlash(name))
	}
	return path
}

// Open opens a file of ../shared until the test ends.
func Open(t testing.TB, elements ...string) *os.File {
	t.Helper()
	f, err := os.Open(Path(t, elements...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
