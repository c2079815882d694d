package table

import (
	"fmt"
	"math"
)

// column is one named column of a batch. Its values are one of the slice types
// that kind names.
type column struct {
	name   string
	values any // []int64, []int32, []uint32, []uint16, []uint8, []bool, []float64, timeColumn, dictionaryColumn, enumColumn or nullColumn
}

// timeColumn is nanoseconds since 1970-01-01 UTC.
type timeColumn []int64

// dictionaryColumn is texts, each kept once: row i has the text list[index[i]].
type dictionaryColumn struct {
	index []uint32
	list  []string
}

// enumColumn is texts of a fixed set, one byte each. It is only written: a reader
// gives a dictionaryColumn.
type enumColumn struct {
	codes []uint8
	text  func(uint8) string
}

// dictionary is the same column with a dictionary.
func (e enumColumn) dictionary() dictionaryColumn {
	out := dictionaryColumn{index: make([]uint32, len(e.codes))}
	var position [256]uint32
	for i, code := range e.codes {
		if position[code] == 0 {
			out.list = append(out.list, e.text(code))
			position[code] = uint32(len(out.list))
		}
		out.index[i] = position[code] - 1
	}
	return out
}

// nullColumn is n rows without a value: zero, an empty text, or not a number. It
// is only written.
type nullColumn struct {
	kind kind
	n    int
}

// values are the same rows as the kind's columns have them.
func (c nullColumn) values() any {
	switch c.kind {
	case kindInt32:
		return make([]int32, c.n)
	case kindUint32:
		return make([]uint32, c.n)
	case kindUint16:
		return make([]uint16, c.n)
	case kindUint8:
		return make([]uint8, c.n)
	case kindFloat64:
		out := make([]float64, c.n)
		for i := range out {
			out[i] = math.NaN()
		}
		return out
	}
	return dictionaryColumn{make([]uint32, c.n), []string{""}}
}

// kind is the type of a column's values.
type kind uint8

const (
	kindInt64 kind = iota
	kindInt32
	kindUint32
	kindUint16
	kindUint8
	kindBool
	kindFloat64
	kindTime
	kindText
)

// field is the name and type of a column.
type field struct {
	name string
	kind kind
}

// integer are the types that hold whole numbers of a table.
type integer interface {
	~int64 | ~int32 | ~int16 | ~int8 | ~uint32 | ~uint16 | ~uint8
}

// ints gives a column of whole numbers the type that the reader wants. A table
// that another program wrote may hold the same numbers wider or as floats; a
// number that does not fit is an error.
func ints[T integer](c column) ([]T, error) {
	switch values := c.values.(type) {
	case []T:
		return values, nil
	case []int64:
		return convert[T](c.name, values)
	case timeColumn:
		return convert[T](c.name, values)
	case []int32:
		return convert[T](c.name, values)
	case []uint32:
		return convert[T](c.name, values)
	case []uint16:
		return convert[T](c.name, values)
	case []uint8:
		return convert[T](c.name, values)
	case []float64:
		out := make([]T, len(values))
		for i, v := range values {
			if out[i] = T(v); math.IsNaN(v) || float64(out[i]) != v {
				return nil, fmt.Errorf("column %s, row %d: %v is no whole number in the range of %T", c.name, i, v, out[i])
			}
		}
		return out, nil
	case []bool:
		out := make([]T, len(values))
		for i, v := range values {
			if v {
				out[i] = 1
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("column %s holds text: want whole numbers", c.name)
}

func convert[T, S integer](name string, values []S) ([]T, error) {
	out := make([]T, len(values))
	for i, v := range values {
		if out[i] = T(v); S(out[i]) != v || (out[i] < 0) != (v < 0) {
			return nil, fmt.Errorf("column %s, row %d: %d is out of the range of %T", name, i, v, out[i])
		}
	}
	return out, nil
}

// floats gives a column as float64: text is parsed by the caller.
func floats(c column) ([]float64, error) {
	switch values := c.values.(type) {
	case []float64:
		return values, nil
	case []int64:
		return widen(values), nil
	case timeColumn:
		return widen(values), nil
	case []int32:
		return widen(values), nil
	case []uint32:
		return widen(values), nil
	case []uint16:
		return widen(values), nil
	case []uint8:
		return widen(values), nil
	case []bool:
		out := make([]float64, len(values))
		for i, v := range values {
			if v {
				out[i] = 1
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("column %s holds text: want numbers", c.name)
}

func widen[S integer](values []S) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// bools gives a column as truth values; of numbers only 0 and 1 are allowed.
func bools(c column) ([]bool, error) {
	if values, ok := c.values.([]bool); ok {
		return values, nil
	}
	numbers, err := ints[uint8](c)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(numbers))
	for i, v := range numbers {
		if v > 1 {
			return nil, fmt.Errorf("column %s, row %d: %d is no truth value: want 0 or 1", c.name, i, v)
		}
		out[i] = v == 1
	}
	return out, nil
}
