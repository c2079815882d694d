package payload

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// question is a request whose answer is still to come.
type question struct {
	id     uint32
	name   []byte // DNS: the encoded name
	record uint16 // DNS: the type that is asked for
	opt    bool   // DNS: it came with an OPT record
}

// maxQuestions is how many questions of one connection can be open.
const maxQuestions = 4

// ask remembers a question; the oldest goes where there are too many.
func (w *Writer) ask(id uint32) *question {
	if w.asked == maxQuestions {
		w.take()
	}
	q := &w.questions[w.asked]
	*q = question{id: id, name: q.name[:0]}
	w.asked++
	return q
}

// take removes the oldest question, which keeps its content until the next ask.
func (w *Writer) take() *question {
	oldest := w.questions[0]
	copy(w.questions[:], w.questions[1:w.asked]) // not the spare ones: two would share one name
	w.asked--
	w.questions[w.asked] = oldest
	return &w.questions[w.asked]
}

// Sizes in a DNS message (RFC 1035, 4; RFC 6891; RFC 7830; RFC 7873).
const (
	dnsHeader     = 12
	dnsQuestion   = 4  // type and class behind the name
	dnsRecord     = 12 // of a resource record: name pointer, type, class, time to live, length
	dnsOPT        = 11
	dnsOption     = 4
	dnsCookie     = 8 // of a client
	dnsTextMost   = 255
	dnsPlainQuery = 50 // name bytes from which a query has EDNS to fill it
	dnsRoot       = 1  // bytes of the encoded root
	dnsEnds       = 2  // bytes of an encoded name more than of its text
)

// Types of resource records (RFC 1035, 3.2.2; RFC 3596; RFC 6891).
const (
	dnsA     = 1
	dnsNS    = 2
	dnsCNAME = 5
	dnsSOA   = 6
	dnsNULL  = 10
	dnsMX    = 15
	dnsTXT   = 16
	dnsAAAA  = 28
)

// recordTypes are the types that are asked for. Those that are not in the list above are
// answered by no record, and the authority's.
var recordTypes = map[string]uint16{"A": dnsA, "NS": dnsNS, "SOA": dnsSOA, "MX": dnsMX, "TXT": dnsTXT, "AAAA": dnsAAAA, "SRV": 33, "HTTPS": 65, "CAA": 257}

// dns composes a query or an answer of exactly t.Length bytes.
func (w *Writer) dns(t Turn) {
	if t.Direction == flow.Forward {
		w.dnsQuery(t)
	} else {
		w.dnsAnswer(t.Length)
	}
}

// dnsStream composes DNS over TCP: a length before the message (RFC 1035, 4.2.2).
func (w *Writer) dnsStream(t Turn) {
	const most = 1<<16 - 1
	size := t.Length - 2
	if size < dnsHeader || size > most {
		return
	}
	w.head = binary.BigEndian.AppendUint16(w.head, uint16(size))
	t.Length, t.Answer = size, max(0, t.Answer-2)
	w.dns(t)
}

// extension is what follows the question of a query.
type extension uint8

const (
	noExtension extension = iota
	plainOPT
	cookieOPT  // with a cookie, so that the answer comes from whom was asked
	paddingOPT // with as much padding as there is room
)

// extensionSizes are in bytes, without padding.
var extensionSizes = [...]int{noExtension: 0, plainOPT: dnsOPT, cookieOPT: dnsOPT + dnsOption + dnsCookie, paddingOPT: dnsOPT + dnsOption}

