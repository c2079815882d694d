package table

import "fmt"

// Column is one column of a table that is held in memory: a name and a value a row, of
// the type that it has in the file.
type Column struct{ column }

// Numbers returns a column of numbers. Not a number stands for a value that is missing.
func Numbers(name string, values []float64) Column { return Column{column{name, values}} }

// Integers returns a column of whole numbers.
func Integers(name string, values []int64) Column { return Column{column{name, values}} }

// Times returns a column of times, nanoseconds since 1970-01-01 UTC.
func Times(name string, values []int64) Column { return Column{column{name, timeColumn(values)}} }

// Texts returns a column of texts.
func Texts(name string, values []string) Column {
	var in dictionaryBuilder
	for _, text := range values {
		in.add(text)
	}
	return Column{column{name, in.column}}
}

// Name returns the column's name.
func (c Column) Name() string { return c.name }

// IsText reports whether the column holds text.
func (c Column) IsText() bool { return c.kind() == kindText }

// IsTime reports whether the column holds times.
func (c Column) IsTime() bool { return c.kind() == kindTime }

// Floats returns the values as numbers, times in seconds since 1970-01-01 UTC and truth
// values as 0 and 1. Text is an error.
func (c Column) Floats() ([]float64, error) {
	if times, ok := c.values.(timeColumn); ok {
		out := make([]float64, len(times))
		for i, t := range times {
			out[i] = float64(t) / 1e9
		}
		return out, nil
	}
	out, err := floats(c.column)
	if err != nil {
		return nil, fmt.Errorf("table: %w", err)
	}
	return out, nil
}

// Text returns the value of a row as text, as a CSV file has it: a time in RFC 3339 with
// nanoseconds, nothing for a number that is missing.
func (c Column) Text(row int) string {
	if values, ok := c.values.(dictionaryColumn); ok {
		return values.list[values.index[row]]
	}
	return string(appendCell(nil, c.values, row))
}

// Len returns the number of rows.
func (c Column) Len() int {
	switch values := c.values.(type) {
	case dictionaryColumn:
		return len(values.index)
	case []int64:
		return len(values)
	case timeColumn:
		return len(values)
	case []int32:
		return len(values)
	case []uint32:
		return len(values)
	case []uint16:
		return len(values)
	case []uint8:
		return len(values)
	case []bool:
		return len(values)
	case []float64:
		return len(values)
	}
	return 0
}

// Take returns the column's values at rows, in that order.
func (c Column) Take(rows []int) Column {
	switch values := c.values.(type) {
	case dictionaryColumn:
		c.values = dictionaryColumn{taken(values.index, rows), values.list}
	case []int64:
		c.values = taken(values, rows)
	case timeColumn:
		c.values = taken(values, rows)
	case []int32:
		c.values = taken(values, rows)
	case []uint32:
		c.values = taken(values, rows)
	case []uint16:
		c.values = taken(values, rows)
	case []uint8:
		c.values = taken(values, rows)
	case []bool:
		c.values = taken(values, rows)
	case []float64:
		c.values = taken(values, rows)
	}
	return c
}

// taken returns the values at rows, in that order.
func taken[S ~[]T, T any, R int | uint32](values S, rows []R) S {
	out := make(S, len(rows))
	for i, row := range rows {
		out[i] = values[row]
	}
	return out
}

// kind returns the type of the values.
func (c Column) kind() kind {
	switch c.values.(type) {
	case dictionaryColumn:
		return kindText
	case timeColumn:
		return kindTime
	case []int64:
		return kindInt64
	case []int32:
		return kindInt32
	case []uint32:
		return kindUint32
	case []uint16:
		return kindUint16
	case []uint8:
		return kindUint8
	case []bool:
		return kindBool
	}
	return kindFloat64
}
