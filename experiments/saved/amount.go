package saved

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
)

// Amount is how much to draw: it ends at the first of its bounds, of which one
// must be given unless dynamics are followed, which end, too.
type Amount struct {
	Flows      int           `json:"flows"`              // of all applications together; 0: no bound
	Packets    int64         `json:"packets"`            // end after the flow that reaches so many; 0: no bound
	Duration   time.Duration `json:"duration"`           // no flow starts later than this after the first; 0: no bound
	RateFactor float64       `json:"rate_factor"`        // flows a second, as a multiple of the training's; 0: 1
	Observed   bool          `json:"observed,omitempty"` // of the parts of one run: each has the flows that it had, from the time on at which it began
	Seed       uint64        `json:"seed"`               // of every choice
	Start      int64         `json:"start"`              // of the first flow, nanoseconds since 1970-01-01 UTC; 0: that of the first part's dynamics or training
}

// check returns an error for the first bound that makes no sense. bounded says that there
// is an end without one.
func (a *Amount) check(bounded bool) error {
	switch {
	case a.Flows < 0 || a.Packets < 0 || a.Duration < 0:
		return fmt.Errorf("saved: %d flows, %d packets, %s: want more than 0", a.Flows, a.Packets, a.Duration)
	case !bounded && a.Flows == 0 && a.Packets == 0 && a.Duration == 0:
		return errors.New("saved: no flows, packets or duration: want one of them, for it has no end")
	case a.RateFactor < 0 || math.IsNaN(a.RateFactor) || math.IsInf(a.RateFactor, 0):
		return fmt.Errorf("saved: rate factor %g: want a number above 0", a.RateFactor)
	}
	return nil
}

// With returns the amount with what it leaves open as a run's configuration has it: the
// rate, the start, and the seed, which is the one after the run's own so as not to draw the
// same flows again.
func (a Amount) With(e config.Experiment) Amount {
	if a.RateFactor == 0 {
		a.RateFactor = e.Generate.RateFactor
	}
	if a.Start == 0 && !e.Generate.Start.IsZero() {
		a.Start = e.Generate.Start.UnixNano()
	}
	if a.Seed == 0 {
		a.Seed = e.Seed + 1
	}
	return a
}
