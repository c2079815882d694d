package classifier

import "slices"

// maxCodes is the number of classes that a forest codes a column into at most: 64
// words of 64 bits, which a one-word summary bitmap covers.
const maxCodes = 64 * 64

// codedTable is a training table by columns, each value replaced by its class.
type codedTable struct {
	rows   int
	labels []bool
	codes  [][]uint16  // [columns][rows]
	lowest [][]float64 // [columns][classes], the least value of each class
	most   [][]float64 // [columns][classes], the greatest
}

// encode codes each column into at most so many classes.
func encode(x [][]float64, y []bool, most int) *codedTable {
	t := &codedTable{rows: len(x), labels: y}
	values := make([]float64, len(x))
	for j := range x[0] {
		for i := range x {
			values[i] = x[i][j]
		}
		slices.Sort(values)
		low, high := classes(values, most)
		codes := make([]uint16, len(x))
		for i := range x {
			code, found := slices.BinarySearch(low, x[i][j])
			if !found {
				code--
			}
			codes[i] = uint16(code)
		}
		t.codes = append(t.codes, codes)
		t.lowest = append(t.lowest, low)
		t.most = append(t.most, high)
	}
	return t
}

// classes cuts sorted values into one class per distinct value, or into classes
// of equal weight where there are more than most distinct values: cut where
// scikit-learn cuts, at the percentiles k/most.
func classes(sorted []float64, most int) (lowest, greatest []float64) {
	distinct := 1
	for i := 1; i < len(sorted); i++ {
		if sorted[i] != sorted[i-1] {
			distinct++
		}
	}
	if distinct <= most {
		most = len(sorted) // each value may begin a class
	}
	begin, boundary := 0, 1
	for i := 1; i <= len(sorted); i++ {
		if i < len(sorted) && (sorted[i] == sorted[i-1] || i < boundary*(len(sorted)-1)/most+1) {
			continue
		}
		for boundary <= most && boundary*(len(sorted)-1)/most+1 <= i {
			boundary++
		}
		lowest = append(lowest, sorted[begin])
		greatest = append(greatest, sorted[i-1])
		begin = i
	}
	return lowest, greatest
}
