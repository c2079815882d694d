package payload

import "encoding/binary"

// Sizes of NetBIOS name service messages (RFC 1002, 4.2).
const (
	netbiosName   = 34 // length, 32 letters for 16 bytes, root
	netbiosQuery  = dnsHeader + netbiosName + dnsQuestion
	netbiosRecord = dnsHeader + netbiosName + 10 // an answer without data
)

// netbiosDatagrams is the port of the datagram service, all of whose messages but
// the error carry names of unbounded length.
const netbiosDatagrams = 138

// netbios composes a name query, or an answer whose data fill the message; on the
// port of the datagram service, an error message.
func (w *Writer) netbios(t Turn) {
	id := uint16(w.random.Uint64())
	switch {
	case w.connection.ServerPort == netbiosDatagrams:
		w.head = append(w.head, 0x13, 2, byte(id>>8), byte(id), 198, 18, byte(w.below(256)), byte(w.below(256)), 0, netbiosDatagrams, 0x82)
	case t.Length < netbiosRecord+1 && t.Length >= netbiosQuery:
		w.dnsHead(id, 0x0110, 1, 0, 0) // query, broadcast
		w.encodedName()
		w.head = append(w.head, 0, 0x20, 0, 1)
	case t.Length > netbiosRecord:
		w.dnsHead(id, 0x8500, 0, 1, 0)
		w.encodedName()
		w.head = append(w.head, 0, 0x0a, 0, 1) // NULL: any data
		w.head = binary.BigEndian.AppendUint32(w.head, uint32(1+w.below(1<<20)))
		w.head = binary.BigEndian.AppendUint16(w.head, uint16(t.Length-netbiosRecord))
	case t.Length >= dnsHeader:
		w.dnsHead(id, 0x8580, 0, 0, 0)
	}
}

// encodedName appends a random name of 15 letters and the suffix of a server, each
// byte as two letters.
func (w *Writer) encodedName() {
	w.head = append(w.head, 32)
	for range 15 {
		letter := byte('a' + w.below(26)) // small letters: no real name has them
		w.head = append(w.head, 'A'+letter>>4, 'A'+letter&15)
	}
	w.head = append(w.head, 'C', 'A', 0)
}
