package wire

import (
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
)

// material is what payloads are cut from: a ring of lower-case words in lines
// and one of random bytes, both made from the seed alone.
type material struct {
	text, noise []byte
	quotes      quotes // of the training data, if they are to be copied
}

// ringSize is the period of the rings; they are kept three times in a row, so
// that any slice of a payload's length is whole.
const ringSize = 1 << 16

// lineLength is the length of a line of neutral text, with its line end.
const lineLength = 64

const letters = "abcdefghijklmnopqrstuvwxyz"

func newMaterial(random *rand.Rand) *material {
	m := &material{text: make([]byte, 0, 3*ringSize), noise: make([]byte, ringSize, 3*ringSize)}
	for len(m.text) < ringSize {
		for at := range lineLength - 2 {
			if at%7 == 6 {
				m.text = append(m.text, ' ')
			} else {
				m.text = append(m.text, letters[random.IntN(len(letters))])
			}
		}
		m.text = append(m.text, '\r', '\n')
	}
	for i := range m.noise {
		m.noise[i] = byte(random.Uint32())
	}
	m.text = append(append(m.text, m.text...), m.text...)
	m.noise = append(append(m.noise, m.noise...), m.noise...)
	return m
}

// speaker makes the payloads of one conversation. What one side says until the
// other answers is a turn: a head, filling from a ring, and a tail. Over UDP
// each datagram is a turn.
type speaker struct {
	material *material
	ring     []byte // nil: zeros
	compose  func(s *speaker, c *conversation, t turnOf)
	random   rand.PCG

	single    bool // each segment is a turn: lines never go on in the next
	begun     bool
	dir       flow.Direction
	total     int // bytes of the turn
	said      int // of them already sent
	at        int // where the turn's filling begins in the ring
	head      []byte
	tail      []byte
	dialogue  dialogue
	questions [maxQuestions]question
	asked     int // questions not yet answered
	quotes    quotes
	example   []byte  // the turn is a copy of it, repeated
	spoken    [2]bool // which sides have quoted something
	records   int     // TLS: where in the turn records of application data begin,
	block     int     // and their length
}

// turnOf is a turn that is about to begin.
type turnOf struct {
	dir   flow.Direction
	total int
	next  int  // bytes of the same side's next turn, 0: none
	last  bool // the side says nothing more afterwards
}

// start prepares the speaker for a conversation.
func (s *speaker) start(m *material, c *conversation, filling Filling, random *rand.Rand) {
	head, tail := s.head[:0], s.tail[:0]
	*s = speaker{material: m, ring: m.noise, head: head, tail: tail}
	s.random.Seed(random.Uint64(), random.Uint64())
	switch {
	case filling == ZeroPayload:
		s.ring = nil
	case filling == RandomPayload:
	case filling == CopyPayload:
		s.quotes, s.compose, s.ring = m.quotes, (*speaker).quote, m.text
	case c.proto == flow.TCP:
		s.compose, s.ring = streamOf(c.app, m)
	default:
		s.compose = datagramOf(c.app)
	}
	s.single = c.proto == flow.UDP || c.app == flow.IRC && filling != CopyPayload
}

// streamOf is how an application over TCP speaks.
func streamOf(a flow.Application, m *material) (func(*speaker, *conversation, turnOf), []byte) {
	switch a {
	case flow.HTTP:
		return (*speaker).http, m.text
	case flow.SMTP:
		return (*speaker).smtp, m.text
	case flow.DNS:
		return (*speaker).dnsStream, m.noise
	case flow.IRC:
		return (*speaker).irc, m.text
	case flow.TLS:
		return (*speaker).tls, m.noise
	case flow.Telnet, flow.FTP, flow.POP, flow.IMAP, flow.Finger:
		return nil, m.text
	}
	return nil, m.noise
}

// datagramOf is how an application over UDP speaks.
func datagramOf(a flow.Application) func(*speaker, *conversation, turnOf) {
	switch a {
	case flow.DNS:
		return (*speaker).dns
	case flow.SNMP:
		return (*speaker).snmp
	case flow.NTP:
		return (*speaker).ntp
	case flow.NetBIOS:
		return (*speaker).netbios
	case flow.RIP:
		return (*speaker).rip
	}
	return (*speaker).plain
}

// plainByte begins every datagram of random bytes: dissectors that guess (RTP,
// RTCP, STUN, QUIC, uTP) look at the first byte and leave this one alone.
const plainByte = 0x6e

func (s *speaker) plain(*conversation, turnOf) { s.head = append(s.head, plainByte) }

// fill writes the payload of segment i.
func (s *speaker) fill(b []byte, c *conversation, i int) {
	g := &c.segments[i]
	if g.again {
		s.said -= len(b)
	} else if !s.begun || s.single || s.dir != g.dir {
		s.begin(c, i)
	}
	from := s.said
	s.said += len(b)
	if s.ring == nil {
		clear(b)
		return
	}
	if s.example != nil {
		for at := from % len(s.example); len(b) > 0; at = 0 {
			b = b[copy(b, s.example[at:]):]
		}
		return
	}
	if s.block > 0 {
		defer s.markRecords(b, from)
	}
	if from < len(s.head) {
		n := copy(b, s.head[from:])
		b, from = b[n:], from+n
	}
	copy(b, s.ring[(s.at+from)%ringSize:])
	if tailAt := s.total - len(s.tail); from+len(b) > tailAt {
		for k := max(0, tailAt-from); k < len(b); k++ {
			b[k] = s.tail[from+k-tailAt]
		}
	}
}

// begin starts the turn whose first segment is i.
func (s *speaker) begin(c *conversation, i int) {
	g := &c.segments[i]
	s.begun, s.dir, s.said = true, g.dir, 0
	s.head, s.tail = s.head[:0], s.tail[:0]
	s.at = int(s.random.Uint64()%(ringSize/lineLength)) * lineLength
	if s.compose == nil {
		s.total = 1 << 62
		return
	}
	t := turnOf{dir: g.dir, total: int(g.payload), last: true}
	if !s.single {
		t = c.turn(i)
	}
	s.total = t.total
	s.compose(s, c, t)
	s.head = s.head[:min(len(s.head), t.total)]
	s.tail = s.tail[:min(len(s.tail), t.total-len(s.head))]
}

// turn looks ahead from segment i: how much its side says before the other does,
// and how much it says the next time.
func (c *conversation) turn(i int) turnOf {
	t := turnOf{dir: c.segments[i].dir, last: true}
	answered := false
	for ; i < len(c.segments); i++ {
		g := &c.segments[i]
		switch {
		case g.payload == 0 || g.again:
		case g.dir != t.dir:
			if t.next > 0 {
				return t
			}
			answered = true
		case !answered:
			t.total += int(g.payload)
		default:
			t.next += int(g.payload)
			t.last = false
		}
	}
	return t
}

// letter is a random lower-case letter.
func (s *speaker) letter() byte { return letters[s.random.Uint64()%uint64(len(letters))] }

// word appends n random letters to the head, thirteen of a random number: 26^13
// is a little below 2^62.
func (s *speaker) word(n int) {
	for n > 0 {
		for x, left := s.random.Uint64(), min(n, 13); left > 0; left-- {
			s.head = append(s.head, letters[x%uint64(len(letters))])
			x /= uint64(len(letters))
			n--
		}
	}
}

// below is a random number from 0 to n-1.
func (s *speaker) below(n int) int { return int(s.random.Uint64() % uint64(n)) }
