package fidelity

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Condition is a bound of a score, such as "C2ST window<0.7".
type Condition struct {
	Definition
	Operator string // <, <=, >, >= or =
	Bound    float64
}

// conditionText splits the text of a condition at its operator; no name has one.
var conditionText = regexp.MustCompile(`^\s*([^<>=]+?)\s*(<=|>=|<|>|=)\s*(\S+)\s*$`)

// ParseCondition reads a condition. The score is named by its name, or by its level and
// name as "packet/length KS" or "packet length KS"; a name alone has to be one score's.
func ParseCondition(text string) (Condition, error) {
	parts := conditionText.FindStringSubmatch(text)
	if parts == nil {
		return Condition{}, fmt.Errorf("%q: want a score, one of < <= > >= = and a number, like 'C2ST window<0.7'", text)
	}
	bound, err := strconv.ParseFloat(parts[3], 64)
	if err != nil {
		return Condition{}, fmt.Errorf("%q: %q is no number: want one like 0.7", text, parts[3])
	}
	var found, all []string
	var definition Definition
	for _, d := range Definitions() {
		full := d.Level + "/" + d.Name
		if all = append(all, full); parts[1] == d.Name || parts[1] == full || parts[1] == d.Level+" "+d.Name {
			found, definition = append(found, full), d
		}
	}
	switch len(found) {
	case 0:
		return Condition{}, fmt.Errorf("%q: no score is called %q: want one of %s", text, parts[1], strings.Join(all, ", "))
	case 1:
		return Condition{definition, parts[2], bound}, nil
	}
	return Condition{}, fmt.Errorf("%q: several scores are called %q: want one of %s", text, parts[1], strings.Join(found, ", "))
}

// Holds reports whether the condition holds for the first score of its name, that of
// all applications together. It is false where that could not be computed.
func (c *Condition) Holds(scores []Score) bool {
	s := c.In(scores)
	if s == nil || s.Value == nil {
		return false
	}
	switch c.Operator {
	case "<":
		return *s.Value < c.Bound
	case "<=":
		return *s.Value <= c.Bound
	case ">":
		return *s.Value > c.Bound
	case ">=":
		return *s.Value >= c.Bound
	}
	return *s.Value == c.Bound
}
