package fidelity

import (
	"encoding/binary"
	"math"
)

// foldGroups returns a group for each row; rows of one group have to be in one fold.
// Identical rows are a group, because a duplicate of the other class pushes the
// AUC below 0.5, and so are the rows of one flow, because overlapping windows give
// their neighbours away. If that makes a group larger than a fold, only identical
// rows are grouped.
func foldGroups(x [][]float64, flows []int, folds int) (groups []int, note string) {
	parent := make([]int, len(x))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	identical := make(map[string]int, len(x))
	for i, values := range x {
		key := bytesOf(values)
		if first, ok := identical[key]; ok {
			parent[find(i)] = find(first)
		} else {
			identical[key] = i
		}
	}
	byValue := make([]int, len(x))
	for i := range x {
		byValue[i] = find(i)
	}
	firstOf := map[int]int{}
	size := map[int]int{}
	largest := 0
	for i, f := range flows {
		if first, ok := firstOf[f]; ok {
			parent[find(i)] = find(first)
		} else {
			firstOf[f] = i
		}
	}
	groups = make([]int, len(x))
	for i := range x {
		groups[i] = find(i)
		size[groups[i]]++
		largest = max(largest, size[groups[i]])
	}
	if largest > len(x)/folds {
		return byValue, "identical rows tie most flows together: folds cut flows"
	}
	return groups, ""
}

// bytesOf is a row as a map key.
func bytesOf(values []float64) string {
	key := make([]byte, 0, 8*len(values))
	for _, v := range values {
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v))
	}
	return string(key)
}
