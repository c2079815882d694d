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

// MaxPoints is the greatest number of points of a sweep.
const MaxPoints = 100_000

// Axis is a swept key and its values, each as it would be written in key=value.
type Axis struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// seedKey is the key over whose values scores have a mean and a deviation.
const seedKey = "seed"

// parse sorts assignments into those of one value and axes, in their order. seeds > 0 adds
// the axis seed=1..seeds behind the others. All problems are reported at once.
func parse(assignments []string, seeds int) (fixed []string, axes []Axis, err error) {
	var problems []error
	given := map[string]bool{}
	for _, assignment := range assignments {
		key, text, ok := strings.Cut(assignment, "=")
		key = strings.TrimSpace(key)
		switch {
		case !ok || key == "":
			problems = append(problems, fmt.Errorf("%q: want key=value, key=32,64 or key=1..8", assignment))
			continue
		case given[key]:
			problems = append(problems, fmt.Errorf("%s is given twice: want one list of its values", key))
			continue
		}
		given[key] = true
		values, swept, err := parseValues(text)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", assignment, err))
		case swept:
			axes = append(axes, Axis{key, values})
		default:
			fixed = append(fixed, key+"="+values[0])
		}
	}
	switch {
	case seeds > 0 && given[seedKey]:
		problems = append(problems, fmt.Errorf("--seeds %d: the seed is given, too: want one of them", seeds))
	case seeds < 0 || seeds > MaxPoints:
		problems = append(problems, fmt.Errorf("--seeds %d: want a number from 1 to %d", seeds, MaxPoints))
	case seeds > 0:
		values, _ := whole(1, int64(seeds)) // not too many
		axes = append(axes, Axis{seedKey, values})
	}
	if len(problems) == 0 {
		problems = append(problems, checkSize(axes))
	}
	return fixed, axes, errors.Join(problems...)
}

// checkSize refuses grids without points and those with too many.
func checkSize(axes []Axis) error {
	if len(axes) == 0 {
		return errors.New("no key has several values, so there are no points: want one like seed=1..8, lstm.units=32,64 or vae.learning_rate=0.001..0.01:4, or --seeds 5")
	}
	points := 1
	for _, a := range axes {
		if points *= len(a.Values); points > MaxPoints {
			return fmt.Errorf("more than %d points: want fewer values of %s", MaxPoints, strings.Join(keys(axes), " and "))
		}
	}
	return nil
}

// keys are the keys of axes.
func keys(axes []Axis) []string {
	var names []string
	for _, a := range axes {
		names = append(names, a.Key)
	}
	return names
}

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
		if values = append(values, some...); len(values) > MaxPoints {
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

var tooMany = fmt.Errorf("more than %d values", MaxPoints)

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
	case uint64(last)-uint64(first) >= MaxPoints:
		return nil, tooMany
	}
	for n := first; ; n++ {
		if values = append(values, strconv.FormatInt(n, 10)); n == last {
			return values, nil
		}
	}
}

// spaced lists numbers from first to last, rounded to 12 digits.
func spaced(first, last, count string, logarithmic bool) (values []string, err error) {
	from, err1 := strconv.ParseFloat(first, 64)
	to, err2 := strconv.ParseFloat(last, 64)
	n, err3 := strconv.Atoi(count)
	switch {
	case count == "":
		return nil, fmt.Errorf("want how many values the range has, like %s..%s:5", first, last)
	case err1 != nil || err2 != nil:
		return nil, fmt.Errorf("want numbers of at most 64 bits")
	case err3 != nil || n > MaxPoints:
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
		x := from + (to-from)*part
		if logarithmic {
			x = from * math.Pow(to/from, part)
		}
		values = append(values, strconv.FormatFloat(rounded(x), 'g', -1, 64))
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

// Point is one combination of values.
type Point struct {
	Index       int      `json:"index"`       // from 1 on
	Assignments []string `json:"assignments"` // key=value of each axis
}

// at returns the point of that number: the last axis changes fastest.
func at(axes []Axis, index int) Point {
	p := Point{Index: index, Assignments: make([]string, len(axes))}
	rest := index - 1
	for i, a := range slices.Backward(axes) {
		p.Assignments[i] = a.Key + "=" + a.Values[rest%len(a.Values)]
		rest /= len(a.Values)
	}
	return p
}

// size is the number of points.
func size(axes []Axis) int {
	n := 1
	for _, a := range axes {
		n *= len(a.Values)
	}
	return n
}
