package flow

import (
	"fmt"
	"slices"
	"strings"
)

// TCPOptions are the kinds of the options of a TCP header, in order: the first sixteen, four
// bits each from the lowest on. The zero value has none. Their order differs between
// operating systems, which is what p0f knows them by
// (https://lcamtuf.coredump.cx/p0f3/README, 5.B); the texts are its words.
type TCPOptions uint64

// TCPOption is the kind of one option.
type TCPOption uint8

// The kinds that the program names.
const (
	noOption         TCPOption = iota // behind the last one
	OptionEnd                         // end of the options (RFC 9293, 3.1)
	OptionNOP                         // padding
	OptionMSS                         // maximum segment size
	OptionScale                       // window scale (RFC 7323, 2)
	OptionSACKOK                      // selective acknowledgements are understood (RFC 2018, 2)
	OptionSACK                        // selective acknowledgement
	OptionTimestamps                  // RFC 7323, 3
	OptionOther                       // any other
	optionCount
)

var optionWords = [optionCount]string{"", "eol", "nop", "mss", "ws", "sok", "sack", "ts", "other"}

// optionNumbers are the numbers of the kinds (IANA, TCP parameters).
var optionNumbers = [optionCount]uint8{OptionNOP: 1, OptionMSS: 2, OptionScale: 3, OptionSACKOK: 4, OptionSACK: 5, OptionTimestamps: 8}

// OptionOf returns the kind with a number of IANA's list.
func OptionOf(number uint8) TCPOption {
	if i := slices.Index(optionNumbers[OptionEnd:OptionOther], number); i >= 0 {
		return OptionEnd + TCPOption(i)
	}
	return OptionOther
}

// Number is that of the kind in IANA's list, 0 of OptionEnd and of OptionOther.
func (o TCPOption) Number() uint8 { return optionNumbers[o] }

var optionLengths = [optionCount]int{OptionEnd: 1, OptionNOP: 1, OptionMSS: 4, OptionScale: 3, OptionSACKOK: 2, OptionTimestamps: 10}

// Length is how many bytes an option of the kind has, 0 where that differs from one to the
// next.
func (o TCPOption) Length() int { return optionLengths[min(o, OptionOther)] }

// mostOptions is how many options TCPOptions has room for.
const mostOptions = 16

// NewTCPOptions returns options in this order; those beyond the sixteenth are left out.
func NewTCPOptions(kinds ...TCPOption) (o TCPOptions) {
	for i, kind := range kinds[:min(len(kinds), mostOptions)] {
		o |= TCPOptions(kind) << (4 * i)
	}
	return o
}

// At returns the i-th option, false behind the last one.
func (o TCPOptions) At(i int) (TCPOption, bool) {
	kind := TCPOption(o >> (4 * i) & 15)
	return kind, kind != noOption
}

// Has reports whether one of the options is of a kind.
func (o TCPOptions) Has(kind TCPOption) bool {
	for ; o != 0; o >>= 4 {
		if TCPOption(o&15) == kind {
			return true
		}
	}
	return false
}

// Length is how many bytes the options have, without padding; those whose length differs from
// one to the next count none.
func (o TCPOptions) Length() (bytes int) {
	for ; o != 0; o >>= 4 {
		bytes += TCPOption(o & 15).Length()
	}
	return bytes
}

// String is the words of the options with commas in between, "" of none.
func (o TCPOptions) String() string {
	var words []string
	for ; o != 0; o >>= 4 {
		words = append(words, optionWords[min(TCPOption(o&15), OptionOther)])
	}
	return strings.Join(words, ",")
}

// MarshalText is String.
func (o TCPOptions) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText takes what String returns; the error lists the words.
func (o *TCPOptions) UnmarshalText(text []byte) error {
	var kinds []TCPOption
	for word := range strings.SplitSeq(string(text), ",") {
		if len(text) == 0 {
			break
		}
		i := slices.Index(optionWords[1:], word)
		if i < 0 || len(kinds) == mostOptions {
			return fmt.Errorf("flow: TCP options %q: want up to %d of %s, with commas in between", text, mostOptions, strings.Join(optionWords[1:], ", "))
		}
		kinds = append(kinds, TCPOption(i+1))
	}
	*o = NewTCPOptions(kinds...)
	return nil
}
