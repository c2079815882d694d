package table

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"

	"github.com/necstgen/necstgen/datasets/flow"
)

// PacketColumns gathers a stream of packets as the columns of a packet table. Damaged
// records of the stream (errors with a RecordNumber method) are left out; any other error
// is returned.
func PacketColumns(packets iter.Seq2[flow.Packet, error]) ([]Column, error) {
	var held collector[*packetBatch]
	w := PacketWriter{newPipe(&held, func() *packetBatch { return new(packetBatch) })}
	err := writeAll(packets, w.Write, w.Close)
	return held.columns, err
}

// FlowColumns gathers rows of flows, as Assembler.Table gives them, as the columns of a
// flow table. Errors are those of PacketColumns.
func FlowColumns(rows iter.Seq2[flow.TableRow, error]) ([]Column, error) {
	var held collector[*gatheredBatch[flow.TableRow]]
	err := gatherRows(&held, flowColumns, rows)
	return held.columns, err
}

// collector is a sink that keeps the columns of all batches in memory.
type collector[B batch] struct{ columns []Column }

func (c *collector[B]) take(b B) error {
	columns := b.columns()
	for i := range columns {
		columns[i].values = kept(columns[i].values)
	}
	c.columns = appendColumns(c.columns, columns)
	return nil
}

func (c *collector[B]) close() error { return nil }

// kept returns values of a batch as those of a column that outlives it.
func kept(values any) any {
	switch values := values.(type) {
	case enumColumn:
		return values.dictionary()
	case nullColumn:
		return values.values()
	case dictionaryColumn:
		return dictionaryColumn{slices.Clone(values.index), slices.Clone(values.list)}
	case []int64:
		return slices.Clone(values)
	case timeColumn:
		return slices.Clone(values)
	case []int32:
		return slices.Clone(values)
	case []uint32:
		return slices.Clone(values)
	case []uint16:
		return slices.Clone(values)
	case []uint8:
		return slices.Clone(values)
	case []bool:
		return slices.Clone(values)
	case []float64:
		return slices.Clone(values)
	}
	return values
}

// WriteColumns writes a table of columns, which all have as many rows.
func WriteColumns(w io.Writer, format Format, columns []Column) error {
	fields := make([]field, len(columns))
	for i, c := range columns {
		fields[i] = field{c.name, c.kind()}
		if c.Len() != columns[0].Len() {
			return fmt.Errorf("table: column %s has %d rows, column %s has %d: want as many", c.name, c.Len(), columns[0].name, columns[0].Len())
		}
	}
	out, err := newWriter(w, format, fields)
	if err != nil || len(columns) == 0 {
		return err
	}
	for from := 0; from < columns[0].Len(); from += batchRows {
		rows := make([]int, min(batchRows, columns[0].Len()-from))
		for i := range rows {
			rows[i] = from + i
		}
		part := make([]column, len(columns))
		for i, c := range columns {
			part[i] = c.Take(rows).column
		}
		if err := out.write(part, len(rows)); err != nil {
			return err
		}
	}
	return out.close()
}

// ReadColumns reads a whole table into memory; the ending of path gives its format. The
// type of a column of a CSV file is what all its cells can be read as: whole numbers,
// numbers, where an empty cell is one that is missing, times in RFC 3339, or else text.
func ReadColumns(path string) ([]Column, error) {
	format, err := FormatOf(path)
	if err != nil {
		return nil, err
	}
	var kinds map[string]kind
	if format == CSV {
		names, err := Columns(path)
		if err != nil {
			return nil, err
		}
		kinds = make(map[string]kind)
		for _, name := range names {
			kinds[name] = kindText
		}
	}
	in, err := openBatches(path, kinds)
	if err != nil {
		return nil, err
	}
	defer in.close()
	var out []Column
	for {
		columns, _, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		out = appendColumns(out, columns)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("table: %s has no rows", path)
	}
	if format == CSV {
		for i := range out {
			out[i] = out[i].parsed()
		}
	}
	return out, nil
}

// appendColumns appends the rows of a batch, whose memory the result may share.
func appendColumns(out []Column, batch []column) []Column {
	for i, c := range batch {
		if len(out) <= i {
			out = append(out, Column{c})
			continue
		}
		out[i].values = joined(out[i].values, c.values)
	}
	return out
}

// parsed returns a column of texts as one of what all of them can be read as.
func (c Column) parsed() Column {
	texts := c.values.(dictionaryColumn)
	if whole, ok := parsedAll(texts, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }); ok {
		return Integers(c.name, whole)
	}
	if numbers, ok := parsedAll(texts, parseFloat); ok && !slices.Equal(texts.list, []string{""}) {
		return Numbers(c.name, numbers)
	}
	if times, ok := parsedAll(texts, parseTime); ok {
		return Times(c.name, times)
	}
	return c
}

// parsedAll parses each text of a column once; it fails where one cannot be parsed.
func parsedAll[T any](texts dictionaryColumn, parse func(string) (T, error)) ([]T, bool) {
	values := make([]T, len(texts.list))
	for i, text := range texts.list {
		var err error
		if values[i], err = parse(text); err != nil {
			return nil, false
		}
	}
	return taken(values, texts.index), true
}
