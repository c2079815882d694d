package reproduction

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// The files that Write makes.
const (
	PageName  = "paper.html"
	TableName = "paper.md"
)

// Write writes the page and the table into a folder, which is made if need be.
func Write(dir string, results []*Result) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("reproduction: %w", err)
	}
	for name, write := range map[string]func(io.Writer, []*Result) error{TableName: Markdown, PageName: Page} {
		if err := atomicfile.Write(filepath.Join(dir, name), func(w io.Writer) error { return write(w, results) }); err != nil {
			return fmt.Errorf("reproduction: %w", err)
		}
	}
	return nil
}
