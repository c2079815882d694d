package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is a table of words and numbers. Cells of a column that is flush right
// are numbers.
type Table struct {
	Title string
	Heads []string
	Right []bool // flush right, one a column
	Rows  [][]string
}

// WriteMarkdown writes the table with its columns aligned, readable as it is.
func (t Table) WriteMarkdown(w io.Writer) error {
	width := make([]int, len(t.Heads))
	for i, head := range t.Heads {
		width[i] = max(3, utf8.RuneCountInString(head))
		for _, row := range t.Rows {
			width[i] = max(width[i], utf8.RuneCountInString(row[i]))
		}
	}
	line := func(cells []string) string {
		var b strings.Builder
		for i, cell := range cells {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if t.Right[i] {
				cell = space + cell
			} else {
				cell += space
			}
			b.WriteString("| " + cell + " ")
		}
		return b.String() + "|\n"
	}
	rule := make([]string, len(t.Heads))
	for i := range rule {
		rule[i] = strings.Repeat("-", width[i])
		if t.Right[i] {
			rule[i] = rule[i][1:] + ":"
		}
	}
	text := line(t.Heads) + line(rule)
	for _, row := range t.Rows {
		text += line(row)
	}
	_, err := io.WriteString(w, text)
	return err
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
