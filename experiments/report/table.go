package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strings"
)

// Table is a table of words and numbers. Cells of a column that is flush right
// are numbers.
type Table struct {
	Title string
	Heads []string
	Right []bool // flush right, one a column
	Rows  [][]string
}

// WriteHTML writes the table as an element, with its title as the caption.
func (t Table) WriteHTML(w io.Writer) error {
	var b strings.Builder
	b.WriteString("<table>\n")
	if t.Title != "" {
		fmt.Fprintf(&b, "<caption style=\"text-align:left\">%s</caption>\n", html.EscapeString(t.Title))
	}
	row := func(tag string, cells []string) {
		b.WriteString("<tr>")
		for i, cell := range cells {
			class := ` style="text-align:left"` // notebooks set it right
			if t.Right[i] {
				class = ` class="number" style="text-align:right"`
			}
			fmt.Fprintf(&b, "<%s%s>%s</%s>", tag, class, html.EscapeString(cell), tag)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("<thead>")
	row("th", t.Heads)
	b.WriteString("</thead>\n<tbody>\n")
	for _, cells := range t.Rows {
		row("td", cells)
	}
	b.WriteString("</tbody>\n</table>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
