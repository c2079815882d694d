package payload

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// question is a request whose answer is still to come.
type question struct {
	id   uint32
	name []byte // DNS: the encoded name
}

// maxQuestions is how many questions of one connection can be open.
const maxQuestions = 4

// ask remembers a question; the oldest goes where there are too many.
func (w *Writer) ask(id uint32) *question {
	if w.asked == maxQuestions {
		w.take()
	}
	q := &w.questions[w.asked]
	q.id, q.name = id, q.name[:0]
	w.asked++
	return q
}

// take removes the oldest question, which keeps its content until the next ask.
func (w *Writer) take() *question {
	oldest := w.questions[0]
	copy(w.questions[:], w.questions[1:])
	w.asked--
	w.questions[w.asked] = oldest
	return &w.questions[w.asked]
}

// Sizes in a DNS message (RFC 1035, 4; RFC 6891; RFC 7830).
const (
	dnsHeader     = 12
	dnsQuestion   = 4  // type and class behind the name
	dnsRecord     = 12 // of a resource record: name pointer, type, class, time to live, length
	dnsOPT        = 11
	dnsOption     = 4
	dnsTextMost   = 255
	dnsNameMost   = 255
	dnsLabelMost  = 63
	dnsPlainQuery = 50 // name bytes from which a query has EDNS to fill it
)

// dns composes a query or an answer of exactly t.Length bytes.
func (w *Writer) dns(t Turn) {
	if t.Direction == flow.Forward {
		w.dnsQuery(t.Length)
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
	t.Length = size
	w.dns(t)
}

// dnsQuery asks for a name that fills the message, with EDNS padding for a long one.
func (w *Writer) dnsQuery(total int) {
	be := binary.BigEndian
	id := uint16(w.random.Uint64())
	name := total - dnsHeader - dnsQuestion
	if name < 1 || name == 2 {
		w.dnsHead(id, 0x0100, 0, 0, 0)
		return
	}
	padding := -1
	if name >= dnsPlainQuery {
		padding = 0
		if name -= dnsOPT + dnsOption; name >= dnsPlainQuery {
			padding = name - dnsPlainQuery/2
			name = dnsPlainQuery / 2
		}
	}
	if padding < 0 {
		w.dnsHead(id, 0x0100, 1, 0, 0)
	} else {
		w.dnsHead(id, 0x0100, 1, 0, 1)
	}
	at := len(w.head)
	w.dnsName(name)
	q := w.ask(uint32(id))
	q.name = append(q.name, w.head[at:]...)
	w.head = append(w.head, 0, 1, 0, 1)
	if padding < 0 {
		return
	}
	w.head = append(w.head, 0, 0, 41, 0x05, 0x82, 0, 0, 0, 0) // OPT, 1410 bytes
	w.head = be.AppendUint16(w.head, uint16(dnsOption+padding))
	w.head = append(w.head, 0, 12)
	w.head = be.AppendUint16(w.head, uint16(padding))
	for range padding {
		w.head = append(w.head, byte(w.random.Uint64()))
	}
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

// dnsName appends a name of size encoded bytes, under .INVALID where there is
// room. Case means nothing in names, and in capitals they are like no capture's.
func (w *Writer) dnsName(size int) {
	const top = "\x07INVALID\x00"
	end := "\x00"
	if size >= len(top)+2 {
		end = top
	}
	for left := min(size, dnsNameMost) - len(end); left > 0; {
		label := min(left-1, dnsLabelMost)
		if rest := left - 1 - label; rest == 1 {
			label--
		}
		w.head = append(w.head, byte(label))
		for range label {
			w.head = append(w.head, w.letter()&^0x20)
		}
		left -= 1 + label
	}
	w.head = append(w.head, end...)
}

// dnsAnswer answers the oldest question: an address and text records that fill
// the message, or no record where only the question fits.
func (w *Writer) dnsAnswer(total int) {
	id, name := uint16(w.random.Uint64()), []byte(nil)
	if w.asked > 0 {
		q := w.take()
		id, name = uint16(q.id), q.name
	}
	left := total - dnsHeader - len(name) - dnsQuestion
	questions := uint16(1)
	if name == nil || left < 0 || left > 0 && left+len(name)+dnsQuestion < dnsRecord {
		if name = w.ownName(left + len(name)); name == nil {
			w.dnsHead(id, 0x8183, 0, 0, 0) // no such name, question left out
			return
		}
		left = total - dnsHeader - len(name) - dnsQuestion
	}
	if left > 0 && left < dnsRecord && left != dnsOPT { // no record fits behind the question
		questions = 0
		left += len(name) + dnsQuestion
	}
	w.dnsRecords(id, questions, name, left)
}

// ownName returns a name for an answer that nobody asked for, or whose question does
// not fit, of size bytes where that is little.
func (w *Writer) ownName(size int) []byte {
	if size > dnsPlainQuery {
		size = dnsPlainQuery / 2
	}
	if size < 1 || size == 2 {
		return nil
	}
	at := len(w.head)
	w.dnsName(size)
	q := &w.questions[maxQuestions-1]
	q.name = append(q.name[:0], w.head[at:]...)
	w.head = w.head[:at]
	return q.name
}

// dnsRecords appends the answer's header, its question or none, and records of
// left bytes.
func (w *Writer) dnsRecords(id, questions uint16, name []byte, left int) {
	records := uint16(0)
	at := len(w.head)
	w.dnsHead(id, 0x8180, questions, 0, 0)
	if questions > 0 {
		w.head = append(append(w.head, name...), 0, 1, 0, 1)
	}
	for left >= dnsRecord {
		size := left
		if most := dnsRecord + 16*(dnsTextMost+1); left > most {
			size = most
		}
		if rest := left - size; rest > 0 && rest < dnsRecord+1 {
			size -= dnsRecord + 1
		}
		w.dnsText(size, questions == 0)
		left -= size
		records++
	}
	if left == dnsOPT {
		w.head = append(w.head, 0, 0, 41, 0x05, 0x82, 0, 0, 0, 0, 0, 0)
		binary.BigEndian.PutUint16(w.head[at+10:], 1)
	}
	binary.BigEndian.PutUint16(w.head[at+6:], records)
}

// dnsText appends a record of size bytes: an address if that is its size, else
// strings of text. It has the name of the question, or that of the root.
func (w *Writer) dnsText(size int, root bool) {
	be := binary.BigEndian
	data := size - dnsRecord
	if root {
		data++
	}
	kind := uint16(16) // TXT
	switch data {
	case 0:
		kind = 10 // NULL
	case 4:
		kind = 1 // A
	}
	if root {
		w.head = append(w.head, 0)
	} else {
		w.head = append(w.head, 0xc0, dnsHeader)
	}
	w.head = be.AppendUint16(w.head, kind)
	w.head = append(w.head, 0, 1)
	w.head = be.AppendUint32(w.head, 1<<20+uint32(w.below(1<<23))) // no usual time to live
	w.head = be.AppendUint16(w.head, uint16(data))
	if kind == 1 {
		w.head = append(w.head, 192, 0, 2, byte(1+w.below(254)))
		return
	}
	for data > 0 {
		text := min(data-1, dnsTextMost)
		w.head = append(w.head, byte(text))
		w.word(text)
		data -= 1 + text
	}
}
