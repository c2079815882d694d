package run

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// Outside of the checkout that the program was built from there is nothing to say; inside
// it the commit and the digest of go.sum.
func TestReadSource(t *testing.T) {
	if s := ReadSource(t.Context(), t.TempDir()); s.Commit != "" || s.GoSum != "" || s.Go == "" {
		t.Errorf("%+v", s)
	}
	s := ReadSource(t.Context(), ".")
	if len(s.GoSum) != 64 {
		t.Errorf("%+v", s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s := ReadSource(ctx, "."); s.Commit != "" {
		t.Errorf("git ran on after the end: %+v", s)
	}
	data, err := json.Marshal(s)
	if err != nil || !bytes.Contains(data, []byte(`"go_sum"`)) {
		t.Errorf("%s, %v", data, err)
	}
}

// Another checkout of the module is not what the program was built from, and a repository
// around the module is not the module's.
func TestOtherCheckout(t *testing.T) {
	outer := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"-c", "user.name=a", "-c", "user.email=a@b.test", "commit", "-q", "--allow-empty", "-m", "x"}} {
		if out, err := exec.Command("git", append([]string{"-C", outer}, args...)...).CombinedOutput(); err != nil {
			t.Skipf("git: %v: %s", err, out)
		}
	}
	inner := filepath.Join(outer, "inner")
	if err := os.Mkdir(inner, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(inner, "go.mod"), []byte(module), 0o666); err != nil {
		t.Fatal(err)
	}
	if s := ReadSource(t.Context(), inner); s.Commit != "" || s.GoSum != "" {
		t.Errorf("another checkout: %+v", s)
	}
	if s := (Source{}).ofCheckout(t.Context(), inner); s.Commit != "" {
		t.Errorf("a repository around the module: %+v", s)
	}
	if s := (Source{}).ofCheckout(t.Context(), outer); len(s.Commit) != 40 || s.Dirty != true { // inner is not committed
		t.Errorf("a checkout: %+v", s)
	}
}

func TestSourceOf(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "5bb35a1"}, {Key: "vcs.modified", Value: "true"}}
	for _, tt := range []struct {
		name     string
		version  string
		settings []debug.BuildSetting
		want     Source
	}{
		{"go run", "(devel)", nil, Source{}},
		{"a test", "", nil, Source{}},
		{"go build in the checkout", "v0.0.0-20260131120000-5bb35a1+dirty", vcs, Source{Commit: "5bb35a1", Dirty: true}},
		{"go install of a version", "v1.2.3", nil, Source{Version: "v1.2.3"}},
	} {
		got := sourceOf(&debug.BuildInfo{Main: debug.Module{Version: tt.version}, Settings: tt.settings})
		if got.Commit != tt.want.Commit || got.Dirty != tt.want.Dirty || got.Version != tt.want.Version || got.Go == "" {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}
