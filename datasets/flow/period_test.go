package flow

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	const day = "1999-03-01T00:00:00Z"
	at := func(text string) int64 {
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.UnixNano()
	}
	first := at("1999-03-01T13:00:00Z")
	for _, test := range []struct {
		from, to       string
		wantFrom, want int64 // the bounds
		err            string
	}{
		{"", "", math.MinInt64, math.MaxInt64, ""},
		{"+0s", "+10m", first, first + 600e9, ""},
		{"+90s", "", first + 90e9, math.MaxInt64, ""},
		{"1999-03-01", "1999-03-02", at(day), at("1999-03-02T00:00:00Z"), ""},
		{"1999-03-01T14:00:00+01:00", "+1h", first, first + 3600e9, ""},
		{"", "1999-03-01T13:00:00.5Z", math.MinInt64, first + 5e8, ""},
		{"+10m", "+10m", 0, 0, "the period from +10m0s to +10m0s is empty"},
		{"1999-03-02", "1999-03-01", 0, 0, "the period from 1999-03-02T00:00:00Z to 1999-03-01T00:00:00Z is empty"},
		{"10m", "", 0, 0, "want a time like"},
		{"+-10m", "", 0, 0, "want a time like"},
		{"-10m", "", 0, 0, "want a time like"},
		{"13:05", "", 0, 0, "want a time like"},
		{"9999-01-01", "", 0, 0, "want a time like"},
		{"0001-01-01", "", 0, 0, "want a time like"},
	} {
		var p Period
		err := p.From.UnmarshalText([]byte(test.from))
		if err == nil {
			err = p.To.UnmarshalText([]byte(test.to))
		}
		if err == nil {
			err = p.Check()
		}
		if test.err != "" || err != nil {
			if err == nil || test.err == "" || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q to %q: %v, want %q", test.from, test.to, err, test.err)
			}
			continue
		}
		if from, to := p.Bounds(first); from != test.wantFrom || to != test.want {
			t.Errorf("%q to %q: %d to %d, want %d to %d", test.from, test.to, from, to, test.wantFrom, test.want)
		}
		if p.IsZero() != (test.from+test.to == "") {
			t.Errorf("%q to %q: IsZero %v", test.from, test.to, p.IsZero())
		}
		var again Moment
		text, err := p.From.MarshalText()
		if err == nil {
			err = again.UnmarshalText(text)
		}
		if got, _ := (Period{From: again}).Bounds(first); err != nil || got != test.wantFrom {
			t.Errorf("%q written as %q: %d, %v", test.from, text, got, err)
		}
	}
}

// What is taken for a moment is written so that it is the same one.
func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"", "+10m", "+1h0.5s", "1999-03-01", "1999-03-01T13:00:00.25+05:30", "+-1s", "13:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m, again Moment
		if m.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(m.String())); err != nil {
			t.Fatalf("%q is written as %q: %v", text, m, err)
		}
		a, _ := (Period{From: m}).Bounds(0)
		b, _ := (Period{From: again}).Bounds(0)
		if a != b || m.IsZero() != again.IsZero() {
			t.Errorf("%q is %d, written as %q %d", text, a, m, b)
		}
	})
}
