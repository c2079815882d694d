package replay

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"time"

	"github.com/necstgen/necstgen/datasets/tcp"
)

// Result reports how a replay went.
type Result struct {
	Packets  int64
	Bytes    int64
	Duration time.Duration // from the first frame to the last

	// How late frames were against the schedule, which is fixed by the first one:
	// a late frame does not delay the next.
	MedianLate, P99Late, MaxLate time.Duration
}

// sendFunc puts a frame on the wire.
type sendFunc func(frame []byte) error

// Send sends the frames out of a network interface at the times that they
// have, counted from the first; speed 2 sends twice as fast, +Inf without a
// pause. It needs Linux and the right to send raw frames (root or CAP_NET_RAW).
// The frames carry made-up addresses: send them where they are wanted only.
// An interface that goes down, or ctx, ends it; the error says how many packets
// were sent.
func Send(ctx context.Context, iface string, frames iter.Seq2[tcp.Frame, error], speed float64) (Result, error) {
	if !(speed > 0) {
		return Result{}, fmt.Errorf("replay: speed is %g, want more than 0", speed)
	}
	send, closer, err := openInterface(iface)
	if err != nil {
		return Result{}, fmt.Errorf("replay on %s: %w", iface, err)
	}
	defer closer()
	done, err := sendAll(ctx, send, frames, speed)
	if err != nil {
		return done, fmt.Errorf("replay on %s: %w", iface, err)
	}
	return done, nil
}

// sendAll is Send with a way to put frames on the wire.
func sendAll(ctx context.Context, send sendFunc, frames iter.Seq2[tcp.Frame, error], speed float64) (Result, error) {
	var out Result
	var late lateness
	var problems tcp.Problems
	var start time.Time
	first := int64(0)
	for frame, err := range frames {
		if err != nil {
			problems.Add(err)
			continue
		}
		if out.Packets == 0 {
			start, first = time.Now(), frame.Packet.Time
		}
		due := start
		if !math.IsInf(speed, 1) {
			due = start.Add(time.Duration(float64(frame.Packet.Time-first) / speed))
		}
		if err := waitUntil(ctx, due); err != nil {
			problems.Add(fmt.Errorf("stopped after %d packets: %w", out.Packets, err))
			break
		}
		sent := time.Now()
		if err := send(frame.Bytes); err != nil {
			problems.Add(fmt.Errorf("packet %d of %d bytes, after %d that were sent: %w", out.Packets+1, len(frame.Bytes), out.Packets, err))
			break
		}
		late.add(sent.Sub(due))
		out.Packets++
		out.Bytes += int64(len(frame.Bytes))
		out.Duration = sent.Sub(start)
	}
	out.MedianLate, out.P99Late, out.MaxLate = late.quantile(0.5), late.quantile(0.99), late.most
	return out, problems.Join()
}

// How long before a frame is due one way of waiting gives way to the next. The
// runtime's timers end up to a millisecond late when the process is idle, the
// kernel's sleep some tens of microseconds, and looking at the clock not at all.
const (
	coarse = 2 * time.Millisecond
	spin   = 100 * time.Microsecond
)

// waitUntil returns when due has come, or with the cause for which ctx ended.
func waitUntil(ctx context.Context, due time.Time) error {
	for {
		left := time.Until(due)
		switch {
		case left <= 0:
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return nil
		case left <= spin:
		case left <= coarse:
			nap(left - spin)
		default:
			timer := time.NewTimer(left - coarse)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return context.Cause(ctx)
			}
		}
	}
}

// lateness is a histogram of delays with 16 steps for each doubling.
type lateness struct {
	steps [64 * 16]int64
	total int64
	most  time.Duration
}

func (l *lateness) add(d time.Duration) {
	d = max(0, d)
	l.steps[stepOf(d)]++
	l.total++
	l.most = max(l.most, d)
}

// stepOf returns the step of a delay: nanoseconds up to 31, above that the highest
// bit and the four below it.
func stepOf(d time.Duration) int {
	high := max(0, bits.Len64(uint64(d))-5)
	return high*16 + int(d>>high)
}

// quantile returns the upper end of the step in which a proportion q of the delays lies.
func (l *lateness) quantile(q float64) time.Duration {
	if l.total == 0 {
		return 0
	}
	below, want := int64(0), int64(math.Ceil(q*float64(l.total)))
	for d := time.Duration(0); d < l.most; {
		step := stepOf(d)
		next := d + 1<<max(0, bits.Len64(uint64(d))-5)
		if below += l.steps[step]; below >= want {
			return min(next, l.most)
		}
		d = next
	}
	return l.most
}
