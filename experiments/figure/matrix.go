package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Matrix draws a table of values from -1 to 1 with those of its numbers that are not 0.00, orange below 0 and
// blue above. A value that is not a number is left empty. Rows go down.
func Matrix(title string, rows, columns []string, values [][]float64) (*Figure, error) {
	if len(rows) == 0 || len(columns) == 0 {
		return nil, fmt.Errorf("figure: %s: %w", title, ErrNoValues)
	}
	p := newPanel("", "")
	p.X.Min, p.X.Max = -0.5, float64(len(columns))-0.5
	setCategories(p, rows)
	p.Y.Min, p.Y.Max = -0.5, float64(len(rows))-0.5
	numbers := make([]string, len(columns))
	for i := range numbers {
		numbers[i] = fmt.Sprint(i + 1)
	}
	p.X.Tick.Marker, p.X.Tick.Length = constantTicks(columns), 0
	if wide(columns) { // their names would run into each other
		p.X.Tick.Marker = constantTicks(numbers)
		named := slices.Clone(rows)
		for i := range named {
			if i < len(columns) && rows[i] == columns[i] {
				named[i] = fmt.Sprintf("%s %d", rows[i], i+1)
			}
		}
		slices.Reverse(named)
		p.Y.Tick.Marker = constantTicks(named)
	}
	p.Add(table{values})
	f := newFigure("matrix", title, p)
	f.height = 60 + vg.Length(len(rows))*17
	return f, nil
}

// wide reports whether names of columns do not fit below their columns.
func wide(columns []string) bool {
	return len(columns) > 4 && slices.ContainsFunc(columns, func(name string) bool { return len(name) > 2 })
}

// table draws the cells of a matrix.
type table struct{ values [][]float64 }

// Plot implements plot.Plotter.
func (t table) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := textStyle(8, color.RGBA{0x11, 0x11, 0x11, 0xff}) // on light cells whatever the page's background
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	for j, row := range t.values {
		middle := float64(len(t.values) - 1 - j)
		for i, v := range row {
			if math.IsNaN(v) {
				continue
			}
			box := vg.Rectangle{Min: vg.Point{X: x(float64(i) - 0.5), Y: y(middle - 0.5)}, Max: vg.Point{X: x(float64(i) + 0.5), Y: y(middle + 0.5)}}
			c.SetColor(shade(v))
			c.Fill(box.Path())
			if box.Max.X-box.Min.X > 14 {
				c.FillText(style, vg.Point{X: x(float64(i)), Y: y(middle)}, shortest(v))
			}
		}
	}
}

// shortest writes a correlation with two digits and without the zero before them.
func shortest(v float64) string {
	text := fmt.Sprintf("%.2f", v)
	switch {
	case text == "-0.00" || text == "0.00":
		return ""
	case math.Abs(v) < 0.995 && v < 0:
		return "-" + text[2:]
	case math.Abs(v) < 0.995:
		return text[1:]
	}
	return fmt.Sprintf("%.0f", v)
}

// shade is white for 0 and light enough for dark letters at both ends.
func shade(v float64) color.RGBA {
	end := color.RGBA{0x5a, 0xb0, 0xe6, 0xff}
	if v < 0 {
		end = color.RGBA{0xf2, 0x9b, 0x5c, 0xff}
	}
	part := min(1, math.Abs(v))
	mix := func(c uint8) uint8 { return uint8(0xf7 + (float64(c)-0xf7)*part) }
	return color.RGBA{mix(end.R), mix(end.G), mix(end.B), 0xff}
}

// vgRows returns how many rows n panels fill.
func vgRows(n, columns int) vg.Length { return vg.Length((n + columns - 1) / columns) }
