package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// count is a flag of a whole number above 0, which may be written as 100_000, 10k or 2M.
type count int64

func (c *count) String() string { return strconv.FormatInt(int64(*c), 10) }
func (c *count) Type() string   { return "number" }

func (c *count) Set(text string) error {
	n, err := scaled(text, map[string]float64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9})
	if err != nil || n < 1 || n != math.Trunc(n) {
		return errors.New("want a whole number above 0, like 5000, 100k or 2M")
	}
	*c = count(n)
	return nil
}

// size is a flag of bytes, like 100MB.
type size int64

func (s *size) String() string { return strconv.FormatInt(int64(*s), 10) }
func (s *size) Type() string   { return "size" }

func (s *size) Set(text string) error {
	n, err := scaled(strings.ToUpper(text), map[string]float64{"": 1, "B": 1, "K": 1e3, "KB": 1e3, "M": 1e6, "MB": 1e6, "G": 1e9, "GB": 1e9, "T": 1e12, "TB": 1e12,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40})
	if err != nil || n < smallestSplit {
		return fmt.Errorf("want a size of at least %d bytes, like 100MB or 2GiB", smallestSplit)
	}
	*s = size(n)
	return nil
}

// smallestSplit is the least size of the files of a split capture, in bytes: a
// few frames.
const smallestSplit = 64 << 10

// scaled reads a number with a unit behind it.
func scaled(text string, units map[string]float64) (float64, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	factor, ok := units[text[len(digits):]]
	n, err := strconv.ParseFloat(strings.ReplaceAll(digits, "_", ""), 64)
	if err != nil || !ok || n*factor > 1<<62 {
		return 0, fmt.Errorf("%q is no number with a unit", text)
	}
	return n * factor, nil
}

// span is a flag of a time above 0, which may be written in days.
type span time.Duration

func (s *span) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}
func (s *span) Type() string { return "time" }

func (s *span) Set(text string) error {
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
	*s = span(d)
	return nil
}

// factor is a flag of a number above 0.
type factor float64

func (f *factor) String() string { return strconv.FormatFloat(float64(*f), 'g', -1, 64) }
func (f *factor) Type() string   { return "factor" }

func (f *factor) Set(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x > 0) || math.IsInf(x, 1) {
		return errors.New("want a number above 0, like 2 or 0.5")
	}
	*f = factor(x)
	return nil
}

// shares is a flag of shares by name, like HTTP=0.7,DNS=0.3.
type shares map[string]float64

func (s *shares) String() string { return "" } // of nothing: there is no default
func (s *shares) Type() string   { return "shares" }

func (s *shares) Set(text string) error {
	if *s == nil {
		*s = shares{}
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		x, err := strconv.ParseFloat(value, 64)
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" || !(x > 0) || x > 1 {
			return errors.New("want a share above 0 and up to 1 of each run or application, like HTTP=0.7,DNS=0.3")
		}
		(*s)[name] = x
	}
	return nil
}
