package config

import (
	"fmt"
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

// Link names how LoRaWAN uplinks stand in a capture. Everything else is Ethernet.
type Link string

// The links.
const (
	LoRaTap  Link = "loratap"  // records with a radio header, link type 270
	LoRaTap0 Link = "loratap0" // the same in version 0, which Wireshark reads before 4.2: without gateway, checksum and code rate
	Semtech  Link = "semtech"  // datagrams of a gateway's packet forwarder, in Ethernet
)

// UnmarshalText takes one of the words above.
func (l *Link) UnmarshalText(text []byte) error { return word(l, text, LoRaTap, LoRaTap0, Semtech) }

// Payload names what fills the payload bytes of generated packets.
type Payload string

// The payloads. Only Copy holds bytes of the training capture.
const (
	Neutral Payload = "neutral" // what the application's dissector accepts, filled up with neutral text
	Zero    Payload = "zero"
	Random  Payload = "random"
	Copy    Payload = "copy"
)

// UnmarshalText takes one of the words above.
func (p *Payload) UnmarshalText(text []byte) error {
	return word(p, text, Neutral, Zero, Random, Copy)
}

// IPv6 names which flows are IPv6.
type IPv6 string

// The choices.
const (
	Observed IPv6 = "observed" // those whose headers have its length
	IPv6Off  IPv6 = "off"
	IPv6On   IPv6 = "on"
)

// UnmarshalText takes one of the words above.
func (v *IPv6) UnmarshalText(text []byte) error { return word(v, text, Observed, IPv6Off, IPv6On) }

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
