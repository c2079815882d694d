package artifact

import (
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Folder returns the folder that one of an experiment's applications has for its stages and
// what they make: "http", "tcp-502", "udp-any". An application that is alone has none.
func Folder(app flow.Application, of flow.Applications) string {
	if len(of) == 1 {
		return ""
	}
	return strings.NewReplacer("/", "-", "*", "any").Replace(strings.ToLower(app.String()))
}

// Within returns where the artifacts of a folder lie, under the names that they have in it.
func Within(folder string, paths Paths) Paths {
	if folder == "" {
		return paths
	}
	return func(name string) (string, error) { return paths(folder + "/" + name) }
}
