package tcp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/address"
)

// Losses says how many TCP data segments the network loses behind the point of capture, so
// that they are seen twice: Learned, NoLosses, or a proportion of MaxLosses at most.
type Losses float64

// The values of Losses that have words.
const (
	NoLosses Losses = 0
	Learned  Losses = -1 // as many as the training flows of the service show
)

// MaxLosses is the greatest proportion of data segments that can be lost.
const MaxLosses Losses = 0.1

// valid reports whether l is one of the values that Losses can have.
func (l Losses) valid() bool { return l == Learned || l >= 0 && l <= MaxLosses }

// String returns learned, none or the proportion.
func (l Losses) String() string {
	switch l {
	case Learned:
		return "learned"
	case NoLosses:
		return "none"
	}
	return strconv.FormatFloat(float64(l), 'g', -1, 64)
}

// MarshalText returns what String does.
func (l Losses) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText takes what MarshalText returns, words in any case.
func (l *Losses) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "learned":
		*l = Learned
		return nil
	case "none":
		*l = NoLosses
		return nil
	}
	proportion, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(proportion >= 0 && Losses(proportion) <= MaxLosses) {
		return fmt.Errorf("tcp: losses are %q: want learned, none, or a proportion of 0 to %g", text, float64(MaxLosses))
	}
	*l = Losses(proportion)
	return nil
}

// of returns the losses of a flow whose service has learned ones, nil where nothing is
// known of it. A proportion is divided as the learned losses are.
func (l Losses) of(learned *address.Losses) address.Losses {
	known := address.Losses{TimedOut: 1, Wait: linuxWaits}
	if learned != nil && learned.TimedOut+learned.Fast+learned.Needless > 0 {
		known = *learned
	} else if l == Learned {
		return address.Losses{}
	}
	if l == Learned {
		return known
	}
	factor := float64(l) / (known.TimedOut + known.Fast + known.Needless)
	known.TimedOut, known.Fast, known.Needless, known.SYNs = known.TimedOut*factor, known.Fast*factor, known.Needless*factor, known.SYNs*factor
	return known
}

// linuxWaits are the seconds until a segment is sent again where nothing is known: about
// the least time-out of Linux, 200 ms.
var linuxWaits = [5]float64{0.2, 0.2, 0.21, 0.22, 0.25}
