package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/necstgen/necstgen/experiments/store"
)

// mount mounts a small file system, as the options of tmpfs have it.
func mount(t *testing.T, dir, options string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// A disk that is full when a stage is done costs nothing that the stage has learnt:
// the next claim goes on from its checkpoint.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "size=1m", 0)
	s := store.Open(dir, nil)
	_, claim, err := s.Claim(t.Context(), "vae", key("ab"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	state, _ := claim.Checkpoint()
	if err := errors.Join(os.Mkdir(state, 0o777), os.WriteFile(filepath.Join(state, "epoch"), []byte("3"), 0o666), os.WriteFile(filepath.Join(claim.Dir, "a.txt"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o666); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if _, err := claim.Commit([]string{"a.txt"}, "", nil); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "store: stage vae: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if _, claim, err = s.Claim(t.Context(), "vae", key("ab"), nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, resumed := claim.Checkpoint(); !resumed {
		t.Error("the checkpoint is lost")
	}
	if _, err := claim.Commit(nil, "", nil); err != nil {
		t.Error(err)
	}
	children, err := os.ReadDir(filepath.Join(dir, "vae"))
	if err != nil || len(children) != 1 {
		t.Errorf("%v, %v: want the entry alone", children, err)
	}
}

// Where hard links do not reach, as on another file system, files are copied; a copy
// for which there is no room leaves nothing.
func TestCopies(t *testing.T) {
	s := store.Open(t.TempDir(), nil)
	small, big := put(t, s, "vae", key("ab"), "x"), put(t, s, "vae", key("cd"), strings.Repeat("x", 1<<19))
	dir := t.TempDir()
	mount(t, dir, "size=256k", 0)
	if err := small.Link(dir); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "a.txt")); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
	if err := big.Link(dir); !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if children, err := os.ReadDir(dir); err != nil || len(children) != 1 {
		t.Errorf("%v, %v", children, err)
	}
}

// A store on a file system that is read-only gives what it has, and says that it
// cannot take more.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "size=1m", 0)
	s := store.Open(dir, nil)
	put(t, s, "vae", key("ab"), "x")
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot be made read-only: %v", err)
	}
	if e := s.Find("vae", key("ab")); e == nil || e.Check() != nil || e.Link(t.TempDir()) != nil {
		t.Errorf("%+v", e)
	}
	_, _, err := s.Claim(t.Context(), "vae", key("cd"), nil, nil)
	if !errors.Is(err, syscall.EROFS) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
}
