package payload

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
	serverName     = 9                                                   // of the extension with a server's name, without the name
	serverHello    = tlsRecord + 4 + 2 + 32 + 1 + 32 + 2 + 1             // no extension
)

// tls composes a client hello, a server hello, and otherwise records of
// application data, which is random bytes as encrypted data is. A turn that has
// no room for a record stays random.
func (w *Writer) tls(t Turn) {
	said := w.dialogue.hello[t.Direction]
	w.dialogue.hello[t.Direction] = true
	switch {
	case !said && t.Direction == flow.Forward && t.Length >= clientHello && t.Length <= tlsRecordMost:
		w.clientHello(t.Length)
		return
	case !said && t.Direction == flow.Backward && t.Length > serverHello+tlsRecord && w.dialogue.hello[flow.Forward]:
		w.hello(2, serverHello-tlsRecord-4)
		w.head = append(w.head, 0xc0, 0x2f, 0) // ECDHE-RSA-AES128-GCM-SHA256
	}
	w.records, w.block = len(w.head), tlsRecord+tlsRecordMost
	if rest := (t.Length - w.records) % w.block; rest > 0 && rest <= tlsRecord {
		w.block -= tlsRecord + 1 // else the last record would be empty
	}
	if t.Length-w.records <= tlsRecord {
		w.records = t.Length
	}
}

// hello appends what both hellos begin with: record, message of so many bytes,
// version, random, session.
func (w *Writer) hello(kind byte, size int) {
	be := binary.BigEndian
	w.head = append(w.head, tlsHandshake, 3, 3)
	w.head = be.AppendUint16(w.head, uint16(size+4))
	w.head = append(w.head, kind, 0)
	w.head = be.AppendUint16(w.head, uint16(size))
	w.head = append(w.head, 3, 3)
	w.noise(32)
	w.head = append(w.head, 32)
	w.noise(32)
}

// suites are the cipher suites that programs offer, each program always the same: those of
// TLS 1.2 (RFC 5289, RFC 7905, RFC 5288) in different orders, the one that servers choose first.
var suites = [...][]uint16{
	{0xc02f, 0xc030, 0xcca8, 0xc02b, 0xc02c, 0xcca9, 0x009c, 0x009d},
	{0xc02f, 0xc02b, 0xcca9, 0xcca8, 0xc02c, 0xc030},
	{0xc02f, 0xc030, 0x009d, 0x009c},
	{0xc02f, 0xcca8, 0xc030},
	{0xc02f},
}

// clientHello composes one record of size bytes: the suites that the client always offers
// and the server's name, as there is room, filled by an extension for private use.
func (w *Writer) clientHello(size int) {
	be := binary.BigEndian
	v, left := w.pool.vocabulary, size-clientHello
	offered := suites[v.holder(w.connection.Client)%uint64(len(suites))]
	for n := len(offered); 2*(n-1) > left; n-- {
		offered = offered[:n-1]
	}
	left -= 2 * (len(offered) - 1)
	w.hello(1, size-tlsRecord-4)
	w.head = be.AppendUint16(w.head, uint16(2*len(offered)))
	for _, suite := range offered {
		w.head = be.AppendUint16(w.head, suite)
	}
	w.head = append(w.head, 1, 0)
	w.head = be.AppendUint16(w.head, uint16(left+4))
	host := v.lexicon(flow.TLS, Host).of(v.holder(w.connection.Server), w.random.Uint64())
	if n := len(host); left >= serverName+n { // RFC 6066, 3
		w.head = append(w.head, 0, 0, 0, byte(n+5), 0, byte(n+3), 0, 0, byte(n))
		w.head = append(w.head, host...)
		left -= serverName + n
	}
	w.head = append(w.head, 0xff, 0x17)
	w.head = be.AppendUint16(w.head, uint16(left))
	w.records, w.block = size, tlsRecord+tlsRecordMost
}

func (w *Writer) noise(n int) {
	for range n {
		w.head = append(w.head, byte(w.random.Uint64()))
	}
}

// markRecords writes the headers of the records of application data that begin in b,
// which stands at offset from of the turn.
func (w *Writer) markRecords(b []byte, from int) {
	first := w.records
	if from > first {
		first += (from - first) / w.block * w.block
	}
	for at := first; at < from+len(b) && at < w.total; at += w.block {
		size := min(w.block, w.total-at) - tlsRecord
		header := [tlsRecord]byte{tlsApplication, 3, 3, byte(size >> 8), byte(size)}
		for i, x := range header {
			if k := at + i - from; k >= 0 && k < len(b) {
				b[k] = x
			}
		}
	}
}
