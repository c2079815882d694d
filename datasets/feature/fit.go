package feature

import (
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Schema is a set of columns in order.
type Schema struct {
	Variant Variant  `json:"variant,omitempty"`
	Compat  Compat   `json:"compat"`
	Columns []Column `json:"columns"`
}

// Names are the names of the columns.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Columns))
	for i := range s.Columns {
		names[i] = s.Columns[i].Name
	}
	return names
}

// maxClasses bounds a category: ports have 65536 values.
const maxClasses = 1 << 16

// Fit learns the transforms of a schema's columns from rows, which hold a value
// per column. It keeps no row. Damaged rows (errors with a RecordNumber method) are
// left out; any other error is returned, and a stream without a row is refused.
func Fit(schema Schema, rows iter.Seq2[[]float64, error]) (*Encoder, error) {
	sums := make([]summary, len(schema.Columns))
	for i := range sums {
		sums[i] = newSummary()
	}
	var n int64
	for row, err := range rows {
		if err != nil {
			if flow.IsRecordError(err) {
				continue
			}
			return nil, fmt.Errorf("feature: %w", err)
		}
		if len(row) != len(sums) {
			return nil, fmt.Errorf("feature: row %d has %d values: want %d", n, len(row), len(sums))
		}
		for i, value := range row {
			if err := sums[i].add(&schema.Columns[i], value, n == 0); err != nil {
				return nil, fmt.Errorf("feature: row %d, column %s: %w", n, schema.Columns[i].Name, err)
			}
		}
		n++
	}
	if n == 0 {
		return nil, errors.New("feature: no row to fit on")
	}
	fitted := Schema{schema.Variant, schema.Compat, make([]Column, len(schema.Columns))}
	copy(fitted.Columns, schema.Columns)
	for i := range fitted.Columns {
		sums[i].finish(&fitted.Columns[i], sums[i:], schema.Compat)
	}
	return NewEncoder(fitted)
}

// summary is what a fit keeps of a column.
type summary struct {
	lo, hi   float64 // of the finite values after the scale
	zeros    bool    // a logarithmic column holds zeros
	logs     float64 // sum of the logarithms but the first row's
	count    float64 // their number
	lateZero bool    // a zero outside the first row
	classes  map[float64]int64
}

func newSummary() summary { return summary{lo: math.Inf(1), hi: math.Inf(-1)} }

func (s *summary) add(c *Column, value float64, first bool) error {
	if math.IsNaN(value) {
		if c.Optional {
			return nil
		}
		return errors.New("value is not a number")
	}
	if c.Kind == Category {
		if c.ServicePorts && value >= 1024 {
			value = 0
		}
		if s.classes == nil {
			s.classes = make(map[float64]int64)
		}
		if s.classes[value]++; len(s.classes) > maxClasses {
			return fmt.Errorf("more than %d classes: is this a number?", maxClasses)
		}
		return nil
	}
	if c.Scale == Log {
		if value == 0 {
			s.zeros = true
			s.lateZero = s.lateZero || !first
			return nil
		}
		if value < 0 {
			return fmt.Errorf("value %v has no logarithm", value)
		}
		value = math.Log10(value)
	}
	if math.IsInf(value, 0) {
		return nil // a rate over a gap of 0: encoded as the highest
	}
	s.lo, s.hi = min(s.lo, value), max(s.hi, value)
	if !first {
		s.logs += value
		s.count++
	}
	return nil
}

// finish sets the learnt fields of the column. Rest are the summaries from this
// column on.
func (s *summary) finish(c *Column, rest []summary, compat Compat) {
	if c.Kind == Category {
		c.Classes, c.Common = nil, 0
		for value := range s.classes {
			c.Classes = append(c.Classes, value)
		}
		c.sortClasses()
		for i, value := range c.Classes {
			if s.classes[value] > s.classes[c.Classes[c.Common]] {
				c.Common = i
			}
		}
		return
	}
	if s.lo > s.hi { // nothing but zeros, which are then a constant
		c.Lo, c.Hi, c.Zero = 0, 0, 0
		return
	}
	c.Lo, c.Hi, c.Zero = s.lo, s.hi, 0
	if c.Scale == Log {
		c.Zero = c.Lo
	}
	if !s.zeros || !compat.MeanForZero {
		return
	}
	for i := range rest {
		if mean := rest[i].logs / rest[i].count; !rest[i].lateZero && rest[i].count > 0 {
			c.Zero = mean
			break
		}
	}
	c.Lo, c.Hi = min(c.Lo, c.Zero), max(c.Hi, c.Zero)
}
