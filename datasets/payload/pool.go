package payload

import "math/rand/v2"

// Pool is what payloads are cut from: a ring of lower-case words in lines and one
// of random bytes, both made from the source alone, and the examples that are to be
// copied. All connections of a capture share one. It is not safe for concurrent use.
type Pool struct {
	filling     Filling
	text, noise []byte
	examples    exampleIndex
	missing     int64
}

// ringSize is the period of the rings; they are kept three times in a row, so
// that any slice of a payload's length is whole.
const ringSize = 1 << 16

// lineLength is the length of a line of neutral text, with its line end.
const lineLength = 64

const letters = "abcdefghijklmnopqrstuvwxyz"

// NewPool makes a pool for payloads of a filling; examples are for Copy alone.
func NewPool(filling Filling, examples []Example, random *rand.Rand) *Pool {
	p := &Pool{filling: filling, text: make([]byte, 0, 3*ringSize), noise: make([]byte, ringSize, 3*ringSize)}
	for len(p.text) < ringSize {
		for at := range lineLength - 2 {
			if at%7 == 6 {
				p.text = append(p.text, ' ')
			} else {
				p.text = append(p.text, letters[random.IntN(len(letters))])
			}
		}
		p.text = append(p.text, '\r', '\n')
	}
	for i := range p.noise {
		p.noise[i] = byte(random.Uint32())
	}
	p.text = append(append(p.text, p.text...), p.text...)
	p.noise = append(append(p.noise, p.noise...), p.noise...)
	if filling == Copy {
		p.examples = indexExamples(examples)
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
