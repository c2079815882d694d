package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// Take is which backend to take for a model.
type Take struct {
	Model   string  `json:"model"`
	Backend string  `json:"backend"`
	Ratio   float64 `json:"ratio"`           // of its rate to the next one's; 0 where it is the only one
	Clear   bool    `json:"clear"`           // whether every backend was timed, and the ratio is larger than both spreads explain
	Other   string  `json:"other,omitempty"` // the next one
}

// Takes returns the fastest backend of each model that was measured.
func (m Measurement) Takes() []Take {
	var takes []Take
	for _, w := range models() {
		var timed []Timing
		all := true
		for _, t := range m.Timings {
			switch {
			case t.Model != w.model:
			case t.Problem == "":
				timed = append(timed, t)
			default:
				all = false
			}
		}
		if len(timed) == 0 {
			continue
		}
		slices.SortStableFunc(timed, func(a, b Timing) int {
			if a.Rate > b.Rate {
				return -1
			}
			return 1
		})
		take := Take{Model: w.model, Backend: timed[0].Backend, Clear: all}
		if len(timed) > 1 {
			next := timed[1]
			take.Other, take.Ratio = next.Backend, timed[0].Rate/next.Rate
			take.Clear = all && take.Ratio > (1+timed[0].Spread)*(1+next.Spread)
		}
		takes = append(takes, take)
	}
	return takes
}

// Fastest is the highest rate of a model on any backend.
func (m Measurement) Fastest(model string) float64 {
	fastest := 0.0
	for _, t := range m.Timings {
		if t.Model == model {
			fastest = max(fastest, t.Rate)
		}
	}
	return fastest
}

// Advice says in a line or two which backend to take. A run computes on one, so where
// models differ it names those of each.
func (m Measurement) Advice() string {
	of := make(map[string][]string)
	var names, open []string
	for _, t := range m.Takes() {
		if !t.Clear {
			open = append(open, t.Model)
			continue
		}
		if len(of[t.Backend]) == 0 {
			names = append(names, t.Backend)
		}
		of[t.Backend] = append(of[t.Backend], t.Model)
	}
	var lines []string
	switch len(names) {
	case 0:
	case 1:
		lines = append(lines, fmt.Sprintf("take %s: it is the fastest for %s", names[0], strings.Join(of[names[0]], "; ")))
	default:
		for _, name := range names {
			lines = append(lines, fmt.Sprintf("take %s for %s", name, strings.Join(of[name], "; ")))
		}
		lines = append(lines, "a run computes on one backend (--backend): take that of the model that its plan spends most time on")
	}
	if len(open) > 0 {
		lines = append(lines, "not clear, since the spread is too large or a backend was not timed: "+strings.Join(open, "; "))
	}
	return strings.Join(lines, "\n")
}
