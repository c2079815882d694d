package config

import "strings"

// nearest is the candidate with the smallest edit distance to name, or "" when
// none shares more than half of it. A key's last part may stand for the key:
// "units" is near "lstm.units".
func nearest(name string, candidates []string) string {
	best, bestDistance := "", len(name)/2+1
	for _, c := range candidates {
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if i := strings.LastIndexByte(c, '.'); i >= 0 && !strings.Contains(name, ".") {
			d = min(d, distance(strings.ToLower(name), strings.ToLower(c[i+1:])))
		}
		if d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the number of single-letter insertions, deletions, replacements and
// swaps of neighbours that turn a into b (restricted Damerau-Levenshtein).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// suggestion is `; did you mean "x"?`, or nothing without a near candidate.
func suggestion(name string, candidates []string) string {
	if near := nearest(name, candidates); near != "" {
		return "; did you mean \"" + near + "\"?"
	}
	return ""
}
