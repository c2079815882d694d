package frame

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/table"
)

// Write writes the frame as a file, which is whole or not there; the ending of path gives
// its format: .parquet, .arrow, .feather, .ipc or .csv.
func (f *Frame) Write(path string) error {
	if f.err != nil {
		return f.err
	}
	format, err := table.FormatOf(path)
	if err != nil {
		return err
	}
	if len(f.columns) == 0 {
		return fmt.Errorf("frame: %s: the frame has no columns", path)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return table.WriteColumns(w, format, f.columns) })
}

// Cells returns the names of the columns, which of them are numbers, and the first rows as
// text to look at: numbers with five digits, times to the microsecond.
func (f *Frame) Cells(rows int) (heads []string, numbers []bool, cells [][]string) {
	for _, c := range f.columns {
		numbers = append(numbers, !c.IsText() && !c.IsTime())
	}
	for row := range min(rows, f.Len()) {
		line := make([]string, len(f.columns))
		for i, c := range f.columns {
			line[i] = readable(c, row)
		}
		cells = append(cells, line)
	}
	return f.Columns(), numbers, cells
}

// readable returns a value as a reader wants to see it.
func readable(c table.Column, row int) string {
	text := c.Text(row)
	if c.IsTime() {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t.Format("2006-01-02 15:04:05.000000")
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || c.IsText() || math.Abs(v) > 1<<53: // or digits would be lost
		return text
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}

// shownRows is how many rows String shows.
const shownRows = 10

// String returns the first ten rows as text, and says how many there are.
func (f *Frame) String() string {
	if f.err != nil {
		return f.err.Error() + "\n"
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	heads, _, cells := f.Cells(shownRows)
	fmt.Fprintln(w, strings.Join(heads, "\t"))
	for _, line := range cells {
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	w.Flush()
	if f.Len() > shownRows {
		fmt.Fprintf(&b, "%d rows\n", f.Len())
	}
	return b.String()
}
