// Package ipfix writes flows as an IPFIX file (RFC 7011 for the messages, RFC 5655 for a
// file of them): collectors and flow tools read it, and so does Wireshark.
//
// Each flow is one bidirectional record (RFC 5103): the elements of what the client sends,
// and the reverse ones of what the server sends. A template for IPv4 and one for IPv6 stand
// in the first message. The file is written here because the libraries at hand are for
// sending to a collector, with a registry of all elements and a dozen dependencies; two
// templates of known elements are less than their set-up.
package ipfix

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Information elements (https://www.iana.org/assignments/ipfix), by their numbers.
const (
	protocolIdentifier       = 4
	tcpControlBits           = 6
	sourceTransportPort      = 7
	sourceIPv4Address        = 8
	destinationTransportPort = 11
	destinationIPv4Address   = 12
	sourceIPv6Address        = 27
	destinationIPv6Address   = 28
	octetTotalCount          = 85
	packetTotalCount         = 86
	applicationName          = 96
	flowEndReason            = 136
	flowID                   = 148
	flowStartNanoseconds     = 156
	flowEndNanoseconds       = 157
	biflowDirection          = 239
)

// Reasons for which a flow has ended (flowEndReason), and who is the source (biflowDirection).
const (
	endIdle   = 1
	endSeen   = 3
	endForced = 4

	initiator = 1
)

const (
	version       = 10
	headerSize    = 16
	templateSet   = 2
	template4     = 256
	template6     = 257
	variable      = 65535 // length of an element that says its own
	reversePEN    = 29305 // RFC 5103
	enterprise    = 1 << 15
	messageLimit  = 32 << 10 // bytes after which a message ends, of at most 65,535
	epochFrom1900 = 2_208_988_800
)

// element is a field of a template.
type element struct {
	number, length uint16
	reverse        bool // of what the server sends
}

// elements returns the fields of a record, in order, for addresses of that many bytes.
func elements(source, destination, address uint16) []element {
	return []element{
		{flowID, 8, false}, {flowStartNanoseconds, 8, false}, {flowEndNanoseconds, 8, false},
		{source, address, false}, {destination, address, false}, {sourceTransportPort, 2, false}, {destinationTransportPort, 2, false},
		{protocolIdentifier, 1, false}, {biflowDirection, 1, false}, {flowEndReason, 1, false},
		{tcpControlBits, 2, false}, {packetTotalCount, 8, false}, {octetTotalCount, 8, false},
		{tcpControlBits, 2, true}, {packetTotalCount, 8, true}, {octetTotalCount, 8, true},
		{applicationName, variable, false},
	}
}

// Writer writes an IPFIX file. It is not safe for concurrent use.
type Writer struct {
	out     io.Writer
	message []byte // without its header's length, time and sequence; empty: none is begun
	set     int    // where the open set begins in message
	records uint32 // of messages before this one
	held    uint32 // of this message
	time    int64  // end of the latest flow
	begun   bool   // the templates are written
}

// NewWriter starts a file.
func NewWriter(w io.Writer) *Writer { return &Writer{out: w} }

// Write adds a flow. One without addresses, such as LoRaWAN uplinks, is left out: it is no
// IP flow.
func (w *Writer) Write(r *flow.Record) error {
	src, dst := r.Tuple.Src.Addr().Unmap(), r.Tuple.Dst.Addr().Unmap()
	if !src.IsValid() || !dst.IsValid() {
		return nil
	}
	template := uint16(template6)
	if src.Is4() {
		template = template4
	}
	w.begin(template)
	w.message = appendRecord(w.message, r)
	w.held++
	w.time = max(w.time, r.End)
	if len(w.message) > messageLimit {
		return w.flush()
	}
	return nil
}

// Close writes what is left. It does not close the file.
func (w *Writer) Close() error { return w.flush() }

// begin begins a message where none is, and a set where the open one is of another
// template.
func (w *Writer) begin(template uint16) {
	be := binary.BigEndian
	if len(w.message) == 0 {
		w.message = append(w.message[:0], make([]byte, headerSize)...)
		w.set = 0
		if !w.begun {
			w.message = appendTemplates(w.message)
			w.begun = true
		}
	}
	if w.set > 0 && be.Uint16(w.message[w.set:]) == template {
		return
	}
	w.endSet()
	w.set = len(w.message)
	w.message = be.AppendUint16(w.message, template)
	w.message = be.AppendUint16(w.message, 0)
}

// endSet writes the length of the open set.
func (w *Writer) endSet() {
	if w.set > 0 {
		binary.BigEndian.PutUint16(w.message[w.set+2:], uint16(len(w.message)-w.set))
	}
}

// flush writes the message, if one is begun.
func (w *Writer) flush() error {
	if len(w.message) == 0 {
		return nil
	}
	w.endSet()
	be := binary.BigEndian
	be.PutUint16(w.message[0:], version)
	be.PutUint16(w.message[2:], uint16(len(w.message)))
	be.PutUint32(w.message[4:], uint32(w.time/1e9)) // exported when the latest flow has ended
	be.PutUint32(w.message[8:], w.records)
	be.PutUint32(w.message[12:], 0) // no particular observation domain
	_, err := w.out.Write(w.message)
	w.records, w.held, w.message = w.records+w.held, 0, w.message[:0]
	if err != nil {
		return fmt.Errorf("ipfix: %w", err)
	}
	return nil
}

// appendTemplates appends the set of both templates.
func appendTemplates(b []byte) []byte {
	be := binary.BigEndian
	start := len(b)
	b = be.AppendUint16(b, templateSet)
	b = be.AppendUint16(b, 0)
	for i, fields := range [][]element{
		elements(sourceIPv4Address, destinationIPv4Address, 4),
		elements(sourceIPv6Address, destinationIPv6Address, 16),
	} {
		b = be.AppendUint16(b, template4+uint16(i))
		b = be.AppendUint16(b, uint16(len(fields)))
		for _, e := range fields {
			if !e.reverse {
				b = be.AppendUint16(be.AppendUint16(b, e.number), e.length)
				continue
			}
			b = be.AppendUint16(be.AppendUint16(b, e.number|enterprise), e.length)
			b = be.AppendUint32(b, reversePEN)
		}
	}
	be.PutUint16(b[start+2:], uint16(len(b)-start))
	return b
}

// appendRecord appends the values of a flow in the order of elements.
func appendRecord(b []byte, r *flow.Record) []byte {
	be := binary.BigEndian
	b = be.AppendUint64(b, uint64(r.ID))
	b = appendTime(b, r.Start)
	b = appendTime(b, r.End)
	b = append(b, r.Tuple.Src.Addr().Unmap().AsSlice()...)
	b = append(b, r.Tuple.Dst.Addr().Unmap().AsSlice()...)
	b = be.AppendUint16(b, r.Tuple.Src.Port())
	b = be.AppendUint16(b, r.Tuple.Dst.Port())
	b = append(b, r.Tuple.Proto, initiator, endOf(r))
	for dir := range r.Packets {
		b = be.AppendUint16(b, uint16(r.Flags[dir]))
		b = be.AppendUint64(b, uint64(r.Packets[dir]))
		b = be.AppendUint64(b, uint64(r.IPBytes[dir]))
	}
	name := r.Application.String()
	return append(append(b, byte(len(name))), name...) // shorter than 255 bytes
}

// endOf returns why the flow has ended.
func endOf(r *flow.Record) byte {
	switch {
	case !r.Finished:
		return endForced
	case (r.Flags[0]|r.Flags[1])&(flow.FIN|flow.RST) != 0:
		return endSeen
	}
	return endIdle
}

// appendTime appends a time in the format of NTP (RFC 7011, 6.1.10): seconds since 1900
// and their fraction in units of 2^-32, rounded up, so that a reader who cuts it off after
// nanoseconds has the same ones.
func appendTime(b []byte, nanoseconds int64) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(nanoseconds/1e9+epochFrom1900))
	return binary.BigEndian.AppendUint32(b, uint32((uint64(nanoseconds%1e9)<<32+999_999_999)/1e9))
}
