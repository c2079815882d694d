package wire

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Sizes of NTP messages in bytes (RFC 5905, 7.3; RFC 9327 for control messages).
const (
	ntpSize        = 48
	ntpControlSize = 12
	ntpExtension   = 16 // smallest extension field (RFC 7822)
)

// ntp composes a client or server message with made-up times, a longer one with
// an extension field, any other size as a control message.
func (s *speaker) ntp(_ *conversation, t turnOf) {
	be := binary.BigEndian
	rest := t.total - ntpSize
	if rest != 0 && rest != 20 && (rest < ntpExtension || rest%4 != 0) {
		s.ntpControl(t)
		return
	}
	mode := byte(3 + t.dir&1)                                                        // client or server
	s.head = append(s.head, 4<<3|mode, byte(2+s.below(3)), byte(6+s.below(5)), 0xe8) // version 4, stratum, poll, precision
	s.head = be.AppendUint32(s.head, uint32(1+s.below(0x2000)))                      // root delay
	s.head = be.AppendUint32(s.head, uint32(1+s.below(0x2000)))                      // root dispersion
	s.head = append(s.head, 198, 51, 100, byte(1+s.below(254)))                      // reference: a documented address
	for range 4 {                                                                    // reference, origin, receive, transmit
		s.head = be.AppendUint32(s.head, ntpEra+uint32(s.below(1<<16)))
		s.head = be.AppendUint32(s.head, uint32(s.random.Uint64()))
	}
	if rest >= ntpExtension && rest != 20 { // 20 is a key and its digest: random bytes
		s.head = be.AppendUint16(s.head, 0x2005) // private and experimental
		s.head = be.AppendUint16(s.head, uint16(rest))
	}
}

// ntpEra is 2023-11-14 in seconds since 1900.
const ntpEra = 1_700_000_000 + 2_208_988_800

// ntpControl is a control message (mode 6) with text as data.
func (s *speaker) ntpControl(t turnOf) {
	if t.total < ntpControlSize {
		s.head = append(s.head, 4<<3|6)
		return
	}
	be := binary.BigEndian
	response := byte(0)
	if t.dir == flow.Backward {
		response = 0x80
	}
	s.head = append(s.head, 4<<3|6, response|2)                      // read variables
	s.head = be.AppendUint16(s.head, uint16(1+s.below(0xfffe)))      // sequence
	s.head = append(s.head, 0, 0, 0, 0, 0, 0)                        // status, association, offset
	s.head = be.AppendUint16(s.head, uint16(t.total-ntpControlSize)) // bytes that follow
	s.word(t.total - ntpControlSize)
}
