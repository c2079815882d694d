package config

import (
	"errors"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Follow says which part of the original is followed: "" for none, "all", or a period
// as START..END, of which either may be missing.
type Follow string

// FollowAll is all of the original.
const FollowAll Follow = "all"

var errFollow = errors.New("want all, or a period START..END of times like 1999-03-01T13:00:00Z, days like 1999-03-01, or time since the first packet like +10m")

// UnmarshalText takes one of the forms above.
func (f *Follow) UnmarshalText(text []byte) error {
	follow := Follow(text)
	period, err := follow.period()
	if err != nil {
		return err
	}
	if err := period.Check(); err != nil {
		return err
	}
	*f = follow
	return nil
}

// Period returns the part that is followed; all of the original is the zero period.
func (f Follow) Period() flow.Period {
	period, _ := f.period() // validated
	return period
}

// period reads the text.
func (f Follow) period() (p flow.Period, err error) {
	if f == "" || f == FollowAll {
		return p, nil
	}
	from, to, ok := strings.Cut(string(f), "..")
	if !ok || p.From.UnmarshalText([]byte(from)) != nil || p.To.UnmarshalText([]byte(to)) != nil || p.IsZero() {
		return flow.Period{}, errFollow
	}
	return p, nil
}
