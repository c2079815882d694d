package wire

import (
	"encoding/binary"
)

// Sizes of NetBIOS name service messages (RFC 1002, 4.2) and RIP (RFC 2453, 4).
const (
	netbiosName   = 34 // length, 32 letters for 16 bytes, root
	netbiosQuery  = dnsHeader + netbiosName + dnsQuestion
	netbiosRecord = dnsHeader + netbiosName + 10 // an answer without data
	ripHeader     = 4
	ripEntry      = 20
)

// netbiosDatagrams is the port of the datagram service, all of whose messages but
// the error carry names of unbounded length.
const netbiosDatagrams = 138

// netbios composes a name query, or an answer whose data fill the message; on the
// port of the datagram service, an error message.
func (s *speaker) netbios(c *conversation, t turnOf) {
	id := uint16(s.random.Uint64())
	switch {
	case c.ends[1].port == netbiosDatagrams:
		s.head = append(s.head, 0x13, 2, byte(id>>8), byte(id), 198, 18, byte(s.below(256)), byte(s.below(256)), 0, netbiosDatagrams, 0x82)
	case t.total < netbiosRecord+1 && t.total >= netbiosQuery:
		s.dnsHead(id, 0x0110, 1, 0, 0) // query, broadcast
		s.encodedName()
		s.head = append(s.head, 0, 0x20, 0, 1)
	case t.total > netbiosRecord:
		s.dnsHead(id, 0x8500, 0, 1, 0)
		s.encodedName()
		s.head = append(s.head, 0, 0x0a, 0, 1) // NULL: any data
		s.head = binary.BigEndian.AppendUint32(s.head, uint32(1+s.below(1<<20)))
		s.head = binary.BigEndian.AppendUint16(s.head, uint16(t.total-netbiosRecord))
	case t.total >= dnsHeader:
		s.dnsHead(id, 0x8580, 0, 0, 0)
	}
}

// encodedName is a random name of 15 letters and the suffix of a server, each
// byte as two letters.
func (s *speaker) encodedName() {
	s.head = append(s.head, 32)
	for range 15 {
		letter := s.letter() // small letters: no real name has them
		s.head = append(s.head, 'A'+letter>>4, 'A'+letter&15)
	}
	s.head = append(s.head, 'C', 'A', 0)
}

// rip composes a version 2 request or response of as many routes as fit.
func (s *speaker) rip(_ *conversation, t turnOf) {
	if t.total < ripHeader {
		return
	}
	s.head = append(s.head, byte(1+t.dir&1), 2, 0, 0)
	for len(s.head)+ripEntry <= t.total {
		s.head = append(s.head, 0, 2, 0, 0, 198, 18, byte(s.below(256)), 0, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, byte(1+s.below(15)))
	}
}
