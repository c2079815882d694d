package sweep

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// parseValues reads what stands behind the equals sign: one value, or several, which makes
// the key a swept one: a list, or a range.
func parseValues(text string) (values []string, swept bool, err error) {
	parts := split(text)
	for _, part := range parts {
		some, isRange, err := parseRange(part)
		switch {
		case err != nil:
			return nil, false, err
		case part == "" && len(parts) > 1:
			return nil, false, errors.New("the list has an empty value: want one between commas, or \"\" in quotes")
		case !isRange:
			some = []string{unquote(part)}
		}
		swept = swept || isRange
		if values = append(values, some...); len(values) > maxPoints {
			return nil, false, tooMany
		}
	}
	sorted := slices.Sorted(slices.Values(values))
	for i := range sorted[1:] {
		if sorted[i] == sorted[i+1] {
			return nil, false, fmt.Errorf("the list has %q twice", sorted[i])
		}
	}
	return values, swept || len(parts) > 1, nil
}

var tooMany = fmt.Errorf("more than %d values", maxPoints)

// split cuts a text at the commas that stand outside brackets and quotes.
func split(text string) (parts []string) {
	depth, start := 0, 0
	var quote rune
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ',' && depth <= 0:
			parts = append(parts, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(text[start:]))
}

// unquote takes the quotes off a value that stands in them whole.
func unquote(value string) string {
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}

// A range is two numbers, and how many values it has unless these are whole.
var (
	wholeText  = regexp.MustCompile(`^([+-]?\d+)\.\.([+-]?\d+)$`)
	number     = `([+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)`
	spacedText = regexp.MustCompile(`^` + number + `\.\.` + number + `(?::(\d+)(:log)?)?$`)
)

// parseRange reads 1..8, whole numbers with both ends, or 0.1..0.5:5, so many values at equal
// distances with both ends, whose logarithms are at equal distances where :log is added.
// What is no range may be a value of its own, like a period of time.
func parseRange(text string) (values []string, isRange bool, err error) {
	if ends := wholeText.FindStringSubmatch(text); ends != nil {
		first, err1 := strconv.ParseInt(ends[1], 10, 64)
		last, err2 := strconv.ParseInt(ends[2], 10, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, true, fmt.Errorf("%s: want whole numbers of at most 64 bits", text)
		}
		values, err = whole(first, last)
		return values, true, err
	}
	parts := spacedText.FindStringSubmatch(text)
	if parts == nil {
		return nil, false, nil
	}
	values, err = spaced(parts[1], parts[2], parts[3], parts[4] != "")
	return values, true, err
}

// whole lists whole numbers, both ends included.
func whole(first, last int64) (values []string, err error) {
	switch {
	case first > last:
		return nil, fmt.Errorf("the range runs backwards: want %d..%d", last, first)
	case uint64(last)-uint64(first) >= maxPoints:
		return nil, tooMany
	}
	for n := first; ; n++ {
		if values = append(values, strconv.FormatInt(n, 10)); n == last {
			return values, nil
		}
	}
}

// spaced lists numbers from first to last; those between the ends are rounded to 12 digits.
func spaced(first, last, count string, logarithmic bool) (values []string, err error) {
	from, err1 := strconv.ParseFloat(first, 64)
	to, err2 := strconv.ParseFloat(last, 64)
	n, err3 := strconv.Atoi(count)
	switch {
	case count == "":
		return nil, fmt.Errorf("want how many values the range has, like %s..%s:5", first, last)
	case err1 != nil || err2 != nil:
		return nil, fmt.Errorf("want numbers of at most 64 bits")
	case err3 != nil || n > maxPoints:
		return nil, tooMany
	case n < 2:
		return nil, fmt.Errorf("want at least 2 values of a range, like %s..%s:5", first, last)
	case from >= to:
		return nil, fmt.Errorf("the range runs backwards: want the smaller number first")
	case logarithmic && from <= 0:
		return nil, fmt.Errorf("want numbers greater than 0 of a range with :log")
	}
	for i := range n {
		part := float64(i) / float64(n-1)
		x := from*(1-part) + to*part
		if logarithmic {
			x = math.Pow(from, 1-part) * math.Pow(to, part)
		}
		if i > 0 && i < n-1 {
			x = rounded(x)
		}
		values = append(values, strconv.FormatFloat(x, 'g', -1, 64))
	}
	return values, nil
}

// rounded rounds a number to 12 digits, so that 0.1..0.5:5 has 0.3 in it and not
// 0.30000000000000004.
func rounded(x float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
	if err != nil {
		return x
	}
	return short
}
