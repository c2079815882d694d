package forest

import "slices"

// maxCodes is the number of classes that a column is coded into at most: 64
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

func encode(x [][]float64, y []bool) *codedTable {
	t := &codedTable{rows: len(x), labels: y}
	values := make([]float64, len(x))
	for j := range x[0] {
		for i := range x {
			values[i] = x[i][j]
		}
		slices.Sort(values)
		low, high := classes(values)
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
// of about equal weight where there are more than maxCodes distinct values.
func classes(sorted []float64) (lowest, greatest []float64) {
	distinct := 1
	for i := 1; i < len(sorted); i++ {
		if sorted[i] != sorted[i-1] {
			distinct++
		}
	}
	weight := 1 // rows that a class has to reach before the next one starts
	if distinct > maxCodes {
		weight = (len(sorted) + maxCodes - 1) / maxCodes
	}
	begin := 0
	for i := 1; i <= len(sorted); i++ {
		if i < len(sorted) && (sorted[i] == sorted[i-1] || i-begin < weight) {
			continue
		}
		lowest = append(lowest, sorted[begin])
		greatest = append(greatest, sorted[i-1])
		begin = i
	}
	return lowest, greatest
}
