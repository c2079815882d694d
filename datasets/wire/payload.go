package wire

import (
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Filling names what payloads are made of.
type Filling uint8

const (
	Dissectable   Filling = iota // what the application's dissector accepts, else random bytes
	RandomPayload                // seeded random bytes
	ZeroPayload                  // zeros
)

// material is what payloads are cut from: a ring of lower-case words in lines
// and one of random bytes, both made from the seed alone.
type material struct {
	text, noise []byte
}

// ringSize is the period of the rings; they are kept twice in a row and a
// largest payload more, so that any slice is whole.
const ringSize = 1 << 16

func newMaterial(random *rand.Rand) *material {
	m := &material{text: make([]byte, 0, 3*ringSize), noise: make([]byte, ringSize, 3*ringSize)}
	const letters = "abcdefghijklmnopqrstuvwxyz"
	for len(m.text) < ringSize-lineLength {
		line := len(m.text)
		for len(m.text)-line < lineLength-2 {
			if at := len(m.text) - line; at%7 == 6 {
				m.text = append(m.text, ' ')
			} else {
				m.text = append(m.text, letters[random.IntN(len(letters))])
			}
		}
		m.text = append(m.text, '\r', '\n')
	}
	for len(m.text) < ringSize {
		m.text = append(m.text, letters[random.IntN(len(letters))])
	}
	for i := range m.noise {
		m.noise[i] = byte(random.Uint32())
	}
	m.text = append(append(m.text, m.text...), m.text...)
	m.noise = append(append(m.noise, m.noise...), m.noise...)
	return m
}

// lineLength is the length of a line of neutral text, with its line end.
const lineLength = 64

// speaker makes the payloads of one conversation.
type speaker struct {
	material *material
	ring     []byte
	at       [2]uint32 // by direction: where the next byte is taken from the ring
}

// start prepares the speaker for a conversation.
func (s *speaker) start(m *material, c *conversation, filling Filling, random *rand.Rand) {
	*s = speaker{material: m, at: [2]uint32{random.Uint32() % ringSize, random.Uint32() % ringSize}}
	switch {
	case filling == ZeroPayload:
	case filling == Dissectable && textual(c.app):
		s.ring = m.text
	default:
		s.ring = m.noise
	}
}

// plainByte begins every datagram of random bytes: dissectors that guess (RTP,
// RTCP, STUN, QUIC, uTP) look at the first byte and leave this one alone.
const plainByte = 0x6e

// textual applications speak in lines of text.
func textual(a flow.Application) bool {
	switch a {
	case flow.Telnet, flow.HTTP, flow.SMTP, flow.FTP, flow.IRC, flow.POP, flow.IMAP, flow.Finger:
		return true
	}
	return false
}

// fill writes the payload of segment i.
func (s *speaker) fill(b []byte, c *conversation, i int) {
	if s.ring == nil {
		clear(b)
		return
	}
	at := &s.at[c.segments[i].dir]
	copy(b, s.ring[*at:])
	if c.proto == flow.UDP {
		b[0] = plainByte
	}
	*at = (*at + uint32(len(b))) % ringSize
}
