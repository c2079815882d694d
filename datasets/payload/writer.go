package payload

import (
	"math/rand/v2"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Connection is what a Writer knows of the connection, or the exchange of
// datagrams, whose payloads it makes.
type Connection struct {
	Application    flow.Application
	Proto          uint8 // flow.TCP or flow.UDP
	ServerPort     uint16
	Client, Server netip.Addr // what a host says again and again goes by its address
}

// Turn is what one side says until the other answers; over UDP each datagram is
// one.
type Turn struct {
	Direction flow.Direction
	Length    int  // bytes
	Next      int  // bytes of the same side's next turn, 0: none
	Answer    int  // bytes of the other side's turn between the two, 0: none
	Last      bool // the side says nothing more afterwards
}

// Turns looks ahead in a connection.
type Turns interface {
	// Turn returns the turn that begins with a segment, by its index.
	Turn(segment int) Turn
}

// Writer makes the payloads of one connection, segment by segment. A turn is a
// head, filling from a ring, and a tail. A Writer can be started again for another
// connection, and keeps its memory.
type Writer struct {
	connection Connection
	pool       *Pool
	ring       []byte  // nil: zeros
	compose    compose // nil: filling alone
	random     rand.PCG

	single    bool // each segment is a turn
	begun     bool
	direction flow.Direction
	total     int // bytes of the turn
	said      int // of them already written
	at        int // where the turn's filling begins in the ring
	head      []byte
	tail      []byte
	dialogue  dialogue
	web       web
	exchange  exchange
	questions [maxQuestions]question
	asked     int     // questions not yet answered
	example   []byte  // the turn is a copy of it, repeated
	spoken    [2]bool // which sides have copied something
	records   int     // TLS: where in the turn records of application data begin,
	block     int     // and their length
}

// Start prepares the writer for a connection. Two words of random are all that it
// draws from there.
func (w *Writer) Start(pool *Pool, c Connection, random *rand.Rand) {
	head, tail := w.head[:0], w.tail[:0]
	*w = Writer{connection: c, pool: pool, ring: pool.noise, head: head, tail: tail, single: c.Proto == flow.UDP}
	w.random.Seed(random.Uint64(), random.Uint64())
	spoken := dialects[c.Application]
	switch {
	case pool.filling == Zero:
		w.ring = nil
	case pool.filling == Random:
	case pool.filling == Copy:
		w.compose, w.ring = (*Writer).copyExample, pool.text
	case c.Proto == flow.TCP:
		w.compose = spoken.stream
		if spoken.text {
			w.ring = pool.text
		}
	case spoken.datagram != nil:
		w.compose = spoken.datagram
	default:
		w.compose = (*Writer).plain
	}
	w.single = w.single || spoken.lines && pool.filling != Copy
}

// plainByte begins every datagram of random bytes: dissectors that guess (RTP,
// RTCP, STUN, QUIC, uTP) look at the first byte and leave this one alone.
const plainByte = 0x6e

// plain begins a datagram of random bytes.
func (w *Writer) plain(Turn) { w.head = append(w.head, plainByte) }

// Fill writes the payload of a segment, which its side sends after all that it has
// said so far. Segments come in their order; turns is
// asked where one begins.
func (w *Writer) Fill(b []byte, direction flow.Direction, segment int, turns Turns) {
	if !w.begun || w.single || w.direction != direction {
		t := Turn{Direction: direction, Length: len(b), Last: true}
		if !w.single && w.compose != nil {
			t = turns.Turn(segment)
		}
		w.begin(t)
	}
	from := w.said
	w.said += len(b)
	if w.ring == nil {
		clear(b)
		return
	}
	if w.example != nil {
		for at := from % len(w.example); len(b) > 0; at = 0 {
			b = b[copy(b, w.example[at:]):]
		}
		return
	}
	if w.block > 0 {
		defer w.markRecords(b, from)
	}
	if from < len(w.head) {
		n := copy(b, w.head[from:])
		b, from = b[n:], from+n
	}
	copy(b, w.ring[(w.at+from)%ringSize:])
	if w.connection.Application == flow.HTTP {
		blankLineEnd(b)
	}
	if tailAt := w.total - len(w.tail); from+len(b) > tailAt {
		for k := max(0, tailAt-from); k < len(b); k++ {
			b[k] = w.tail[from+k-tailAt]
		}
	}
}

// blankLineEnd makes spaces of the line end that the filling of an HTTP segment begins
// with: tshark calls a continuation that begins so malformed.
func blankLineEnd(b []byte) {
	for i := 0; i < len(b) && (b[i] == '\r' || b[i] == '\n'); i++ {
		b[i] = ' '
	}
}

// begin starts a turn.
func (w *Writer) begin(t Turn) {
	w.begun, w.direction, w.said = true, t.Direction, 0
	w.head, w.tail = w.head[:0], w.tail[:0]
	w.at = int(w.random.Uint64()%(ringSize/lineLength)) * lineLength
	if w.compose == nil {
		w.total = 1 << 62
		return
	}
	w.total = t.Length
	w.compose(w, t)
	w.head = w.head[:min(len(w.head), t.Length)]
	w.tail = w.tail[:min(len(w.tail), t.Length-len(w.head))]
}

// words appends n bytes of words to the head.
func (w *Writer) words(n int) { w.head = appendWords(w.head, n, ' ', w.random.Uint64()) }

// below returns a random number from 0 to n-1.
func (w *Writer) below(n int) int { return int(w.random.Uint64() % uint64(n)) }
