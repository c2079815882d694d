package main

import (
	"fmt"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/saved"
)

// amount returns how much to draw, with what the first run's configuration says where
// the options leave it open. Without --seed the seed is the one after the run's own, so
// as not to draw the same flows again.
func (c *command) amount(o *generateOptions, first config.Experiment) (a saved.Amount, err error) {
	a = saved.Amount{Flows: int(o.flows), Packets: int64(o.packets), Duration: time.Duration(o.duration), RateFactor: float64(o.rateFactor)}
	if a.RateFactor == 0 {
		a.RateFactor = first.Generate.RateFactor
	}
	start := first.Generate.Start
	if o.start != "" {
		if start, err = time.Parse(time.RFC3339Nano, o.start); err != nil {
			return a, usageError{fmt.Errorf("generate: --start %q: want a time like 2026-01-31T12:00:00Z", o.start)}
		}
	}
	if !start.IsZero() {
		a.Start = start.UnixNano()
	}
	a.Seed, err = c.seedOr(first.Seed + 1)
	return a, err
}
