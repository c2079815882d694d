package feature

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Encoder encodes rows by a fitted schema. It may be used by several goroutines.
type Encoder struct {
	// Warnings are doubts about the fit: columns that are constant.
	Warnings []error

	schema Schema
}

// NewEncoder makes an encoder of a fitted schema.
func NewEncoder(fitted Schema) (*Encoder, error) {
	e := &Encoder{schema: fitted}
	names := make(map[string]bool)
	var errs []error
	for i := range fitted.Columns {
		c := &fitted.Columns[i]
		if err := c.validate(); err != nil {
			errs = append(errs, err)
		}
		if names[c.Name] {
			errs = append(errs, fmt.Errorf("feature: column %s stands twice in the schema", c.Name))
		}
		names[c.Name] = true
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

// Encode appends the codes of a row, each in [0, 1], to dst. Row must hold a value
// per column.
func (e *Encoder) Encode(dst, row []float64) []float64 {
	for i, value := range row[:len(e.schema.Columns)] {
		dst = append(dst, e.schema.Columns[i].Encode(value))
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
	*e = *read
	return nil
}
