package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// printJSON writes v indented.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printTable writes rows below their heads. Columns of numbers are flush right, "-"
// and nothing counting as one beside others; the rest is flush left.
func printTable(w io.Writer, heads []string, rows [][]string) error {
	width := make([]int, len(heads))
	right := make([]bool, len(heads))
	for i, head := range heads {
		width[i] = utf8.RuneCountInString(head)
		numbers, texts := 0, 0
		for _, row := range rows {
			width[i] = max(width[i], utf8.RuneCountInString(row[i]))
			switch digits := strings.TrimPrefix(row[i], "-"); {
			case digits == "":
			case digits[0] >= '0' && digits[0] <= '9':
				numbers++
			default:
				texts++
			}
		}
		right[i] = numbers > 0 && texts == 0
	}
	for _, row := range append([][]string{heads}, rows...) {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			line.WriteString(cell + "  ")
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
