//go:build ignore

// Cells prints the code cells of Go notebooks as one program, for tools that want
// to know what the notebooks call:
//
//	go run .ci/cells.go notebooks/*.ipynb >main.go
//
// Each cell becomes a function that main calls. Lines for the kernel, which begin
// with !, % or //gonb:, are left out; a cell without a line %% may hold declarations
// only and is printed as it is. An import holds for all later cells, as in GoNB.
package main

import (
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	text, err := program(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "cells:", err)
		os.Exit(1)
	}
	os.Stdout.Write(text)
}

// importSpec is a line of an import declaration: a name, if there is one, and the path.
var importSpec = regexp.MustCompile(`^\s*(?:import\s+)?(\w+\s+)?"([^"]+)"\s*$`)

// program prints the cells of the notebooks.
func program(paths []string) ([]byte, error) {
	var declarations, calls strings.Builder
	imports := map[string]bool{}
	functions := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var notebook struct {
			Cells []struct {
				Type   string   `json:"cell_type"`
				Source []string `json:"source"`
			} `json:"cells"`
		}
		if err := json.Unmarshal(data, &notebook); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for i, cell := range notebook.Cells {
			if cell.Type != "code" {
				continue
			}
			before, body, hasBody := parts(cell.Source, imports)
			fmt.Fprintf(&declarations, "// %s, cell %d.\n%s\n", path, i, before)
			if hasBody {
				functions++
				fmt.Fprintf(&declarations, "func cell%d() {\n%s}\n", functions, body)
				fmt.Fprintf(&calls, "cell%d()\n", functions)
			}
		}
	}
	var head strings.Builder
	head.WriteString("package main\n\nimport (\n")
	for _, line := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintln(&head, line)
	}
	return format.Source([]byte(head.String() + ")\n\n" + declarations.String() + "func main() {\n" + calls.String() + "}\n"))
}

// parts splits a cell at its line %% and takes the imports out of it.
func parts(source []string, imports map[string]bool) (before, body string, hasBody bool) {
	inImport := false
	for _, line := range source {
		line = strings.TrimSuffix(line, "\n") + "\n"
		trimmed := strings.TrimSpace(line)
		spec := importSpec.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(trimmed, "%%"):
			hasBody = true
		case strings.HasPrefix(trimmed, "!"), strings.HasPrefix(trimmed, "%"), strings.HasPrefix(trimmed, "//gonb:"):
		case trimmed == "import (":
			inImport = true
		case inImport && trimmed == ")":
			inImport = false
		case spec != nil && (inImport || strings.HasPrefix(trimmed, "import ")):
			imports[spec[1]+`"`+spec[2]+`"`] = true
		case hasBody:
			body += line
		default:
			before += line
		}
	}
	return before, body, hasBody
}
