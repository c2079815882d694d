package filelock

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestTry(t *testing.T) {
	dir := t.TempDir()
	if f, err := Try(filepath.Join(dir, "missing")); f != nil || err != nil {
		t.Errorf("a missing path: %v, %v", f, err)
	}
	path := filepath.Join(dir, "folder")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := Try(path)
	if f == nil || err != nil {
		t.Fatal(f, err)
	}
	if again, err := Try(path); again != nil || err != nil {
		t.Errorf("a second lock: %v, %v", again, err)
	}
	// What is renamed under the lock is free under its old name, which is another folder then.
	if err := os.Rename(path, path+"2"); err != nil {
		t.Fatal(err)
	}
	if again, err := Try(path); again != nil || err != nil {
		t.Errorf("the old name: %v, %v", again, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Try(path + "2")
	if again == nil || err != nil {
		t.Fatal(again, err)
	}
	again.Close()
}

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	lock, err := Try(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer lock.Close()
	other, err := Try(dir)
	fmt.Println(lock != nil, other != nil, err)
	// Output: true false <nil>
}
