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

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/figure"
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

// WriteMarkdown writes the table without its title as lines of Markdown.
func (t Table) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	row := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + strings.ReplaceAll(strings.ReplaceAll(cell, "|", `\|`), "\n", " ") + " ")
		}
		b.WriteString("|\n")
	}
	row(t.Heads)
	for _, right := range t.Right {
		b.WriteString(map[bool]string{true: "|---:", false: "|---"}[right])
	}
	b.WriteString("|\n")
	for _, cells := range t.Rows {
		row(cells)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteText writes the table without its title as lines of text.
func (t Table) WriteText(w io.Writer) error {
	width := make([]int, len(t.Heads))
	lines := append([][]string{t.Heads}, t.Rows...)
	for _, cells := range lines {
		for i, cell := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, cells := range lines {
		for i, cell := range cells {
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			switch {
			case t.Right[i]:
				b.WriteString(space + cell)
			case i < len(cells)-1:
				b.WriteString(cell + space)
			default:
				b.WriteString(cell)
			}
			if i < len(cells)-1 {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// thousands writes a whole number with commas.
func thousands[N int | int64](n N) string { return figure.Thousands(n) }

// TrafficTable counts what is in sets of flows, one row a set.
func TrafficTable(names []string, sets ...*analysis.Traffic) Table {
	t := Table{
		Title: "Traffic",
		Heads: []string{"flows of", "flows", "packets", "bytes", "seconds", "packets/flow", "bytes/packet", "first packet (UTC)"},
		Right: []bool{false, true, true, true, true, true, true, true},
	}
	for i, set := range sets {
		if set.Packets == 0 {
			continue
		}
		t.Rows = append(t.Rows, []string{
			names[i], thousands(set.Flows), thousands(set.Packets), thousands(set.Bytes), fmt.Sprintf("%.1f", set.Seconds()),
			fmt.Sprintf("%.1f", float64(set.Packets)/float64(set.Flows)), fmt.Sprintf("%.0f", float64(set.Bytes)/float64(set.Packets)),
			(&flow.Packet{Time: set.First}).Timestamp().Format("2006-01-02 15:04:05"),
		})
	}
	return t
}
