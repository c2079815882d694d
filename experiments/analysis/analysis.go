// Package analysis is NeCSTGen's analyses of real and generated traffic, corrected
// (algorithm.md section 11, A1 to A27): each a function from the traffic of a real
// side and of one or more generated ones to numbers and figures.
//
//	List     the analyses, in the paper's order
//	Run      the results of some or all of them
//	Side     a name and its Traffic, and the Latent space of a run
//	Write    a page of results; WriteFigures its pictures as files
//
// The report of a run, the command analyse and notebooks show the same results. An
// analysis that does not apply says why: there are no flows, no TCP flags, no radio,
// no run. A generated side that lacks what an analysis needs is left out of it with
// the reason, and keeps its colour in the others.
//
// What the original computes wrongly is computed as it is meant; Corrected says what
// that is, and the number of the defect in algorithm.md section 14.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/necstgen/necstgen/experiments/figure"
)

// Side is one side of a comparison.
type Side struct {
	Name    string
	Traffic *Traffic
	Latent  *Latent // of the run's model; nil: there is none

	look int // 0 real, then the generated sides in their order
}

// Analysis is an entry of the list.
type Analysis struct {
	ID        string // A1 to A27, as in algorithm.md section 11
	Name      string // one word, for commands and file names
	Title     string
	Meaning   string // one sentence
	Corrected string // what the original does otherwise; empty: nothing

	needs   []need
	model   bool // it is of the models of generated sides, not of traffic
	compute func(r *Result, sides []*Side) error
}

// Needs lists what the analysis needs of each side, in words.
func (a *Analysis) Needs() []string {
	words := make([]string, len(a.needs))
	for i, n := range a.needs {
		words[i] = n.words
	}
	return words
}

// Result is what an analysis comes to.
type Result struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Title     string    `json:"title"`
	Meaning   string    `json:"meaning"`
	Corrected string    `json:"corrected,omitempty"`
	Absent    string    `json:"absent,omitempty"` // why there is no result
	Sides     []string  `json:"sides,omitempty"`  // whose values the measures have, the real one first
	LeftOut   []string  `json:"left_out,omitempty"`
	Measures  []Measure `json:"measures,omitempty"`

	Figures []*figure.Figure `json:"-"` // named after the analysis
}

// Measure is one number of every side.
type Measure struct {
	Quantity  string  `json:"quantity"`  // "packet length"
	Statistic string  `json:"statistic"` // "median", "share", "KS to real"
	Unit      string  `json:"unit,omitempty"`
	Values    []Value `json:"values"` // in the order of the result's sides

	Short bool `json:"-"` // it stands in the short table of a terminal
}

// Value is a number, and the 95 % interval that was computed for it.
type Value struct {
	Value *float64 `json:"value"` // nil: this side has none
	Low   *float64 `json:"low,omitempty"`
	High  *float64 `json:"high,omitempty"`
}

// Find returns the analysis of that name or ID. The error lists the names.
func Find(name string) (*Analysis, error) {
	list := List()
	for i := range list {
		if name == list[i].Name || strings.EqualFold(name, list[i].ID) {
			return &list[i], nil
		}
	}
	return nil, fmt.Errorf("analysis: unknown analysis %q: want one of %s", name, strings.Join(Names(), ", "))
}

// Names lists the names of the analyses in their order.
func Names() []string {
	var names []string
	for _, a := range List() {
		names = append(names, a.Name)
	}
	return names
}

// Run returns the results of the analyses that only names, of all if it names none,
// in the order of List. The same arguments give the same results. It ends between
// two analyses when ctx does.
func Run(ctx context.Context, real Side, generated []Side, only []string) ([]*Result, error) {
	chosen := map[string]bool{}
	for _, name := range only {
		a, err := Find(name)
		if err != nil {
			return nil, err
		}
		chosen[a.ID] = true
	}
	sides := []*Side{&real}
	for i := range generated {
		sides = append(sides, &generated[i])
		sides[i+1].look = i + 1
	}
	var results []*Result
	for _, a := range List() {
		if len(only) > 0 && !chosen[a.ID] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, err := a.run(sides)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// run computes the analysis of those sides that have what it needs.
func (a *Analysis) run(sides []*Side) (*Result, error) {
	r := &Result{ID: a.ID, Name: a.Name, Title: a.Title, Meaning: a.Meaning, Corrected: a.Corrected}
	if a.model {
		sides = sides[1:]
	}
	var kept []*Side
	for i, s := range sides {
		lack := a.lack(s)
		switch {
		case lack == "":
			kept = append(kept, s)
		case i == 0 && !a.model:
			r.Absent = lack
			return r, nil
		default:
			r.LeftOut = append(r.LeftOut, s.Name+": "+lack)
		}
	}
	if len(kept) == 0 || !a.model && len(kept) == 1 && len(sides) > 1 {
		r.Absent, r.LeftOut = strings.Join(r.LeftOut, "; "), nil
		return r, nil
	}
	for _, s := range kept {
		r.Sides = append(r.Sides, s.Name)
		if !a.model {
			continue
		}
		if err := s.Latent.Check(); err != nil {
			return nil, fmt.Errorf("analysis: %s: %s: %w", a.Name, s.Name, err)
		}
	}
	err := a.compute(r, kept)
	if errors.Is(err, figure.ErrNoValues) {
		return &Result{ID: a.ID, Name: a.Name, Title: a.Title, Meaning: a.Meaning, Corrected: a.Corrected, Absent: strings.TrimPrefix(err.Error(), "figure: ")}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("analysis: %s: %w", a.Name, err)
	}
	return r, nil
}

// lack returns what a side lacks, with its reason; empty: nothing.
func (a *Analysis) lack(s *Side) string {
	for _, n := range a.needs {
		if why := n.lack(s); why != "" {
			return why
		}
	}
	return ""
}

// draw takes a figure into the result. Its name is that of the analysis with, unless
// more is empty, a word more.
func (r *Result) draw(more, caption string, f *figure.Figure, err error) error {
	if err != nil {
		return err
	}
	f.Name, f.Caption = r.Name, caption
	if more != "" {
		f.Name += "-" + more
	}
	r.Figures = append(r.Figures, f)
	return nil
}

// add takes a measure with one value a side into the result.
func (r *Result) add(quantity, statistic, unit string, short bool, values ...float64) {
	m := Measure{Quantity: quantity, Statistic: statistic, Unit: unit, Short: short}
	for _, v := range values {
		m.Values = append(m.Values, Value{Value: number(v)})
	}
	r.Measures = append(r.Measures, m)
}

// number returns a pointer to v, nil where v is not a finite number.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// thousands writes a whole number with commas.
func thousands[N int | int64](n N) string { return figure.Thousands(n) }
