package main

import (
	"slices"
	"strings"
)

// shorten cuts ids to as many digits as tell all of the table apart, at least four, and
// times to days.
func (t *runTable) shorten() {
	run, started := slices.Index(t.heads, "RUN"), slices.Index(t.heads, "STARTED")
	digits := t.digits(run)
	for _, row := range t.rows {
		experiment, id, _ := strings.Cut(row[run], "/")
		row[run] = experiment + "/" + id[:min(len(id), digits)]
		if started >= 0 {
			row[started], _, _ = strings.Cut(row[started], " ")
		}
	}
}

// digits returns how many digits of their ids tell runs apart.
func (t *runTable) digits(run int) int {
	for n := 4; ; n++ {
		seen, apart, longest := map[string]bool{}, true, 0
		for _, row := range t.rows {
			experiment, id, _ := strings.Cut(row[run], "/")
			short := experiment + "/" + id[:min(len(id), n)]
			apart = apart && !seen[short]
			seen[short] = true
			longest = max(longest, len(id))
		}
		if apart || n >= longest {
			return n
		}
	}
}
