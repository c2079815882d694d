package payload

import (
	"math/rand/v2"
	"net/netip"
)

// Pool is what payloads are cut from: a ring of text in lines and one of random bytes,
// both made from the source alone, invented names, and the examples that are to be
// copied. All connections of a capture share one. It is not safe for concurrent use.
type Pool struct {
	filling     Filling
	text, noise []byte
	vocabulary  *vocabulary
	examples    exampleIndex
	missing     int64
}

// Options are what a Pool is made for.
type Options struct {
	Filling    Filling
	Examples   []Example    // for Copy alone
	Statistics []Statistics // of what the applications say; those of an application that has none are assumed
	Hosts      []netip.Addr // servers, which answers of DNS name; none: documented addresses
}

// ringSize is the period of the rings; they are kept three times in a row, so
// that any slice of a payload's length is whole.
const ringSize = 1 << 16

// lineLength is the length of a line of text, with its line end.
const lineLength = 64

// NewPool makes a pool. The same options and source make the same names.
func NewPool(o Options, random *rand.Rand) *Pool {
	p := &Pool{filling: o.Filling, vocabulary: newVocabulary(random.Uint64(), o.Statistics, o.Hosts), text: make([]byte, 0, 3*ringSize), noise: make([]byte, ringSize, 3*ringSize)}
	for len(p.text) < ringSize {
		p.text = appendWords(p.text, lineLength-len("\r\n"), ' ', random.Uint64())
		p.text = append(p.text, '\r', '\n')
	}
	for i := range p.noise {
		p.noise[i] = byte(random.Uint32())
	}
	p.text = append(append(p.text, p.text...), p.text...)
	p.noise = append(append(p.noise, p.noise...), p.noise...)
	if o.Filling == Copy {
		p.examples = indexExamples(o.Examples)
	}
	return p
}

// Noise returns n bytes, at most 65,536, that begin at a place of the ring: random
// ones, or zeros where that is the filling. They are shared: the caller must not
// change them.
func (p *Pool) Noise(at uint32, n int) []byte {
	if p.filling == Zero {
		return make([]byte, n)
	}
	begin := int(at % ringSize)
	return p.noise[begin : begin+n]
}

// Missing returns how many turns had no example to copy, so that neutral text took
// its place.
func (p *Pool) Missing() int64 { return p.missing }
