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
	tagCounter  = 0x41
	tagGet      = 0xa0
	tagGetNext  = 0xa1
	tagResponse = 0xa2
)

// Sizes of an SNMP message in bytes.
const (
	shortMessage  = 128 // up to here all lengths take one byte,
	middleMessage = 256 // and up to here two, as programs write them
	snmpOverhead  = 6   // of a variable: its header, those of its identifier and of its value
	snmpLeast     = snmpOverhead + 1
	snmpUsual     = snmpOverhead + 8
	snmpMost      = snmpOverhead + 24
	snmpValue     = 96 // longest value that is made
)

// community is the one that devices come with.
const community = "public"

// objects are what is asked for, without the last two parts of the identifier: of the group
// system, and of the columns of the tables of interfaces (RFC 3418, RFC 2863).
var objects = [...]struct {
	prefix             string
	columns, instances int
}{
	{"\x2b\x06\x01\x02\x01\x02\x02\x01", 22, 12},     // 1.3.6.1.2.1.2.2.1: ifEntry
	{"\x2b\x06\x01\x02\x01\x01", 7, 1},               // 1.3.6.1.2.1.1: system
	{"\x2b\x06\x01\x02\x01\x1f\x01\x01\x01", 18, 12}, // 1.3.6.1.2.1.31.1.1.1: ifXEntry
}

// routes is what other identifiers begin with: 1.3.6.1.2.1.4.21.1, ipRouteEntry (RFC 1213).
const routes = "\x2b\x06\x01\x02\x01\x04\x15\x01"

// lengths is the number of bytes that constructed values spend on a tag and a length.
type lengths int

// Short form of lengths, and long forms of one and two bytes (X.690, 8.1.3).
const (
	shortForm  lengths = 2
	middleForm lengths = 3
	longForm   lengths = 4
)

// header appends a tag and the length of what follows.
func (l lengths) header(b []byte, tag byte, size int) []byte {
	switch l {
	case shortForm:
		return append(b, tag, byte(size))
	case middleForm:
		return append(b, tag, 0x81, byte(size))
	}
	return append(b, tag, 0x82, byte(size>>8), byte(size))
}

// snmp composes a request, or the response to the oldest one, of exactly t.Length
// bytes: version 2c, for objects that every device has.
func (w *Writer) snmp(t Turn) {
	form := shortForm
	if t.Length > middleMessage {
		form = longForm
	} else if t.Length > shortMessage {
		form = middleForm
	}
	// message, version, community, PDU, request ID, error status and index, variables
	fixed := 3*int(form) + 3 + 2 + 6 + 6
	name := community
	if short := fixed + len(name) + snmpLeast - t.Length; short > 0 {
		name = name[:max(0, len(name)-short)]
	}
	left := t.Length - fixed - len(name)
	if left < snmpLeast {
		w.words(t.Length) // too short for SNMP
		return
	}
	q, pdu := &question{id: uint32(w.random.Uint64())>>1 | 1<<24}, byte(tagGet)
	if t.Direction == flow.Forward {
		q = w.ask(q.id)
		pdu += byte(w.below(2)) // or what follows
	} else {
		pdu = tagResponse
		if w.asked > 0 {
			q = w.take()
		}
	}
	w.head = form.header(w.head, tagSequence, t.Length-int(form))
	w.head = append(w.head, tagInteger, 1, 1, tagOctets, byte(len(name)))
	w.head = append(w.head, name...)
	w.head = form.header(w.head, pdu, 6+6+int(form)+left)
	w.head = append(w.head, tagInteger, 4)
	w.head = binary.BigEndian.AppendUint32(w.head, q.id)
	w.head = append(w.head, tagInteger, 1, 0, tagInteger, 1, 0)
	w.head = form.header(w.head, tagSequence, left)
	if pdu == tagResponse {
		w.snmpResponse(q, left)
		return
	}
	for left > 0 {
		size := w.snmpVariable(left)
		w.snmpNull(q, size)
		left -= size
	}
}

// snmpVariable chooses the size of the next variable of a request, of which so many bytes
// are left: that of a usual one, if what is left then has room for another, else all.
func (w *Writer) snmpVariable(left int) int {
	for range 4 {
		o := &objects[w.below(len(objects))]
		size := snmpOverhead + len(o.prefix) + 2
		if rest := left - size; rest == 0 || rest >= snmpUsual {
			return size
		}
	}
	return left
}

// snmpNull appends a variable of size bytes without a value, which a response is to give.
func (w *Writer) snmpNull(q *question, size int) {
	w.head = append(w.head, tagSequence, byte(size-2))
	at := len(w.head)
	w.oid(size - snmpOverhead)
	q.name = append(q.name, w.head[at+1:]...) // length and identifier
	w.head = append(w.head, tagNull, 0)
}

// snmpResponse appends variables of left bytes with values: those that were asked for, if
// they fill so much, else others.
func (w *Writer) snmpResponse(q *question, left int) {
	variables, values := 0, left
	for asked := q.name; len(asked) > 0; asked = asked[1+int(asked[0]):] {
		variables++
		values -= snmpOverhead + int(asked[0])
	}
	if variables == 0 || values < 0 || values > variables*snmpValue {
		for left > 0 {
			size := left
			if left > snmpValue+snmpMost {
				size = snmpValue / 2
			}
			at := len(w.head) + 2
			w.head = append(w.head, tagSequence, byte(size-2))
			w.oid(min(10, size-snmpOverhead))
			w.value(size - 2 - (len(w.head) - at) - 2)
			left -= size
		}
		return
	}
	for asked := q.name; variables > 0; variables-- {
		n, value := 1+int(asked[0]), values/variables
		w.head = append(w.head, tagSequence, byte(snmpOverhead-2+n-1+value), tagOID)
		w.head = append(w.head, asked[:n]...)
		w.value(value)
		asked, values = asked[n:], values-value
	}
}

// value appends a value of n bytes: a short one is a counter, a long one a text.
func (w *Writer) value(n int) {
	if n < 1 || n > 4 {
		w.head = append(w.head, tagOctets, byte(n))
		w.words(n)
		return
	}
	w.head = append(w.head, tagCounter, byte(n), byte(1+w.below(127)))
	w.noise(n - 1)
}

// oid appends an object identifier of size bytes: of a usual object, if one is as long.
func (w *Writer) oid(size int) {
	w.head = append(w.head, tagOID, byte(size))
	for i := range objects {
		o := &objects[i]
		if len(o.prefix)+2 == size {
			w.head = append(w.head, o.prefix...)
			w.head = append(w.head, byte(1+w.below(o.columns)), byte(w.below(o.instances)+min(1, o.instances-1)))
			return
		}
	}
	w.head = append(w.head, routes[:min(size, len(routes))]...)
	for range size - len(routes) {
		w.head = append(w.head, byte(1+w.below(126)))
	}
}
