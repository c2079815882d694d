package table

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

func fromFloats[S float64 | float32](a arrow.Array, values []S) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		if out[i] = float64(v); a.NullN() > 0 && a.IsNull(i) {
			out[i] = math.NaN()
		}
	}
	return out
}

// fromTimestamps gives nanoseconds, whatever the unit of the file.
func fromTimestamps(a *array.Timestamp) (any, error) {
	scale := int64(a.DataType().(*arrow.TimestampType).Unit.Multiplier())
	out := make(timeColumn, a.Len())
	for i, v := range a.TimestampValues() {
		if a.IsNull(i) {
			continue
		}
		if out[i] = int64(v) * scale; out[i]/scale != int64(v) {
			return nil, fmt.Errorf("row %d: time %d of unit %d ns does not fit 64 bits of nanoseconds", i, v, scale)
		}
	}
	return out, nil
}

func fromText(a interface {
	arrow.Array
	Value(int) string
}) dictionaryColumn {
	var in dictionaryBuilder
	for i := range a.Len() {
		text := ""
		if a.IsValid(i) {
			text = a.Value(i)
		}
		in.add(text)
	}
	return in.column
}

func fromDictionary(a *array.Dictionary) (any, error) {
	list, ok := a.Dictionary().(*array.String)
	if !ok {
		return nil, fmt.Errorf("dictionary of %s is not read: want text", a.Dictionary().DataType())
	}
	out := dictionaryColumn{index: make([]uint32, a.Len()), list: make([]string, list.Len(), list.Len()+1)}
	for i := range out.list {
		out.list[i] = string([]byte(list.Value(i))) // not the file's memory
	}
	null := uint32(len(out.list))
	if a.NullN() > 0 {
		out.list = append(out.list, "")
	}
	for i := range out.index {
		if a.IsNull(i) {
			out.index[i] = null
		} else {
			at := a.GetValueIndex(i)
			if at < 0 || at >= list.Len() {
				return nil, fmt.Errorf("row %d: position %d in a dictionary of %d texts", i, at, list.Len())
			}
			out.index[i] = uint32(at)
		}
	}
	return out, nil
}

// dictionaryBuilder makes a dictionary column of texts as they come. It copies
// them: their memory may change.
type dictionaryBuilder struct {
	column dictionaryColumn
	lookup map[string]uint32
}

func (in *dictionaryBuilder) add(text string) {
	index, ok := in.lookup[text]
	if !ok {
		if in.lookup == nil {
			in.lookup = make(map[string]uint32)
		}
		index = uint32(len(in.column.list))
		text = string([]byte(text))
		in.lookup[text] = index
		in.column.list = append(in.column.list, text)
	}
	in.column.index = append(in.column.index, index)
}
