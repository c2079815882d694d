package run

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/necstgen/necstgen/experiments/store"
)

// maxDiff is the most of a checkout's difference that is kept, in bytes.
const maxDiff = 4 << 20

// ReadSource says which code runs, from the checkout around dir: its commit,
// whether files differ from it and how, and the digest of go.sum. What cannot be
// found out within two seconds stays empty: a run needs no git.
func ReadSource(ctx context.Context, dir string) Source {
	s := Source{Go: runtime.Version()}
	root, ok := moduleRoot(dir)
	if !ok {
		return s
	}
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
