package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/necstgen/necstgen/datasets/replay"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/run"
)

// replayAhead is how many frames are made before they are due: some tenths of a
// second of a busy link.
const replayAhead = 1 << 16

// replay sends the frames out of an interface, and writes them to files as they
// are made.
func (c *command) replay(ctx context.Context, o *generateOptions, frames iter.Seq2[tcp.Frame, error], files *output.Files, shown func(int64), result *generateResult) error {
	ahead := tcp.Ahead(output.Tee(frames, files.Sinks()...), replayAhead)
	counted := func(yield func(tcp.Frame, error) bool) {
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
	done, err := replay.Send(ctx, o.iface, counted, float64(o.speed))
	result.Packets = done.Packets
	result.Replay = &replayResult{Interface: o.iface, Packets: done.Packets, Bytes: done.Bytes, Seconds: done.Duration.Seconds(),
		MedianLate: done.MedianLate.Seconds(), P99Late: done.P99Late.Seconds(), MaxLate: done.MaxLate.Seconds()}
	return err
}

// replayResult is how a replay went; times are in seconds.
type replayResult struct {
	Interface  string  `json:"interface"`
	Packets    int64   `json:"packets"`
	Bytes      int64   `json:"bytes"`
	Seconds    float64 `json:"seconds"` // from the first packet to the last
	MedianLate float64 `json:"median_late"`
	P99Late    float64 `json:"p99_late"`
	MaxLate    float64 `json:"max_late"`
}

// line returns the replay as a sentence.
func (r *replayResult) line() string {
	late := func(seconds float64) time.Duration { return time.Duration(seconds * 1e9).Round(time.Microsecond) }
	return fmt.Sprintf("%s: %s packets in %s, late by %s in the median, by %s at 99 %%, by %s at most",
		r.Interface, output.Thousands(r.Packets), run.Seconds(r.Seconds), late(r.MedianLate), late(r.P99Late), late(r.MaxLate))
}
