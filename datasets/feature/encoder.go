package feature

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
)

// Encoder encodes rows by a fitted schema. It may be used by several goroutines.
type Encoder struct {
	// Warnings are doubts about the fit: columns that are constant.
	Warnings []error

	schema Schema
	index  map[string]int
	odd    []oddities
}

// oddities count the odd values of a column.
type oddities struct{ outside, unseen atomic.Int64 }

// NewEncoder makes an encoder of a fitted schema.
func NewEncoder(fitted Schema) (*Encoder, error) {
	e := &Encoder{schema: fitted, index: make(map[string]int), odd: make([]oddities, len(fitted.Columns))}
	var errs []error
	for i := range fitted.Columns {
		c := &fitted.Columns[i]
		if err := c.validate(); err != nil {
			errs = append(errs, err)
		}
		if _, ok := e.index[c.Name]; ok {
			errs = append(errs, fmt.Errorf("feature: column %s stands twice in the schema", c.Name))
		}
		e.index[c.Name] = i
		if c.Constant() {
			e.Warnings = append(e.Warnings, fmt.Errorf("feature: column %s is constant: its code is always 0", c.Name))
		}
	}
	return e, errors.Join(errs...)
}

// Schema is the fitted schema. Do not change it.
func (e *Encoder) Schema() *Schema { return &e.schema }

// Width is the number of columns.
func (e *Encoder) Width() int { return len(e.schema.Columns) }

// Column is the column of a name, nil if there is none.
func (e *Encoder) Column(name string) *Column {
	i, ok := e.index[name]
	if !ok {
		return nil
	}
	return &e.schema.Columns[i]
}

// Encode appends the codes of a row, each in [0, 1], to dst. Odd values are
// counted (see Odd). Row must hold a value per column.
func (e *Encoder) Encode(dst, row []float64) []float64 {
	for i, value := range row[:len(e.schema.Columns)] {
		code, what := e.schema.Columns[i].encode(value)
		switch what {
		case outside:
			e.odd[i].outside.Add(1)
		case unseen:
			e.odd[i].unseen.Add(1)
		}
		dst = append(dst, code)
	}
	return dst
}

// DecodeRow appends the values of a row of codes to dst.
func (e *Encoder) DecodeRow(dst, codes []float64) []float64 {
	for i, code := range codes[:len(e.schema.Columns)] {
		dst = append(dst, e.schema.Columns[i].Decode(code))
	}
	return dst
}

// Decode is the value of the named column in a row of codes.
func (e *Encoder) Decode(name string, codes []float64) (float64, error) {
	i, ok := e.index[name]
	if !ok {
		return 0, fmt.Errorf("feature: no column %q", name)
	}
	if i >= len(codes) {
		return 0, fmt.Errorf("feature: row of %d codes: want %d", len(codes), len(e.schema.Columns))
	}
	return e.schema.Columns[i].Decode(codes[i]), nil
}

// Oddity counts the values of a column that its fit had not seen.
type Oddity struct {
	Column  string `json:"column"`
	Outside int64  `json:"outside"` // numbers out of range, encoded as the nearer end
	Unseen  int64  `json:"unseen"`  // classes that the fit did not have
}

// Odd lists the columns that were given odd values so far.
func (e *Encoder) Odd() []Oddity {
	var list []Oddity
	for i := range e.odd {
		o := Oddity{e.schema.Columns[i].Name, e.odd[i].outside.Load(), e.odd[i].unseen.Load()}
		if o.Outside > 0 || o.Unseen > 0 {
			list = append(list, o)
		}
	}
	return list
}

// MarshalJSON writes the fitted schema.
func (e *Encoder) MarshalJSON() ([]byte, error) { return json.Marshal(&e.schema) }

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Encoder) UnmarshalJSON(text []byte) error {
	var s Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("feature: schema: %w", err)
	}
	read, err := NewEncoder(s)
	if err != nil {
		return err
	}
	e.Warnings, e.schema, e.index, e.odd = read.Warnings, read.schema, read.index, read.odd
	return nil
}
