package table

import (
	"fmt"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// rowColumn is a column of a table whose rows are R: its name and type, how it is
// read and how it is written. A list of them is all that a table is.
type rowColumn[R any] struct {
	name   string
	kind   kind
	set    setter[R]          // writes a batch's values into rows; nil: the rows have no such field
	gather func() gatherer[R] // makes the column of a batch of rows; nil: the table has a writer of its own
}

// fieldsOf are the names and types of columns.
func fieldsOf[R any](columns []rowColumn[R]) []field {
	fields := make([]field, len(columns))
	for i, c := range columns {
		fields[i] = field{c.name, c.kind}
	}
	return fields
}

// kindsOf are the types of columns by their names.
func kindsOf[R any](columns []rowColumn[R]) map[string]kind {
	kinds := make(map[string]kind, len(columns))
	for _, c := range columns {
		kinds[c.name] = c.kind
	}
	return kinds
}

// setter writes a column's values into rows.
type setter[R any] func(rows []R, c column) error

// gatherer makes a column of one value of each row.
type gatherer[R any] interface {
	add(r *R)
	values() any // shares the gatherer's memory
	reset()
}

// number is a column of whole numbers, at says where a row keeps it. T has the size
// and sign of the kind.
func number[R any, T integer](name string, k kind, at func(*R) *T) rowColumn[R] {
	return rowColumn[R]{name, k, setNumber(func(r *R, v T) { *at(r) = v }), func() gatherer[R] {
		return &valueGatherer[R, T]{get: func(r *R) T { return *at(r) }, time: k == kindTime}
	}}
}

// float is a column of numbers that may be missing.
func float[R any](name string, at func(*R) *float64) rowColumn[R] {
	return rowColumn[R]{name, kindFloat64, setFloat(func(r *R, v float64) { *at(r) = v }), func() gatherer[R] {
		return &valueGatherer[R, float64]{get: func(r *R) float64 { return *at(r) }}
	}}
}

// text is a column of texts, each of which is parsed once a batch.
func text[R, V any](name string, parse func(string) (V, error), set func(*R, V), get func(*R) string) rowColumn[R] {
	return rowColumn[R]{name, kindText, setText(parse, set), func() gatherer[R] { return &textGatherer[R]{get: get} }}
}

// valueGatherer gathers numbers.
type valueGatherer[R, T any] struct {
	get  func(*R) T
	list []T
	time bool // the numbers are times
}

func (g *valueGatherer[R, T]) add(r *R) { g.list = append(g.list, g.get(r)) }
func (g *valueGatherer[R, T]) reset()   { g.list = g.list[:0] }

func (g *valueGatherer[R, T]) values() any {
	if g.time {
		return timeColumn(any(g.list).([]int64))
	}
	return g.list
}

// textGatherer gathers texts.
type textGatherer[R any] struct {
	get func(*R) string
	dictionaryBuilder
}

func (g *textGatherer[R]) add(r *R)    { g.dictionaryBuilder.add(g.get(r)) }
func (g *textGatherer[R]) values() any { return g.column }
func (g *textGatherer[R]) reset()      { g.dictionaryBuilder = dictionaryBuilder{} }

// uniqueGatherer gathers texts of which hardly any comes twice, without looking for those
// that do, which would be a third of the cost of a table.
type uniqueGatherer[R any] struct {
	get func(*R) string
	dictionaryColumn
}

func (g *uniqueGatherer[R]) add(r *R) {
	g.index = append(g.index, uint32(len(g.list)))
	g.list = append(g.list, g.get(r))
}
func (g *uniqueGatherer[R]) values() any { return g.dictionaryColumn }
func (g *uniqueGatherer[R]) reset()      { g.index, g.list = g.index[:0], g.list[:0] }

// tupleColumns are the columns of a five-tuple, which packets and flows share.
func tupleColumns[R any](of func(*R) *flow.FiveTuple) []rowColumn[R] {
	src, dst := func(r *R) *netip.AddrPort { return &of(r).Src }, func(r *R) *netip.AddrPort { return &of(r).Dst }
	return []rowColumn[R]{addressColumn("ip_src", src), addressColumn("ip_dst", dst), portColumn("sport", src), portColumn("dport", dst),
		number("protocol", kindUint8, func(r *R) *uint8 { return &of(r).Proto })}
}

func addressColumn[R any](name string, end func(*R) *netip.AddrPort) rowColumn[R] {
	return text(name, parseAddr, func(r *R, v netip.Addr) { *end(r) = netip.AddrPortFrom(v, end(r).Port()) },
		func(r *R) string { return textAddr(end(r).Addr()) })
}

func portColumn[R any](name string, end func(*R) *netip.AddrPort) rowColumn[R] {
	return rowColumn[R]{name, kindUint16, setNumber(func(r *R, v uint16) { *end(r) = netip.AddrPortFrom(end(r).Addr(), v) }),
		func() gatherer[R] { return &valueGatherer[R, uint16]{get: func(r *R) uint16 { return end(r).Port() }} }}
}

func applicationColumn[R any](of func(*R) *flow.Application) rowColumn[R] {
	return text("application", parseApplication, func(r *R, v flow.Application) { *of(r) = v }, func(r *R) string { return of(r).String() })
}

// setNumber sets whole numbers.
func setNumber[R any, T integer](set func(*R, T)) setter[R] {
	return func(rows []R, c column) error {
		values, err := ints[T](c)
		if err != nil {
			return err
		}
		for i := range rows {
			set(&rows[i], values[i])
		}
		return nil
	}
}

// setText sets what parse makes of texts; each text of the column is parsed once.
func setText[R, V any](parse func(string) (V, error), set func(*R, V)) setter[R] {
	return func(rows []R, c column) error {
		in, ok := c.values.(dictionaryColumn)
		if !ok {
			return fmt.Errorf("column %s holds numbers: want text", c.name)
		}
		parsed := make([]V, len(in.list))
		var err error
		for i, text := range in.list {
			if parsed[i], err = parse(text); err != nil {
				return fmt.Errorf("column %s: %w", c.name, err)
			}
		}
		for i := range rows {
			set(&rows[i], parsed[in.index[i]])
		}
		return nil
	}
}

// setFloat sets numbers that may be missing.
func setFloat[R any](set func(*R, float64)) setter[R] {
	return func(rows []R, c column) error {
		values, err := floats(c)
		if err != nil {
			return err
		}
		for i := range rows {
			set(&rows[i], values[i])
		}
		return nil
	}
}

// setBool sets truth values.
func setBool[R any](set func(*R, bool)) setter[R] {
	return func(rows []R, c column) error {
		values, err := bools(c)
		if err != nil {
			return err
		}
		for i := range rows {
			set(&rows[i], values[i])
		}
		return nil
	}
}
