package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// folder is a folder that holds the file "old" with the content "before".
func folder(t *testing.T) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "old")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

// holds checks that path has a content, and that nothing else lies in the folder.
func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want one file", entries, err)
	}
}

// A file that is being written lies beside, under a name of its own; the old one
// is there until Close.
func TestCreate(t *testing.T) {
	dir, path := folder(t)
	f, err := atomicfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "after")
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "before" {
		t.Errorf("before Close the file holds %q, %v", got, err)
	}
	matches, err := filepath.Glob(filepath.Join(dir, ".*"+atomicfile.Suffix))
	if err != nil || len(matches) != 1 {
		t.Errorf("temporary files %v, %v: want one", matches, err)
	}
	for range 2 { // the second does nothing
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := f.Discard(); err != nil {
		t.Error(err)
	}
	holds(t, path, "after")
}

func TestDiscard(t *testing.T) {
	_, path := folder(t)
	f, err := atomicfile.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "after")
	for range 2 {
		if err := f.Discard(); err != nil {
			t.Error(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	holds(t, path, "before")
}

// What fails leaves the old file and nothing beside it.
func TestFailures(t *testing.T) {
	_, path := folder(t)
	broken := errors.New("broken")
	err := atomicfile.Write(path, func(w io.Writer) error {
		fmt.Fprint(w, strings.Repeat("half", 1<<16))
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	holds(t, path, "before")

	func() {
		defer func() { _ = recover() }()
		_ = atomicfile.Write(path, func(io.Writer) error { panic("no") })
	}()
	holds(t, path, "before")

	if err := atomicfile.WriteFile(filepath.Join(path, "below a file"), nil); err == nil {
		t.Error("wrote below a file")
	}
	if err := atomicfile.Write(filepath.Join(filepath.Dir(path), "missing", "x"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that the folder does not exist", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.WriteFile(path, []byte("x")); err == nil { // Close fails: a folder has the name
		t.Error("replaced a folder")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want the folder alone", entries, err)
	}
}

// The permissions are those of os.Create, whatever the umask.
func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := t.TempDir()
	if err := atomicfile.WriteFile(filepath.Join(dir, "a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	a, errA := os.Stat(filepath.Join(dir, "a"))
	b, errB := os.Stat(filepath.Join(dir, "b"))
	if err := errors.Join(errA, errB); err != nil || a.Mode() != b.Mode() {
		t.Errorf("mode %v, %v; want %v", a.Mode(), err, b.Mode())
	}
}

// Of many writers at once, one wins, and its content is whole.
func TestManyWriters(t *testing.T) {
	_, path := folder(t)
	var writers sync.WaitGroup
	for i := range 20 {
		writers.Go(func() {
			err := atomicfile.Write(path, func(w io.Writer) error {
				_, err := io.WriteString(w, strings.Repeat(string(rune('a'+i)), 100_000))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	got, err := os.ReadFile(path)
	if err != nil || len(got) != 100_000 || strings.Trim(string(got), string(got[0])) != "" {
		t.Errorf("%d bytes, %v: want 100,000 of one kind", len(got), err)
	}
}

// The files of a set get their names together, or none does.
func TestSet(t *testing.T) {
	_, path := folder(t)
	other := filepath.Join(filepath.Dir(path), "other")
	var set atomicfile.Set
	for _, name := range []string{path, other} {
		f, err := set.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, "after")
	}
	if _, err := set.Create(filepath.Join(path, "below a file")); err == nil {
		t.Error("wrote below a file")
	}
	if err := set.Discard(); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "before")
	for _, name := range []string{path, other} {
		f, err := set.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, "after")
	}
	if err := errors.Join(set.Close(), set.Discard()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil { // it is there
		t.Fatal(err)
	}
	holds(t, path, "after")
}

func Example() {
	dir, err := os.MkdirTemp("", "atomicfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.html")
	for _, problem := range []error{nil, errors.New("the model has no scores")} {
		err := atomicfile.Write(path, func(w io.Writer) error {
			fmt.Fprintln(w, "<h1>Report</h1>")
			return problem
		})
		fmt.Println("error:", err)
	}
	text, err := os.ReadFile(path)
	fmt.Print(string(text), err)
	// Output:
	// error: <nil>
	// error: the model has no scores
	// <h1>Report</h1>
	// <nil>
}
