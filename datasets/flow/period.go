package flow

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Moment is a point in the time of a trace: a time, or a time span behind the first
// packet. The zero value is none.
type Moment struct {
	time   time.Time     // zero: the moment is behind the first packet
	behind time.Duration // the first packet
	set    bool
}

// errMoment says what a moment looks like.
var errMoment = errors.New("want a time like 1999-03-01T13:00:00Z, a day like 1999-03-01, or what has passed since the first packet, like +10m")

// UnmarshalText takes a time (RFC 3339), a day, which stands for its start in UTC, or
// a time span behind the first packet, which has a plus sign ("+1h30m"). "" is none.
func (m *Moment) UnmarshalText(text []byte) error {
	*m = Moment{}
	given := string(text)
	if given == "" {
		return nil
	}
	if span, ok := strings.CutPrefix(given, "+"); ok {
		behind, err := time.ParseDuration(span)
		if err != nil || behind < 0 {
			return errMoment
		}
		m.behind, m.set = behind, true
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, given); err == nil && at.Year() > 1677 && at.Year() < 2262 { // what int64 nanoseconds hold
			m.time, m.set = at, true
			return nil
		}
	}
	return errMoment
}

// MarshalText is String.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String returns the text from which UnmarshalText makes the moment.
func (m Moment) String() string {
	switch {
	case !m.set:
		return ""
	case m.time.IsZero():
		return "+" + m.behind.String()
	}
	return m.time.Format(time.RFC3339Nano)
}

// IsZero reports whether there is no moment.
func (m Moment) IsZero() bool { return !m.set }

// nanoseconds returns the moment as a packet has its time, where first is the time of
// the first packet; none is what the zero moment stands for.
func (m Moment) nanoseconds(first, none int64) int64 {
	switch {
	case !m.set:
		return none
	case m.time.IsZero():
		return first + int64(m.behind)
	}
	return m.time.UnixNano()
}

// Period is the part of a trace from one moment, included, to another, excluded. The
// zero value is the whole trace; so is a side without a moment open.
type Period struct{ From, To Moment }

// IsZero reports whether the period is the whole trace.
func (p Period) IsZero() bool { return p.From.IsZero() && p.To.IsZero() }

// Check returns an error where the period cannot hold a packet. A time and a time span
// can be compared only when the first packet is known.
func (p Period) Check() error {
	if p.From.IsZero() || p.To.IsZero() || p.From.time.IsZero() != p.To.time.IsZero() {
		return nil
	}
	if from, to := p.Bounds(0); from >= to {
		return fmt.Errorf("the period from %s to %s is empty: want a later end", p.From, p.To)
	}
	return nil
}

// Bounds returns the times of the packets that the period holds, from <= time < to in
// nanoseconds since 1970-01-01 UTC, for a trace whose first packet has the time first.
func (p Period) Bounds(first int64) (from, to int64) {
	return p.From.nanoseconds(first, math.MinInt64), p.To.nanoseconds(first, math.MaxInt64)
}
