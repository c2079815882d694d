package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// countFlag is the value of a flag: a whole number above 0, which may be written as 100_000, 10k or 2M.
type countFlag int64

func (c *countFlag) String() string { return strconv.FormatInt(int64(*c), 10) }
func (c *countFlag) Type() string   { return "number" }

func (c *countFlag) Set(text string) error {
	n, err := scaled(text, map[string]float64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9})
	if err != nil || n < 1 || n != math.Trunc(n) {
		return errors.New("want a whole number above 0, like 5000, 100k or 2M")
	}
	*c = countFlag(n)
	return nil
}

// sizeFlag is the value of a flag: a number of bytes, like 100MB.
type sizeFlag int64

func (s *sizeFlag) String() string { return strconv.FormatInt(int64(*s), 10) }
func (s *sizeFlag) Type() string   { return "size" }

func (s *sizeFlag) Set(text string) error {
	n, err := scaled(strings.ToUpper(text), map[string]float64{"": 1, "B": 1, "K": 1e3, "KB": 1e3, "M": 1e6, "MB": 1e6, "G": 1e9, "GB": 1e9, "T": 1e12, "TB": 1e12,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40})
	if err != nil || n < smallestSplit {
		return fmt.Errorf("want a size of at least %d bytes, like 100MB or 2GiB", smallestSplit)
	}
	*s = sizeFlag(n)
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

// factorFlag is the value of a flag: a number above 0.
type factorFlag float64

func (f *factorFlag) String() string { return strconv.FormatFloat(float64(*f), 'g', -1, 64) }
func (f *factorFlag) Type() string   { return "factor" }

func (f *factorFlag) Set(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x > 0) || math.IsInf(x, 1) {
		return errors.New("want a number above 0, like 2 or 0.5")
	}
	*f = factorFlag(x)
	return nil
}
