package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Generator names the way in which packets are made.
type Generator string

// The generators (design: the two generators, and two baselines).
const (
	Sampled   Generator = "sampled"   // recurrent network whose every output is a distribution that is sampled
	Paper     Generator = "paper"     // NeCSTGen's point outputs
	Chain     Generator = "markov"    // Markov chain over exact packet tokens
	Bootstrap Generator = "bootstrap" // the training flows drawn again
)

// UnmarshalText takes one of the words above.
func (g *Generator) UnmarshalText(text []byte) error {
	return word(g, text, Sampled, Paper, Chain, Bootstrap)
}

// Backend names what computes.
type Backend string

// The backends. Auto takes the first that works, in the order of this list.
const (
	Auto    Backend = "auto"
	XLACUDA Backend = "xla:cuda"
	XLACPU  Backend = "xla:cpu"
	Go      Backend = "go"
)

// UnmarshalText takes one of the words above.
func (b *Backend) UnmarshalText(text []byte) error { return word(b, text, Auto, XLACUDA, XLACPU, Go) }

// Flows names what packets are gathered by.
type Flows string

// The ways. Without flows the packets are one timeline, as NeCSTGen treats SNMP
// and LoRaWAN (algorithm.md 0).
const (
	FiveTuple Flows = "five-tuple" // connections and datagrams between two ends; what a gateway hears of a device
	NoFlows   Flows = "none"
)

// UnmarshalText takes one of the words above.
func (f *Flows) UnmarshalText(text []byte) error { return word(f, text, FiveTuple, NoFlows) }

// Covariance names the shape of a mixture's covariance matrices.
type Covariance string

// The shapes.
const (
	Full     Covariance = "full"
	Diagonal Covariance = "diagonal"
)

// UnmarshalText takes one of the words above.
func (c *Covariance) UnmarshalText(text []byte) error { return word(c, text, Full, Diagonal) }

// word sets *dst to the allowed word that text is, or lists them.
func word[T ~string](dst *T, text []byte, allowed ...T) error {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		if string(a) == string(text) {
			*dst = a
			return nil
		}
		names[i] = string(a)
	}
	return fmt.Errorf("want one of %s", strings.Join(names, ", "))
}

// Components is a number of mixture components, or BIC.
type Components int

// BIC leaves the number of components to the Bayesian information criterion.
const BIC Components = 0

// maxComponents is NeCSTGen's largest mixture (85) with room to spare.
const maxComponents = 1024

// String is "bic" or the number.
func (c Components) String() string {
	if c == BIC {
		return "bic"
	}
	return strconv.Itoa(int(c))
}

// MarshalText is String.
func (c Components) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText takes "bic" or a whole number from 1 to 1024.
func (c *Components) UnmarshalText(text []byte) error {
	if string(text) == "bic" {
		*c = BIC
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > maxComponents {
		return fmt.Errorf("want %q or a whole number from 1 to %d", "bic", maxComponents)
	}
	*c = Components(n)
	return nil
}

// Duration is a time.Duration that is written as text, like "1m30s".
type Duration time.Duration

// String is the text form.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText takes what time.ParseDuration takes.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("want a duration like 500ms, 30s or 2m")
	}
	*d = Duration(parsed)
	return nil
}
