package notebook

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/frame"
	"github.com/necstgen/necstgen/experiments/figure"
)

// CDF draws the distribution functions of a column, one for each value of the column by;
// with by = "" one of all rows. Axis is the label of the values with their unit.
func CDF(f *frame.Frame, column, by, title, axis string, scale figure.Scale) (*figure.Figure, error) {
	parts, names, err := split(f, by)
	if err != nil {
		return nil, err
	}
	samples := make([]figure.Sample, len(parts))
	for i, part := range parts {
		samples[i] = figure.Sample{Side: i, Name: names[i]}
		if samples[i].Values, err = part.Floats(column); err != nil {
			return nil, err
		}
	}
	return figure.CDF(title, axis, scale, samples...)
}

// Bars draws a column of numbers, a bar for each row, named by another column.
func Bars(f *frame.Frame, names, column, title, axis string) (*figure.Figure, error) {
	categories, err := f.Texts(names)
	if err != nil {
		return nil, err
	}
	values, err := f.Floats(column)
	if err != nil {
		return nil, err
	}
	return figure.Bars(title, axis, categories, figure.Bar{Name: column, Values: values})
}

// maxParts is how many parts a figure may have: as many as there are looks of lines.
const maxParts = 7

// split returns the rows of each value of a column, in the order of the values.
func split(f *frame.Frame, by string) (parts []*frame.Frame, names []string, err error) {
	if by == "" {
		return []*frame.Frame{f}, []string{"all"}, f.Err()
	}
	groups := f.Sort(by).Group(by)
	names, err = groups.Texts(by)
	if err == nil && len(names) > maxParts {
		err = fmt.Errorf("notebook: column %s has %d values, a figure has at most %d lines: want fewer, as Filter leaves", by, len(names), maxParts)
	}
	return groups.Parts(), names, err
}
