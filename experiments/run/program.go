package run

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// GoRun is how the program is called in a checkout.
const GoRun = "go run ./experiments"

// Program returns how this program is called on a command line: GoRun where Go has built it
// for that or for a test, otherwise its own name.
var Program = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		path = ""
	}
	return program(path, os.Args[0])
})

// temporaryBuild matches the paths of programs that the Go command has built to run them:
// in a folder for one build, or in its cache, where they are from the second time on.
var temporaryBuild = regexp.MustCompile(`/go-build|/[0-9a-f]{2}/[0-9a-f]{64}-d/`)

// program returns how a program is called that lies at path and was called so.
func program(path, called string) string {
	if temporaryBuild.MatchString(filepath.ToSlash(path)) {
		return GoRun
	}
	return strings.TrimSuffix(filepath.Base(called), ".exe")
}