// dnsQuery asks for a name that fills the message, with an extension as often as there are
// names of the length that each leaves.
func (w *Writer) dnsQuery(t Turn) {
	id := uint16(w.random.Uint64())
	room := t.Length - dnsHeader - dnsQuestion
	if room < dnsRoot || room == dnsEnds {
		w.dnsHead(id, 0x0100, 0, 0, 0)
		return
	}
	form := w.extension(room)
	name, padding := room-extensionSizes[form], 0
	if form == paddingOPT && name >= dnsPlainQuery {
		padding = name - dnsPlainQuery/2
		name = dnsPlainQuery / 2
	}
	additional := uint16(0)
	if form != noExtension {
		additional = 1
	}
	w.dnsHead(id, 0x0100, 1, 0, additional)
	q := w.ask(uint32(id))
	w.dnsName(q, name)
	q.opt = form != noExtension
	q.record = w.recordType(t.Answer-dnsHeader-dnsQuestion-len(q.name), q.opt)
	w.head = append(w.head, q.name...)
	w.head = append(w.head, byte(q.record>>8), byte(q.record), 0, 1)
	be := binary.BigEndian
	switch form {
	case plainOPT:
		w.dnsOPT(0)
	case cookieOPT:
		w.dnsOPT(dnsOption + dnsCookie)
		w.head = append(w.head, 0, 10, 0, dnsCookie)
		w.noise(dnsCookie)
	case paddingOPT:
		w.dnsOPT(dnsOption + padding)
		w.head = append(w.head, 0, 12)
		w.head = be.AppendUint16(w.head, uint16(padding))
		w.head = append(w.head, make([]byte, padding)...)
	}
}

// dnsOPT appends an OPT record with so many bytes of options, which are to follow.
func (w *Writer) dnsOPT(options int) {
	w.head = append(w.head, 0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0) // 1,232 bytes are welcome
	w.head = binary.BigEndian.AppendUint16(w.head, uint16(options))
}

// extension chooses what follows a question whose name and extension have so much room.
func (w *Writer) extension(room int) extension {
	v := w.pool.vocabulary
	names := v.lexicon(flow.DNS, Domain)
	with := v.codes[codeKey{flow.DNS, EDNS}].share("OPT")
	shares := [...]float64{noExtension: 1 - with, plainOPT: 0.7 * with, cookieOPT: 0.3 * with}
	var upTo [len(shares)]float64
	sum := 0.0
	for i, share := range shares {
		sum += share * float64(names.weight(room-extensionSizes[i]-dnsEnds))
		upTo[i] = sum
	}
	switch {
	case sum > 0:
		x := float64(w.random.Uint64()>>11) / (1 << 53) * sum
		for i, most := range upTo {
			if x < most {
				return extension(i)
			}
		}
		return plainOPT
	case room < dnsPlainQuery:
		return noExtension
	}
	return paddingOPT
}

// recordType chooses what is asked for, among what has answers of so many bytes behind the
// question; a negative number is no answer.
func (w *Writer) recordType(answer int, opt bool) uint16 {
	types := w.pool.vocabulary.codes[codeKey{flow.DNS, RecordType}]
	for range 12 {
		if record := recordTypes[types.draw(w.random.Uint64())]; record != 0 && fits(record, answer, opt) {
			return record
		}
	}
	return dnsA
}

func (w *Writer) dnsHead(id, flags, questions, answers, additional uint16) {
	be := binary.BigEndian
	w.head = be.AppendUint16(w.head, id)
	w.head = be.AppendUint16(w.head, flags)
	w.head = be.AppendUint16(w.head, questions)
	w.head = be.AppendUint16(w.head, answers)
	w.head = be.AppendUint16(w.head, 0)
	w.head = be.AppendUint16(w.head, additional)
}

// dnsName gives a question a name of size encoded bytes, at least three but for the root.
func (w *Writer) dnsName(q *question, size int) {
	q.name = q.name[:0]
	if size > dnsRoot {
		text := w.pool.vocabulary.lexicon(flow.DNS, Domain).exactly(min(size-dnsEnds, longestName), w.random.Uint64())
		for len(text) > 0 {
			n := 0
			for n < len(text) && text[n] != '.' {
				n++
			}
			q.name = append(append(q.name, byte(n)), text[:n]...)
			text = text[min(n+1, len(text)):]
		}
	}
	q.name = append(q.name, 0)
}
