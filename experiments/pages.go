package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/atomicfile"
)

// pages is what can be written as a page and as tables.
type pages interface {
	Page(w io.Writer) error
	Markdown(w io.Writer) error
}

// writePages writes NAME.html and NAME.md into a folder, which is made if it is missing.
func (c *command) writePages(folder, name string, p pages) error {
	page := filepath.Join(folder, name+".html")
	err := os.MkdirAll(folder, 0o777)
	if err == nil {
		err = atomicfile.Write(filepath.Join(folder, name+".md"), p.Markdown)
	}
	if err == nil {
		err = atomicfile.Write(page, p.Page)
	}
	if err != nil {
		return fmt.Errorf("%s: --out: %w", name, err)
	}
	c.say(page)
	return nil
}
