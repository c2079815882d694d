package kernel

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

//go:embed python/*.py
var pythonFiles embed.FS

// writePython writes the Python files of this package where an interpreter finds them
// with the environment variable that it returns.
func writePython(o Options) (folder, variable string, err error) {
	folder = filepath.Join(o.Bin, "python")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", "", fmt.Errorf("kernel: %w", err)
	}
	entries, err := pythonFiles.ReadDir("python")
	if err != nil {
		return "", "", fmt.Errorf("kernel: %w", err)
	}
	for _, e := range entries {
		text, err := pythonFiles.ReadFile("python/" + e.Name())
		if err != nil {
			return "", "", fmt.Errorf("kernel: %w", err)
		}
		if err := atomicfile.WriteFile(filepath.Join(folder, e.Name()), text); err != nil {
			return "", "", fmt.Errorf("kernel: %w", err)
		}
	}
	path := folder
	if before := os.Getenv("PYTHONPATH"); before != "" {
		path += string(filepath.ListSeparator) + before
	}
	return folder, "PYTHONPATH=" + path, nil
}
