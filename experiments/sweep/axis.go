package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxPoints is the greatest number of points of a sweep.
const maxPoints = 100_000

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
	case seeds < 0 || seeds > maxPoints:
		problems = append(problems, fmt.Errorf("--seeds %d: want a number from 1 to %d", seeds, maxPoints))
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
		if points *= len(a.Values); points > maxPoints {
			return fmt.Errorf("more than %d points: want fewer values of %s", maxPoints, strings.Join(keys(axes), " and "))
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
