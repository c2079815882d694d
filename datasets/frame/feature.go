package frame

import (
	"fmt"
	"iter"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Features returns NeCSTGen's features of the packets of one application (algorithm.md
// sections 3 to 5): as they are, and as the codes in [0, 1] that models take. The stream is
// read twice, to fit the codes and to compute them.
func Features(packets iter.Seq2[flow.Packet, error], variant feature.Variant) (values, codes *Frame) {
	schema, err := variant.Schema(feature.Compat{})
	if err != nil {
		return &Frame{err: err}, &Frame{err: err}
	}
	rows := feature.Extract(packets, variant, feature.Compat{})
	encoder, err := feature.Fit(schema, rows)
	if err != nil {
		return &Frame{err: err}, &Frame{err: err}
	}
	values = Rows(schema.Names(), rows)
	codes = Rows(schema.Names(), func(yield func([]float64, error) bool) {
		var code []float64
		for row, err := range rows {
			if err == nil {
				code = encoder.Encode(code[:0], row)
			}
			if !yield(code, err) {
				return
			}
		}
	})
	return values, codes
}

// Matrix returns columns of numbers as a matrix [rows, columns], of all columns if none is
// named.
func (f *Frame) Matrix(names ...string) (*mat.Dense, error) {
	if len(names) == 0 {
		names = f.Columns()
	}
	if f.err != nil {
		return nil, f.err
	}
	if f.Len() == 0 || len(names) == 0 {
		return nil, fmt.Errorf("frame: a matrix of %d rows and %d columns: want at least one of both", f.Len(), len(names))
	}
	x := mat.NewDense(f.Len(), len(names), nil)
	for i, name := range names {
		values, err := f.Floats(name)
		if err != nil {
			return nil, err
		}
		x.SetCol(i, values)
	}
	return x, nil
}
