package aggregate

import (
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestEvenlySpaced checks that rows keep their order, that none comes twice, and that they
// are all there where there are few.
func TestEvenlySpaced(t *testing.T) {
	for _, row := range []struct{ rows, most, want int }{{1, 0, 1}, {5, 0, 5}, {5, 5, 5}, {5, 8, 5}, {6, 5, 5}, {1000, 7, 7}, {7, 1, 1}} {
		x := mat.NewDense(row.rows, 2, nil)
		for i := range row.rows {
			x.Set(i, 0, float64(i))
			x.Set(i, 1, -float64(i))
		}
		some := evenlySpaced(x, row.most)
		n, columns := some.Dims()
		if n != row.want || columns != 2 {
			t.Errorf("%d rows, at most %d: %d rows of %d columns, want %d of 2", row.rows, row.most, n, columns, row.want)
			continue
		}
		for i := range n {
			at := some.At(i, 0)
			if some.At(i, 1) != -at || i > 0 && at <= some.At(i-1, 0) {
				t.Errorf("%d rows, at most %d: row %d is %v", row.rows, row.most, i, some.RawRowView(i))
			}
			if want := float64(i) * float64(row.rows) / float64(n); at > want || at <= want-1 {
				t.Errorf("%d rows, at most %d: row %d is row %v, want about %v", row.rows, row.most, i, at, want)
			}
		}
	}
}
