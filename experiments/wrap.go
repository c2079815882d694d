package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// columns returns how wide lines of text on the standard output may be: as wide as its
// terminal, or 80 columns where there is none.
func (c *command) columns() int {
	if width := c.terminalColumns(); width > 0 {
		return width
	}
	return 80
}

// terminalColumns returns how wide the terminal of the standard output is; 0: it is none.
func (c *command) terminalColumns() int {
	if f, ok := c.out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// entry is one item of a list that is read rather than compared: a line that names it,
// and what there is to say of it.
type entry struct{ head, text string }

// printEntries writes entries one below the other, wrapped at the given number of
// columns. All lines but the first of each are indented.
func printEntries(w io.Writer, columns int, entries []entry) error {
	const indent = "    "
	for _, e := range entries {
		lines := wrap(e.head, columns, "", indent)
		if e.text != "" {
			lines = append(lines, wrap(e.text, columns, indent, indent)...)
		}
		if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// wrap breaks text between words into lines of at most so many columns, indents
// included. A longer word stands alone on its line.
func wrap(text string, columns int, first, rest string) []string {
	var lines []string
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
			lines = append(lines, line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return append(lines, line)
}
