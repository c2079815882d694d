package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/shard"
)

// shardsSaid is what is said of shards while they are drawn.
type shardsSaid struct {
	c     *command
	began time.Time
	all   []shard.Drawn
	err   error // of the output
}

// done says that a shard is there.
func (s *shardsSaid) done(d shard.Drawn) {
	s.all = append(s.all, d)
	if s.c.json {
		return
	}
	text := fmt.Sprintf("shard %s: %s", d.Shard, strings.Join(d.Paths, ", "))
	switch {
	case s.c.quiet:
	case d.There:
		text += ": there already"
	default:
		text += fmt.Sprintf(": %s packets", output.Thousands(d.Packets))
		if d.Redrawn >= 0.0005 {
			text += fmt.Sprintf("; %.3g %% more flows were drawn, for the last packets of those that start before", 100*d.Redrawn)
		}
		if d.Cut > 0 {
			text += fmt.Sprintf("; %s packets are left out, of flows longer than any that was learnt", output.Thousands(d.Cut))
		}
	}
	s.err = errors.Join(s.err, printLine(s.c.out, "%s", text))
}

// end says how long all took.
func (s *shardsSaid) end(plan *shard.Plan) error {
	seconds, packets := time.Since(s.began).Seconds(), int64(0)
	for _, d := range s.all {
		packets += d.Packets
	}
	switch {
	case s.err != nil:
		return s.err
	case s.c.json:
		return printJSON(s.c.out, map[string]any{"shards": s.all, "flows": plan.Division.Flows, "seed": plan.Amount.Seed, "seconds": seconds})
	case s.c.quiet || packets == 0:
		return nil
	}
	return printLine(s.c.out, "%s, %s packets a second", run.Seconds(seconds), output.Thousands(int64(float64(packets)/max(seconds, 1e-3))))
}
