package payload

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Packets of Google's QUIC, version Q043 (draft-hamilton-early-deployment-quic): a
// public header, behind it a hash of the packet, and frames. It is the QUIC of
// NeCSTGen's published capture, and it is recognised from 15 bytes on: a first packet
// of RFC 9000 has at least 1,200.
const (
	gquicVersion = "Q043"
	gquicPort    = 443

	// Flags of the public header, which begins with them.
	gquicHasVersion = 0x01
	gquicHasID      = 0x08 // a connection ID of eight bytes

	gquicHashSize = 12
	gquicShort    = 1 + 1 + 1 // flags, packet number, something encrypted
	gquicMiddle   = gquicShort + 8
	gquicLong     = gquicMiddle + len(gquicVersion)
)

// gquicFrame begins a stream frame of stream 1 with a length of its own.
var gquicFrame = []byte{0xa0, 1}

// exchange is where an exchange of Google's QUIC stands.
type exchange struct {
	id    uint64  // of the connection, 0: not drawn yet
	sent  [2]byte // packets of each side, modulo 256
	named bool    // a packet has named the version
}

// gquic composes a packet with the connection's ID, if there is room for it, and the
// packet number of its side. The first packet of either side that has room names the
// version and holds a client hello; all others look encrypted. A client goes on naming
// the version until the server has answered, but dissectors take that for a server's
// list of versions where both ports are the same, and what comes from port 443 always.
// What comes before the version, or is too short for any packet, is random.
func (w *Writer) gquic(t Turn) {
	q := &w.exchange
	if q.id == 0 {
		q.id = w.random.Uint64() | 1
	}
	side := t.Direction & 1
	names := !q.named && t.Length >= gquicLong && (side == flow.Forward || w.connection.ServerPort != gquicPort)
	if t.Length < gquicShort || !q.named && !names {
		w.plain(t)
		return
	}
	q.sent[side]++
	w.head = append(w.head, 0)
	if t.Length >= gquicMiddle {
		w.head[0] |= gquicHasID
		w.head = binary.BigEndian.AppendUint64(w.head, q.id)
	}
	if names {
		w.head[0] |= gquicHasVersion
		w.head = append(w.head, gquicVersion...)
	}
	w.head = append(w.head, q.sent[side])
	for range gquicHashSize {
		w.head = append(w.head, byte(w.below(256)))
	}
	if names {
		q.named = true
		w.gquicHello(t.Length)
	} else {
		w.head = append(w.head, 0) // where a dissector looks for a frame that is not encrypted
	}
}

// Sizes of a client hello.
const (
	helloHeader = 8 // its name, the number of its tags, two bytes of nothing
	helloTag    = 8 // a tag and where its value ends
	helloTags   = 2
)

// gquicHello appends a stream frame with a client hello that fills the packet: a pad,
// as clients write it to have their first packet no smaller than the answer, and the
// version.
func (w *Writer) gquicHello(length int) {
	size := length - len(w.head) - len(gquicFrame) - 2
	pad := size - helloHeader - helloTags*helloTag - len(gquicVersion)
	if pad < 0 {
		w.head = append(w.head, 0)
		return
	}
	le := binary.LittleEndian
	w.head = append(w.head, gquicFrame...)
	w.head = binary.BigEndian.AppendUint16(w.head, uint16(size))
	w.head = append(w.head, 'C', 'H', 'L', 'O', helloTags, 0, 0, 0)
	w.head = le.AppendUint32(append(w.head, 'P', 'A', 'D', 0), uint32(pad))
	w.head = le.AppendUint32(append(w.head, 'V', 'E', 'R', 0), uint32(pad+len(gquicVersion)))
	w.tail = append(w.tail, gquicVersion...)
}
