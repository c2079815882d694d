package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Generator names the way in which packets are made, a generator.Kind.
type Generator string

// UnmarshalText takes the name of a kind of generator that the program links; a
// program that links none, since it only reads runs, takes any.
func (g *Generator) UnmarshalText(text []byte) error {
	var names []Generator
	for _, k := range generator.Kinds() {
		names = append(names, Generator(k.Name))
	}
	if len(names) == 0 {
		*g = Generator(text)
		return nil
	}
	return word(g, text, names...)
}

// Level names what is drawn, and so what has to be learnt (algorithm.md 0).
type Level string

// The levels. Packet needs the VAE and the mixture alone, Aggregate only starts and
// sizes of flows, and Flow all.
const (
	PacketLevel    Level = "packet"
	FlowLevel      Level = "flow"
	AggregateLevel Level = "aggregate"
)

// UnmarshalText takes one of the words above.
func (l *Level) UnmarshalText(text []byte) error {
	return word(l, text, PacketLevel, FlowLevel, AggregateLevel)
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
