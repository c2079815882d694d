package config

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// interval is a parsed range tag.
type interval struct {
	low, high         float64
	openLow, openHigh bool
	lowText, highText string // as written; "" for no end
}

// parseInterval reads "[1,64]", "(0,1]" or "[1ms,)". A tag that is none of these
// is a mistake in this package, which its tests find.
func parseInterval(tag string) interval {
	low, high, _ := strings.Cut(tag[1:len(tag)-1], ",")
	return interval{
		low: end(low, math.Inf(-1)), high: end(high, math.Inf(1)),
		openLow: tag[0] == '(', openHigh: tag[len(tag)-1] == ')',
		lowText: low, highText: high,
	}
}

// end is the number that one end of a range tag names; durations are in nanoseconds.
func end(text string, missing float64) float64 {
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x
	}
	if d, err := time.ParseDuration(text); err == nil {
		return float64(d)
	}
	return missing
}

// contains tells whether x lies between the ends.
func (i interval) contains(x float64) bool {
	if math.IsInf(x, 0) {
		return false
	}
	aboveLow := x > i.low || x == i.low && !i.openLow
	belowHigh := x < i.high || x == i.high && !i.openHigh
	return aboveLow && belowHigh
}

// String is "from 1 to 64", "above 0 and up to 1", "of at least 0".
func (i interval) String() string {
	switch {
	case i.highText == "" && i.openLow:
		return "above " + i.lowText
	case i.highText == "":
		return "of at least " + i.lowText
	case i.openLow && i.openHigh:
		return "above " + i.lowText + " and below " + i.highText
	case i.openLow:
		return "above " + i.lowText + " and up to " + i.highText
	case i.openHigh:
		return "from " + i.lowText + " to below " + i.highText
	}
	return "from " + i.lowText + " to " + i.highText
}

// number is a numeric field's value.
func number(v reflect.Value) float64 {
	switch v.Kind() {
	case reflect.Float64:
		return v.Float()
	case reflect.Uint64:
		return float64(v.Uint())
	}
	return float64(v.Int())
}
