package feature

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Domain is how the values of a category are written as text.
type Domain string

// The domains.
const (
	NumberDomain      Domain = "number"      // 24 is "24"
	LayerDomain       Domain = "layer"       // a flow.LayerName
	ApplicationDomain Domain = "application" // a flow.Application
	BinaryDomain      Domain = "binary"      // LoRaWAN's message type: 2 is "10"
	CodeRateDomain    Domain = "code-rate"   // 5 is "4/5", -1 is unknown
)

// Text is a value's text.
func (d Domain) Text(value float64) string {
	switch d {
	case LayerDomain:
		return flow.LayerName(value).String()
	case ApplicationDomain:
		return flow.Application(value).String()
	case BinaryDomain:
		return strconv.FormatInt(int64(value), 2)
	case CodeRateDomain:
		if value > 0 {
			return "4/" + strconv.FormatFloat(value, 'f', -1, 64)
		}
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// Value is the value that a text stands for.
func (d Domain) Value(text string) (float64, error) {
	switch d {
	case LayerDomain:
		var name flow.LayerName
		err := name.UnmarshalText([]byte(text))
		return float64(name), err
	case ApplicationDomain:
		var name flow.Application
		err := name.UnmarshalText([]byte(text))
		return float64(name), err
	case BinaryDomain:
		v, err := strconv.ParseInt(text, 2, 32)
		return float64(v), err
	case CodeRateDomain:
		text = strings.TrimPrefix(text, "4/")
	case NumberDomain:
	default:
		return 0, fmt.Errorf("feature: unknown domain %q", d)
	}
	return strconv.ParseFloat(text, 64)
}

// ordered reports whether classes are sorted by number rather than by text.
func (d Domain) ordered() bool { return d.hasDistance() || d == BinaryDomain }

// hasDistance reports whether the nearest number can stand for a class that is not
// there.
func (d Domain) hasDistance() bool { return d == NumberDomain || d == CodeRateDomain }
