package payload

import (
	"fmt"
	"slices"
	"strings"
)

// Filling names what payloads are made of.
type Filling uint8

// The fillings. Only Copy holds bytes of the training data.
const (
	Neutral Filling = iota // what the application's dissector accepts, else random bytes
	Zero                   // zeros
	Random                 // seeded random bytes
	Copy                   // bytes of the training data, of Examples
	fillingCount
)

var fillingWords = [fillingCount]string{"neutral", "zero", "random", "copy"}

// Validate reports a value that is none of the fillings.
func (f Filling) Validate() error {
	if f >= fillingCount {
		return fmt.Errorf("payload is %d, want one of %s", uint8(f), strings.Join(fillingWords[:], ", "))
	}
	return nil
}

// String is the word in configs.
func (f Filling) String() string {
	if f >= fillingCount {
		return fmt.Sprintf("payload(%d)", uint8(f))
	}
	return fillingWords[f]
}

// MarshalText is String.
func (f Filling) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText takes a word in any case; the error lists the words.
func (f *Filling) UnmarshalText(text []byte) error {
	i := slices.IndexFunc(fillingWords[:], func(word string) bool { return strings.EqualFold(word, string(text)) })
	if i < 0 {
		return fmt.Errorf("payload %q: want one of %s", text, strings.Join(fillingWords[:], ", "))
	}
	*f = Filling(i)
	return nil
}
