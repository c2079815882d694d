package fidelity

import (
	"fmt"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Claim makes the flows of a synthetic capture the flows to score. Such a capture
// is meant to be of some applications as a whole, and each flow gets the name of its own;
// what is not recognised as one of them by its ports and first bytes is scored like the
// rest, because a generator's mistakes count against it: as the application where there is
// one, and else among all. The warning says how many flows that are; it is nil if there
// are none. Every command that scores a capture calls Claim, so that all give it the same
// scores.
func Claim(synthetic []*flow.Flow, apps flow.Applications) (warning error) {
	unrecognised := 0
	for _, f := range synthetic {
		if apps.Label(f) {
			continue
		}
		unrecognised++
		if len(apps) == 1 {
			f.Application = apps[0]
		}
	}
	if unrecognised == 0 {
		return nil
	}
	return fmt.Errorf("%d of the %d synthetic flows are not recognised as %s by their ports and first bytes", unrecognised, len(synthetic), apps)
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
