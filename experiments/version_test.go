package main

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	platform := []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"}}
	commit := append([]debug.BuildSetting{{Key: "vcs.revision", Value: "5bb35a1"}, {Key: "vcs.time", Value: "2026-11-28T00:00:00Z"}}, platform...)
	for _, test := range []struct {
		name     string
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{"go install", "v1.2.3", platform, "v1.2.3, go1.26.5, linux/arm64"},
		{"go run", "", platform, "(devel), go1.26.5, linux/arm64"},
		{"clean", "v0.0.0-2026", append([]debug.BuildSetting{{Key: "vcs.modified", Value: "false"}}, commit...),
			"v0.0.0-2026, commit 5bb35a1 of 2026-11-28T00:00:00Z, unmodified, go1.26.5, linux/arm64"},
		{"changed", "(devel)", append([]debug.BuildSetting{{Key: "vcs.modified", Value: "true"}}, commit...),
			"(devel), commit 5bb35a1 of 2026-11-28T00:00:00Z, modified, go1.26.5, linux/arm64"},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.5", Main: debug.Module{Version: test.version}, Settings: test.settings}
		if got := version(info, true); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := version(nil, false); got != "unknown (built without module information)" {
		t.Error(got)
	}
}
