package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
)

// amount returns how much to draw, with what the first run's configuration says where
// the options leave it open. Without --seed the seed is the one after the run's own, so
// as not to draw the same flows again.
func (c *command) amount(o *generateOptions, m *run.Manifest) (a saved.Amount, err error) {
	a = saved.Amount{Flows: int(o.flows), Packets: int64(o.packets), Duration: time.Duration(o.duration), RateFactor: float64(o.rateFactor)}
	if a.RateFactor == 0 {
		a.RateFactor = m.Config.Generate.RateFactor
	}
	start := m.Config.Generate.Start
	if o.start != "" {
		if start, err = time.Parse(time.RFC3339Nano, o.start); err != nil {
			return a, usageError{fmt.Errorf("generate: --start %q: want a time like 2026-01-31T12:00:00Z", o.start)}
		}
	}
	if !start.IsZero() {
		a.Start = start.UnixNano()
	}
	a.Seed, err = c.seedOr(m.Config.Seed + 1)
	return a, err
}

// seedOr returns the value of --seed, or another seed where it is not given.
func (c *command) seedOr(other uint64) (uint64, error) {
	if c.seed == "" {
		return other, nil
	}
	n, err := strconv.ParseUint(c.seed, 0, 64)
	if err != nil {
		return 0, usageError{fmt.Errorf("--seed %q: want a whole number of at least 0", c.seed)}
	}
	return n, nil
}
