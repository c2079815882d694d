package main

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// durationFlag is the value of a flag: a time above 0, which may be written in days.
type durationFlag time.Duration

func (s *durationFlag) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}
func (s *durationFlag) Type() string { return "time" }

func (s *durationFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok && err != nil {
		var n float64
		if n, err = strconv.ParseFloat(days, 64); err == nil && n*24 > 2e6 {
			err = errors.New("longer than a time can be")
		}
		d = time.Duration(n * 24 * float64(time.Hour))
	}
	if err != nil || d <= 0 {
		return errors.New("want a time above 0, like 90s, 24h or 7d")
	}
	*s = durationFlag(d)
	return nil
}
