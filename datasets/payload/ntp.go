package payload

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
func (w *Writer) ntp(t Turn) {
	be := binary.BigEndian
	rest := t.Length - ntpSize
	if rest != 0 && rest != 20 && (rest < ntpExtension || rest%4 != 0) {
		w.ntpControl(t)
		return
	}
	mode := byte(3 + t.Direction&1)                                                  // client or server
	w.head = append(w.head, 4<<3|mode, byte(2+w.below(3)), byte(6+w.below(5)), 0xe8) // version 4, stratum, poll, precision
	w.head = be.AppendUint32(w.head, uint32(1+w.below(0x2000)))                      // root delay
	w.head = be.AppendUint32(w.head, uint32(1+w.below(0x2000)))                      // root dispersion
	w.head = append(w.head, 198, 51, 100, byte(1+w.below(254)))                      // reference: a documented address
	for range 4 {                                                                    // reference, origin, receive, transmit
		w.head = be.AppendUint32(w.head, ntpEra+uint32(w.below(1<<16)))
		w.head = be.AppendUint32(w.head, uint32(w.random.Uint64()))
	}
	if rest >= ntpExtension && rest != 20 { // 20 is a key and its digest: random bytes
		w.head = be.AppendUint16(w.head, 0x2005) // private and experimental
		w.head = be.AppendUint16(w.head, uint16(rest))
	}
}

// ntpEra is 2023-11-14 in seconds since 1900.
const ntpEra = 1_700_000_000 + 2_208_988_800

// ntpControl composes a control message (mode 6) with text as data.
func (w *Writer) ntpControl(t Turn) {
	if t.Length < ntpControlSize {
		w.head = append(w.head, 4<<3|6)
		return
	}
	be := binary.BigEndian
	response := byte(0)
	if t.Direction == flow.Backward {
		response = 0x80
	}
	w.head = append(w.head, 4<<3|6, response|2)                       // read variables
	w.head = be.AppendUint16(w.head, uint16(1+w.below(0xfffe)))       // sequence
	w.head = append(w.head, 0, 0, 0, 0, 0, 0)                         // status, association, offset
	w.head = be.AppendUint16(w.head, uint16(t.Length-ntpControlSize)) // bytes that follow
	w.words(t.Length - ntpControlSize)
}
