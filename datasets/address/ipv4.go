package address

import (
	"fmt"
	"slices"
	"strings"
)

// IPv4 is what a host writes into the headers of its IPv4 packets, of one transport
// protocol. The zero value is what Linux does with TCP.
type IPv4 struct {
	Numbering Numbering `json:"numbering"`
	Fragments bool      `json:"fragments,omitempty"` // the flag Don't Fragment is not set: routers may cut its packets
}

// Numbering names how a host numbers its IPv4 packets, in the field Identification. A
// packet that may not be fragmented needs no number (RFC 6864, 4.1), and so systems differ.
type Numbering uint8

// The kinds of numbering.
const (
	ByConnection Numbering = iota // each connection counts from anywhere; what belongs to none that has been opened, as SYN/ACKs and RSTs without ACK, has 0 (Linux)
	ByHost                        // the host counts its packets (Windows)
	Unnumbered                    // 0
	AtRandom                      // drawn
	numberingCount
)

var numberingWords = [numberingCount]string{"connection", "host", "none", "random"}

// String is the word in plans.
func (n Numbering) String() string {
	if n >= numberingCount {
		return fmt.Sprintf("numbering(%d)", uint8(n))
	}
	return numberingWords[n]
}

// MarshalText is String.
func (n Numbering) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText takes a word; the error lists them.
func (n *Numbering) UnmarshalText(text []byte) error {
	i := slices.Index(numberingWords[:], string(text))
	if i < 0 {
		return fmt.Errorf("numbering %q: want one of %s", text, strings.Join(numberingWords[:], ", "))
	}
	*n = Numbering(i)
	return nil
}
