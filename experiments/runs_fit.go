package main

import (
	"slices"
	"unicode/utf8"
)

// runTable is the table of runs while it is being fitted to a terminal.
type runTable struct {
	heads []string
	rows  [][]string
}

// optional are the columns that a narrow terminal does without, the first one first.
var optional = []string{"TAGS", "GENERATOR", "TOOK", "copied flows", "STARTED", "C2ST flow", "NAME"}

// fit makes the table at most so many columns wide, if that can be: it drops columns that
// say nothing, shortens ids to what tells them apart and times to days, and then drops
// optional columns, whose heads it returns.
func (t *runTable) fit(width int) (dropped []string) {
	if t.width() <= width {
		return nil
	}
	for _, head := range optional {
		if i := slices.Index(t.heads, head); !slices.ContainsFunc(t.rows, func(row []string) bool { return row[i] != "" && row[i] != "-" }) {
			t.drop(head)
		}
	}
	if t.width() > width {
		t.shorten()
	}
	for _, head := range optional {
		if t.width() > width && t.drop(head) {
			dropped = append(dropped, head)
		}
	}
	return dropped
}

// width is how wide the table is printed.
func (t *runTable) width() int {
	total := -2 // nothing stands between the last column and the edge
	for i, head := range t.heads {
		widest := utf8.RuneCountInString(head)
		for _, row := range t.rows {
			widest = max(widest, utf8.RuneCountInString(row[i]))
		}
		total += widest + 2
	}
	return total
}

// drop removes a column and reports whether the table had it.
func (t *runTable) drop(head string) bool {
	i := slices.Index(t.heads, head)
	if i < 0 {
		return false
	}
	t.heads = slices.Delete(t.heads, i, i+1)
	for k := range t.rows {
		t.rows[k] = slices.Delete(t.rows[k], i, i+1)
	}
	return true
}
