package run

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/necstgen/necstgen/experiments/store"
)

// maxDiff is the most of a checkout's difference that is kept, in bytes.
const maxDiff = 4 << 20

// ReadSource says which code runs: the commit that the program was built from, or the
// module's version if it was built without the repository. A program of go run knows
// neither. It asks git about the checkout around dir, if it was built from that one: for its
// commit, whether files differ from it and how, and the digest of go.sum. What cannot be
// found out within two seconds stays empty: a run needs no git.
func ReadSource(ctx context.Context, dir string) Source {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	s := sourceOf(info)
	if s.Commit != "" || s.Version != "" {
		return s
	}
	_, file, _, _ := runtime.Caller(0) // where the compiler found this file
	root, ok := moduleRoot(dir)
	if built, found := moduleRoot(filepath.Dir(file)); !ok || !found || !filepath.IsAbs(file) || !sameFolder(root, built) {
		return s
	}
	return s.ofCheckout(ctx, root)
}

// sourceOf returns what a program knows of itself.
func sourceOf(info *debug.BuildInfo) Source {
	s := Source{Go: runtime.Version()}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			s.Commit = setting.Value
		case "vcs.modified":
			s.Dirty = setting.Value == "true"
		}
	}
	if version := info.Main.Version; s.Commit == "" && version != "(devel)" {
		s.Version = version
	}
	return s
}

// ofCheckout adds what git and go.sum say of the checkout with that root.
func (s Source) ofCheckout(ctx context.Context, root string) Source {
	if _, sha, err := store.DigestFile(filepath.Join(root, "go.sum")); err == nil {
		s.GoSum = sha
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	git := func(args ...string) []byte {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...).Output()
		if err != nil {
			return nil
		}
		return out
	}
	if top := strings.TrimSpace(string(git("rev-parse", "--show-toplevel"))); top == "" || !sameFolder(top, root) {
		return s // the module lies in another repository, which says nothing of it
	}
	if s.Commit = strings.TrimSpace(string(git("rev-parse", "HEAD"))); s.Commit == "" {
		return s
	}
	s.Dirty = len(git("status", "--porcelain")) > 0
	if s.diff = git("diff", "HEAD", "--"); len(s.diff) > maxDiff {
		s.diff = fmt.Appendf(s.diff[:maxDiff], "\n(cut after %d bytes)\n", maxDiff)
	}
	return s
}

// module is the first line of this program's go.mod.
const module = "module github.com/necstgen/necstgen\n"

// moduleRoot is the nearest folder at or above dir that holds this program's go.mod.
func moduleRoot(dir string) (string, bool) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", false
	}
	for {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(text), module) {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
