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

// exchange is where an exchange of Google's QUIC stands.
type exchange struct {
	id    uint64  // of the connection, 0: not drawn yet
	sent  [2]byte // packets of each side, modulo 256
	named bool    // a packet has named the version
}

// gquic composes a packet with the connection's ID, if there is room for it, and the
// packet number of its side. The first packet that has room names the version; what
// comes before it, or is too short for any packet, is random. All look encrypted: behind
// a client hello in the clear, dissectors take a version for a server's list of them
// where both ports are the same, and where the ports of an exchange are used again. They
// always do so for what comes from port 443.
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
	w.head = append(w.head, 0) // where dissectors look for a frame in the clear: none
	q.named = q.named || names
}
