package wire

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Sizes and types of TLS records and hellos (RFC 5246, 6.2 and 7.4).
const (
	tlsRecord      = 5
	tlsRecordMost  = 1 << 14
	tlsHandshake   = 22
	tlsApplication = 23
	clientHello    = tlsRecord + 4 + 2 + 32 + 1 + 32 + 2 + 2 + 2 + 2 + 4 // one cipher suite, one extension
	serverHello    = tlsRecord + 4 + 2 + 32 + 1 + 32 + 2 + 1             // no extension
)

// tls composes a client hello, a server hello, and otherwise records of
// application data, which is random bytes as encrypted data is. A turn that has
// no room for a record stays random.
func (s *speaker) tls(_ *conversation, t turnOf) {
	said := s.dialogue.hello[t.dir]
	s.dialogue.hello[t.dir] = true
	switch {
	case !said && t.dir == flow.Forward && t.total >= clientHello && t.total <= tlsRecordMost:
		s.clientHello(t.total)
		return
	case !said && t.dir == flow.Backward && t.total > serverHello+tlsRecord && s.dialogue.hello[flow.Forward]:
		s.hello(2, serverHello-tlsRecord-4)
		s.head = append(s.head, 0xc0, 0x2f, 0) // ECDHE-RSA-AES128-GCM-SHA256
	}
	s.records, s.block = len(s.head), tlsRecord+tlsRecordMost
	if rest := (t.total - s.records) % s.block; rest > 0 && rest <= tlsRecord {
		s.block -= tlsRecord + 1 // else the last record would be empty
	}
	if t.total-s.records <= tlsRecord {
		s.records = t.total
	}
}

// hello appends what both hellos begin with: record, message of so many bytes,
// version, random, session.
func (s *speaker) hello(kind byte, size int) {
	be := binary.BigEndian
	s.head = append(s.head, tlsHandshake, 3, 3)
	s.head = be.AppendUint16(s.head, uint16(size+4))
	s.head = append(s.head, kind, 0)
	s.head = be.AppendUint16(s.head, uint16(size))
	s.head = append(s.head, 3, 3)
	s.noise(32)
	s.head = append(s.head, 32)
	s.noise(32)
}

// clientHello is one record of size bytes, filled by an extension for private use.
func (s *speaker) clientHello(size int) {
	be := binary.BigEndian
	s.hello(1, size-tlsRecord-4)
	s.head = append(s.head, 0, 2, 0xc0, 0x2f, 1, 0)
	left := size - clientHello
	s.head = be.AppendUint16(s.head, uint16(left+4))
	s.head = append(s.head, 0xff, 0x17)
	s.head = be.AppendUint16(s.head, uint16(left))
	s.records, s.block = size, tlsRecord+tlsRecordMost
}

func (s *speaker) noise(n int) {
	for range n {
		s.head = append(s.head, byte(s.random.Uint64()))
	}
}

// markRecords writes the headers of the records of application data that begin in b,
// which stands at offset from of the turn.
func (s *speaker) markRecords(b []byte, from int) {
	first := s.records
	if from > first {
		first += (from - first) / s.block * s.block
	}
	for at := first; at < from+len(b) && at < s.total; at += s.block {
		size := min(s.block, s.total-at) - tlsRecord
		header := [tlsRecord]byte{tlsApplication, 3, 3, byte(size >> 8), byte(size)}
		for i, x := range header {
			if k := at + i - from; k >= 0 && k < len(b) {
				b[k] = x
			}
		}
	}
}
