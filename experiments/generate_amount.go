package main

import (
	"fmt"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/saved"
)

// amount returns how much to draw, with what the first run's configuration says where
// the options leave it open, as Amount.With has it.
func (c *command) amount(o *generateOptions, first config.Experiment) (a saved.Amount, err error) {
	a = saved.Amount{Flows: int(o.flows), Packets: int64(o.packets), Duration: time.Duration(o.duration), RateFactor: float64(o.rateFactor)}
	if o.start != "" {
		start, err := time.Parse(time.RFC3339Nano, o.start)
		if err != nil {
			return a, usageError{fmt.Errorf("generate: --start %q: want a time like 2026-01-31T12:00:00Z", o.start)}
		}
		a.Start = start.UnixNano()
	}
	a = a.With(first)
	a.Seed, err = c.seedOr(a.Seed)
	return a, err
}
