package overlay

import (
	"fmt"
	"strings"
	"time"
)

// At is when something begins: at a time, at a time of day, or so long after a start. The
// zero value is the start.
type At struct {
	time  int64         // nanoseconds since 1970-01-01 UTC; 0: none
	day   bool          // since is a time of day, UTC
	since time.Duration // of the day, or since the start
}

// UnmarshalText reads 13:05, 13:05:30, +10m, or 2026-01-31T12:00:00Z.
func (a *At) UnmarshalText(text []byte) error {
	s := string(text)
	if after, ok := strings.CutPrefix(s, "+"); ok {
		if d, err := time.ParseDuration(after); err == nil && d >= 0 {
			*a = At{since: d}
			return nil
		}
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			*a = At{day: true, since: t.Sub(t.Truncate(24 * time.Hour))}
			return nil
		}
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil && t.UnixNano() > 0 {
		*a = At{time: t.UnixNano()}
		return nil
	}
	return fmt.Errorf("%q: want a time of day like 13:05, a time since the start like +10m, or a time like 2026-01-31T12:00:00Z", s)
}

// After returns the time, given that of the start: a time of day is the first one that is
// not before it.
func (a At) After(start int64) int64 {
	switch {
	case a.time != 0:
		return a.time
	case a.day:
		day := time.Unix(0, start).UTC().Truncate(24 * time.Hour)
		if t := day.Add(a.since).UnixNano(); t >= start {
			return t
		}
		return day.Add(24*time.Hour + a.since).UnixNano()
	}
	return start + int64(a.since)
}
