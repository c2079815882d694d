package listing

import (
	"cmp"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/fidelity"
)

// Orders are the columns of a list by which Sort can order runs, beside the scores.
var Orders = []string{"run", "status", "started", "took", "generator"}

// Sort orders runs by one of Orders or by a score, named level/name, and reports whether
// there is such an order. Runs without a value come last in either direction.
func Sort(runs []Run, order string, descending bool) bool {
	compare, lacks := comparison(order)
	if compare == nil {
		return false
	}
	slices.SortStableFunc(runs, func(a, b Run) int {
		switch {
		case lacks(a) || lacks(b):
			return cmp.Compare(rank(lacks(a)), rank(lacks(b)))
		case descending:
			return compare(b, a)
		}
		return compare(a, b)
	})
	return true
}

// comparison returns how two runs compare in an order, and which runs have no place in
// it; nil: there is no such order.
func comparison(order string) (compare func(a, b Run) int, lacks func(Run) bool) {
	all := func(Run) bool { return false }
	switch order {
	case "run":
		return func(a, b Run) int { return strings.Compare(a.Manifest.Ref(), b.Manifest.Ref()) }, all
	case "status":
		return func(a, b Run) int { return strings.Compare(string(a.Status), string(b.Status)) }, all
	case "started":
		return func(a, b Run) int { return a.Started.Compare(b.Started) }, all
	case "took":
		return func(a, b Run) int { return cmp.Compare(a.Seconds, b.Seconds) }, func(r Run) bool { return r.Seconds == 0 }
	case "generator":
		return func(a, b Run) int { return strings.Compare(a.Generator, b.Generator) }, all
	}
	for _, d := range fidelity.Definitions() {
		if order == d.Level+"/"+d.Name {
			return func(a, b Run) int { return cmp.Compare(*a.Score(d), *b.Score(d)) }, func(r Run) bool { return r.Score(d) == nil }
		}
	}
	return nil, nil
}

// rank puts what lacks a value behind what has one.
func rank(lacks bool) int {
	if lacks {
		return 1
	}
	return 0
}
