package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/datasets/wire"
	"github.com/necstgen/necstgen/experiments/output"
)

// replayAhead is how many frames are made before they are due: some tenths of a
// second of a busy link.
const replayAhead = 1 << 16

// replay sends the frames out of an interface, and writes them to files as they
// are made.
func (c *command) replay(ctx context.Context, o *order, frames iter.Seq2[wire.Frame, error], files []*output.File, shown func(int64), result *generated) error {
	ahead := wire.Ahead(output.Tee(frames, sinks(files)...), replayAhead)
	counted := func(yield func(wire.Frame, error) bool) {
		n := int64(0)
		for frame, err := range ahead {
			if err == nil {
				n++
				shown(n)
			}
			if !yield(frame, err) {
				return
			}
		}
	}
	done, err := wire.Replay(ctx, o.iface, counted, float64(o.speed))
	result.Packets, result.Replay = done.Packets, &done
	if done.Packets > 0 && !c.json && !c.quiet {
		lag := ""
		if done.Packets > 1 {
			lag = fmt.Sprintf("; late by %s in the median, %s at 99 %%, %s at most", done.MedianLate, done.P99Late, done.MaxLate)
		}
		if e := printLine(c.err, "%s: %s packets in %s%s", o.iface, thousands(done.Packets), done.Duration, lag); err == nil {
			err = e
		}
	}
	return err
}
