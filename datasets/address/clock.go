package address

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Clock is what a host's TCP timestamps are read from (RFC 7323, 3 and 5.4). The zero value
// is not valid: see linuxClock.
type Clock struct {
	Rate  uint32     `json:"rate"`  // ticks a second
	Scope ClockScope `json:"scope"` // what shares an offset
}

// ClockScope names what has one offset of timestamps. Where each connection has its own,
// timestamps do not tell how long the host has been up, nor which connections are its own.
type ClockScope uint8

// The scopes.
const (
	ClockOfConnection ClockScope = iota // each connection begins anywhere (Linux)
	ClockOfPair                         // all connections of the host with one other (Linux 4.10 to 6.18)
	ClockOfHost                         // all connections of the host
	clockScopes
)

var clockWords = [clockScopes]string{"connection", "pair", "host"}

// String is the word in plans.
func (s ClockScope) String() string {
	if s >= clockScopes {
		return fmt.Sprintf("scope(%d)", uint8(s))
	}
	return clockWords[s]
}

// MarshalText is String.
func (s ClockScope) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes a word; the error lists them.
func (s *ClockScope) UnmarshalText(text []byte) error {
	i := slices.Index(clockWords[:], string(text))
	if i < 0 {
		return fmt.Errorf("scope %q: want one of %s", text, strings.Join(clockWords[:], ", "))
	}
	*s = ClockScope(i)
	return nil
}

// linuxClock is the clock of a host of which nothing is known.
func linuxClock() Clock { return Clock{Rate: 1000, Scope: ClockOfConnection} }

// mostTicks is the highest rate: RFC 7323, 5.4 allows one tick in a millisecond, and stacks
// with a tick in a microsecond are in use.
const mostTicks = 1_000_000

// validate reports every problem at once.
func (c *Clock) validate() error {
	if *c != (Clock{}) && (c.Rate < 1 || c.Rate > mostTicks) {
		return fmt.Errorf("clock.rate is %d, want 1 to %d ticks a second", c.Rate, mostTicks)
	}
	return nil
}

// Ticks returns the clock's reading at a time, nanoseconds since 1970-01-01 UTC, modulo
// 2^32 and without an offset.
func (c *Clock) Ticks(at int64) uint32 { return uint32(at / (1e9 / int64(c.Rate))) }

// clockCounts is what flows show of a host's timestamps.
type clockCounts struct {
	marks []clockMark // of its flows, in their order
	rates []float64   // ticks a second, of those flows that are long enough
}

// clockMark is the first timestamp of a flow.
type clockMark struct {
	time  int64
	stamp uint32
	peer  int // number of the other host
}

// leastClock is how many nanoseconds timestamps are apart from which a rate is learned.
const leastClock = int64(1e8)

// add notes the timestamps that the host has sent in a flow with a peer.
func (c *clockCounts) add(f *flow.Flow, side flow.Direction, peer int) {
	if len(c.marks) >= maxSamples {
		return
	}
	var first, last *flow.Packet
	for i := range f.Packets {
		if p := &f.Packets[i]; p.Direction&1 == side && p.Options.Has(flow.OptionTimestamps) {
			if first == nil {
				first = p
			}
			last = p
		}
	}
	if first == nil {
		return
	}
	c.marks = append(c.marks, clockMark{first.Time, first.Stamp, peer})
	if span := last.Time - first.Time; span >= leastClock {
		c.rates = append(c.rates, float64(last.Stamp-first.Stamp)/float64(span)*1e9)
	}
}

// usualRates are the rates of common systems, in ticks a second.
var usualRates = []uint32{10, 100, 250, 300, 500, 1000, 1_000_000}

// nearRate is the ratio of a rate to a usual one up to which it is taken for that: short
// flows show a rate only roughly.
const nearRate = 1.1

// sameClock is how many seconds the offsets of two flows of one clock may differ.
const sameClock = 60

// clock returns the host's clock; usual is that of a host of which too little is seen.
func (c *clockCounts) clock(usual Clock) Clock {
	if len(c.rates) == 0 {
		return usual
	}
	slices.Sort(c.rates)
	rate := c.rates[len(c.rates)/2]
	out := Clock{Rate: uint32(min(mostTicks, max(1, math.Round(rate)))), Scope: usual.Scope}
	for _, r := range usualRates {
		if ratio := rate / float64(r); ratio < nearRate && ratio > 1/nearRate {
			out.Rate = r
		}
	}
	ofPair, pairs := c.agree(&out, true)
	ofHost, hosts := c.agree(&out, false)
	switch {
	case pairs && !ofPair:
		out.Scope = ClockOfConnection
	case hosts && ofHost:
		out.Scope = ClockOfHost
	case pairs && ofPair:
		out.Scope = ClockOfPair
	}
	return out
}

// agree reports whether most flows have the offset of the flow before, of the same peer or
// of another one, and whether there are enough of them.
func (c *clockCounts) agree(clock *Clock, samePeer bool) (agree, enough bool) {
	last := make(map[int]clockMark)
	same, all := 0, 0
	for i, m := range c.marks {
		before, known := last[m.peer]
		if last[m.peer] = m; !samePeer {
			before, known = c.marks[max(0, i-1)], i > 0 && c.marks[i-1].peer != m.peer
		}
		if !known {
			continue
		}
		all++
		differ := int32(m.stamp - clock.Ticks(m.time) - before.stamp + clock.Ticks(before.time))
		if math.Abs(float64(differ)) <= sameClock*float64(clock.Rate) {
			same++
		}
	}
	return 2*same > all, all >= leastSamples/2
}
