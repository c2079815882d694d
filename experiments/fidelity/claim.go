package fidelity

import (
	"fmt"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Claim makes the flows of a synthetic capture the flows to score. Such a capture
// is meant to be of one application as a whole; what is not recognised as that by
// its ports and first bytes is labelled with it and scored like the rest, because
// a generator's mistakes count against it. The warning says how many flows that
// are; it is nil if there are none. Every command that scores a capture calls
// Claim, so that all give it the same scores.
func Claim(synthetic []*flow.Flow, app flow.Application) (warning error) {
	unrecognised := 0
	for _, f := range synthetic {
		if f.Application != app {
			f.Application = app
			unrecognised++
		}
	}
	if unrecognised == 0 {
		return nil
	}
	return fmt.Errorf("%d of the %d synthetic flows are not recognised as %s by their ports and first bytes", unrecognised, len(synthetic), app)
}

// Applications lists the applications of the real flows, sorted.
func (s Split) Applications() []flow.Application {
	var found []flow.Application
	for _, flows := range [][]*flow.Flow{s.Training, s.HeldOut} {
		for _, f := range flows {
			if !slices.Contains(found, f.Application) {
				found = append(found, f.Application)
			}
		}
	}
	slices.Sort(found)
	return found
}
