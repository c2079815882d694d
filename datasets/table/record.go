package table

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

var arrowTypes = map[kind]arrow.DataType{
	kindInt64: arrow.PrimitiveTypes.Int64, kindInt32: arrow.PrimitiveTypes.Int32, kindUint32: arrow.PrimitiveTypes.Uint32,
	kindUint16: arrow.PrimitiveTypes.Uint16, kindUint8: arrow.PrimitiveTypes.Uint8, kindBool: arrow.FixedWidthTypes.Boolean,
	kindFloat64: arrow.PrimitiveTypes.Float64, kindTime: &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	kindText: arrow.BinaryTypes.String,
}

func arrowSchema(fields []field) *arrow.Schema {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		out[i] = arrow.Field{Name: f.name, Type: arrowTypes[f.kind]}
	}
	return arrow.NewSchema(out, nil)
}

// record makes an Arrow record of columns. Columns of numbers share the memory
// of the slices, so the record is valid as long as they are not changed.
func record(schema *arrow.Schema, columns []column, rows int) arrow.Record {
	arrays := make([]arrow.Array, len(columns))
	for i, c := range columns {
		arrays[i] = arrowArray(schema.Field(i).Type, c, rows)
	}
	rec := array.NewRecord(schema, arrays, int64(rows))
	for _, a := range arrays {
		a.Release()
	}
	return rec
}

func arrowArray(t arrow.DataType, c column, rows int) arrow.Array {
	switch values := c.values.(type) {
	case []int64:
		return numbers(t, values)
	case timeColumn:
		return numbers(t, values)
	case []int32:
		return numbers(t, values)
	case []uint32:
		return numbers(t, values)
	case []uint16:
		return numbers(t, values)
	case []uint8:
		return numbers(t, values)
	case []float64:
		return numbers(t, values)
	case []bool:
		b := array.NewBooleanBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.AppendValues(values, nil)
		return b.NewArray()
	case enumColumn:
		return arrowArray(t, column{c.name, values.dictionary()}, rows)
	case nullColumn:
		return arrowArray(t, column{c.name, values.values()}, rows)
	case dictionaryColumn:
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.Reserve(rows)
		for _, index := range values.index {
			b.Append(values.list[index])
		}
		return b.NewArray()
	}
	panic(fmt.Sprintf("table: column %s has values of type %T", c.name, c.values)) // unreachable: kinds are closed
}

// numbers wraps a slice as an Arrow array without a copy.
func numbers[T integer | float64](t arrow.DataType, values []T) arrow.Array {
	var raw []byte
	if len(values) > 0 {
		raw = unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(values[0])))
	}
	data := array.NewData(t, len(values), []*memory.Buffer{nil, memory.NewBufferBytes(raw)}, nil, 0, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// fromRecord copies an Arrow record into columns. Nulls become zero, empty text
// or, in a column of floats, not a number.
func fromRecord(rec arrow.Record) ([]column, error) {
	columns := make([]column, rec.NumCols())
	for i, a := range rec.Columns() {
		name := rec.ColumnName(i)
		if int64(a.Len()) != rec.NumRows() {
			return nil, fmt.Errorf("column %s has %d rows of %d", name, a.Len(), rec.NumRows())
		}
		values, err := fromArray(a)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		columns[i] = column{name, values}
	}
	return columns, nil
}

func fromArray(a arrow.Array) (any, error) {
	switch a := a.(type) {
	case *array.Int64:
		return copied(a, a.Int64Values()), nil
	case *array.Int32:
		return copied(a, a.Int32Values()), nil
	case *array.Int16:
		return widened[int32](a, a.Int16Values()), nil
	case *array.Int8:
		return widened[int32](a, a.Int8Values()), nil
	case *array.Uint64:
		return fromUint64(a)
	case *array.Uint32:
		return copied(a, a.Uint32Values()), nil
	case *array.Uint16:
		return copied(a, a.Uint16Values()), nil
	case *array.Uint8:
		return copied(a, a.Uint8Values()), nil
	case *array.Float64:
		return fromFloats(a, a.Float64Values()), nil
	case *array.Float32:
		return fromFloats(a, a.Float32Values()), nil
	case *array.Boolean:
		if data := a.Data(); a.Len() > 8*data.Buffers()[1].Len() {
			return nil, fmt.Errorf("%d truth values in %d bytes", a.Len(), data.Buffers()[1].Len())
		}
		out := make([]bool, a.Len())
		for i := range out {
			out[i] = a.IsValid(i) && a.Value(i)
		}
		return out, nil
	case *array.Timestamp:
		return fromTimestamps(a)
	case *array.String:
		return fromText(a), nil
	case *array.LargeString:
		return fromText(a), nil
	case *array.Dictionary:
		return fromDictionary(a)
	}
	return nil, fmt.Errorf("type %s is not read", a.DataType())
}

func fromUint64(a *array.Uint64) (any, error) {
	out := make([]int64, a.Len())
	for i, v := range a.Uint64Values() {
		if !a.IsValid(i) {
			continue
		}
		if out[i] = int64(v); out[i] < 0 {
			return nil, fmt.Errorf("row %d: %d is more than fits", i, v)
		}
	}
	return out, nil
}

func copied[T integer](a arrow.Array, values []T) []T {
	out := make([]T, len(values))
	copy(out, values)
	return zeroNulls(a, out)
}

func widened[T int32, S int16 | int8](a arrow.Array, values []S) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = T(v)
	}
	return zeroNulls(a, out)
}

func zeroNulls[T integer](a arrow.Array, values []T) []T {
	if a.NullN() > 0 {
		for i := range values {
			if a.IsNull(i) {
				values[i] = 0
			}
		}
	}
	return values
}

// joined appends the values of a column's next chunk.
func joined(values, more any) any {
	switch v := values.(type) {
	case nil:
		return more
	case []int64:
		return append(v, more.([]int64)...)
	case timeColumn:
		return append(v, more.(timeColumn)...)
	case []int32:
		return append(v, more.([]int32)...)
	case []uint32:
		return append(v, more.([]uint32)...)
	case []uint16:
		return append(v, more.([]uint16)...)
	case []uint8:
		return append(v, more.([]uint8)...)
	case []bool:
		return append(v, more.([]bool)...)
	case []float64:
		return append(v, more.([]float64)...)
	case dictionaryColumn:
		next, base := more.(dictionaryColumn), uint32(len(v.list))
		v.list = append(v.list, next.list...)
		for _, at := range next.index {
			v.index = append(v.index, at+base)
		}
		return v
	}
	return values
}
