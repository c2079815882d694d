package payload

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Tags of SNMP messages (RFC 3416, in the encoding of X.690).
const (
	tagInteger  = 0x02
	tagOctets   = 0x04
	tagNull     = 0x05
	tagOID      = 0x06
	tagSequence = 0x30
	tagGetNext  = 0xa1
	tagResponse = 0xa2
)

// Sizes of an SNMP message in bytes.
const (
	shortMessage  = 128 // up to here all lengths take one byte,
	middleMessage = 256 // and up to here two, as programs write them
	snmpCommunity = 7
	snmpOID       = 12 // usual length of an object identifier
	snmpOIDMost   = 40 // longest that is made for filling
)

// lengths is the number of bytes that constructed values spend on a tag and a length.
type lengths int

// Short form of lengths, and long forms of one, two and three bytes (X.690, 8.1.3).
const (
	shortForm  lengths = 2
	middleForm lengths = 3
	longForm   lengths = 4
	longerForm lengths = 5
)

// variable returns the form for a variable in a message: one byte longer than need
// be, which is allowed and which no common program writes, so that the bytes
// between request ID and object identifier are not like any capture's. Short
// messages have too few of them for that to matter.
func (l lengths) variable() lengths {
	if l == shortForm {
		return shortForm
	}
	return l + 1
}

// header appends a tag and the length of what follows.
func (l lengths) header(b []byte, tag byte, size int) []byte {
	switch l {
	case shortForm:
		return append(b, tag, byte(size))
	case middleForm:
		return append(b, tag, 0x81, byte(size))
	case longForm:
		return append(b, tag, 0x82, byte(size>>8), byte(size))
	}
	return append(b, tag, 0x83, 0, byte(size>>8), byte(size))
}

// snmp composes a request, or the response to the oldest one, of exactly t.Length
// bytes: version 2c, object identifiers under 2.999, the arc for examples.
func (w *Writer) snmp(t Turn) {
	form := shortForm
	if t.Length > middleMessage {
		form = longForm
	} else if t.Length > shortMessage {
		form = middleForm
	}
	// message, version, community, PDU, request ID, error status and index, variables
	fixed := 3*int(form) + 3 + 2 + 6 + 6
	community := snmpCommunity
	left := t.Length - fixed - community
	variable := int(form.variable()) + 2 + snmpOID + 2 // its own header, OID, NULL
	if short := variable - left; short > 0 {
		community -= min(community, short)
		left = t.Length - fixed - community
	}
	if least := int(form.variable()) + 2 + 1 + 2; left < least {
		w.words(t.Length) // too short for SNMP
		return
	}
	id, pdu := uint32(w.random.Uint64())|1<<31, byte(tagGetNext) // negative, which programs do not use
	if t.Direction == flow.Forward {
		w.ask(id)
	} else {
		pdu = tagResponse
		if w.asked > 0 {
			id = w.take().id
		}
	}
	w.head = form.header(w.head, tagSequence, t.Length-int(form))
	w.head = append(w.head, tagInteger, 1, 1, tagOctets, byte(community))
	w.words(community)
	w.head = form.header(w.head, pdu, 6+6+int(form)+left)
	w.head = append(w.head, tagInteger, 4)
	w.head = binary.BigEndian.AppendUint32(w.head, id)
	w.head = append(w.head, tagInteger, 1, 0, tagInteger, 1, 0)
	w.head = form.header(w.head, tagSequence, left)
	for left > 0 {
		left -= w.snmpVariable(form.variable(), pdu == tagResponse, left)
	}
}

// snmpVariable appends one variable of the left bytes and returns its length. In
// a request the value is NULL and the last identifier fills what is left; in a
// response the first value is a text that does.
func (w *Writer) snmpVariable(form lengths, response bool, left int) int {
	header := int(form) + 2
	if response {
		identifier := min(snmpOID, left-header-int(form))
		value := left - header - identifier - int(form)
		w.head = form.header(w.head, tagSequence, left-int(form))
		w.oid(identifier)
		w.head = form.header(w.head, tagOctets, value)
		w.words(value)
		return left
	}
	size := left
	if left-header-2 > snmpOIDMost {
		size = header + snmpOID + 2
	}
	w.head = form.header(w.head, tagSequence, size-int(form))
	w.oid(size - header - 2)
	w.head = append(w.head, tagNull, 0)
	return size
}

// oid appends an object identifier of size bytes.
func (w *Writer) oid(size int) {
	w.head = append(w.head, tagOID, byte(size))
	if size == 1 {
		w.head = append(w.head, 0x2a) // 1.2
		return
	}
	w.head = append(w.head, 0x88, 0x37) // 2.999
	for range size - 2 {
		w.head = append(w.head, byte(1+w.below(127)))
	}
}
