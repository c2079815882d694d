package main

import (
	"fmt"
	"runtime/debug"
)

// version returns what --version prints behind the program's name: the module's version, the
// commit that it was built from and whether files had changed since, and Go's
// version. A program that was built without the repository names no commit.
func version(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return "unknown (built without module information)"
	}
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		state := "unmodified"
		if settings["vcs.modified"] == "true" {
			state = "modified"
		}
		text += fmt.Sprintf(", commit %s of %s, %s", revision, settings["vcs.time"], state)
	}
	return fmt.Sprintf("%s, %s, %s/%s", text, info.GoVersion, settings["GOOS"], settings["GOARCH"])
}
