package wire

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// question is a request whose answer is still to come.
type question struct {
	id   uint32
	name []byte // DNS: the encoded name
}

// maxQuestions is how many questions of one conversation can be open.
const maxQuestions = 4

// ask remembers a question; the oldest goes where there are too many.
func (s *speaker) ask(id uint32) *question {
	if s.asked == maxQuestions {
		s.take()
	}
	q := &s.questions[s.asked]
	q.id, q.name = id, q.name[:0]
	s.asked++
	return q
}

// take removes the oldest question, which keeps its content until the next ask.
func (s *speaker) take() *question {
	oldest := s.questions[0]
	copy(s.questions[:], s.questions[1:])
	s.asked--
	s.questions[s.asked] = oldest
	return &s.questions[s.asked]
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

// dns composes a query or an answer of exactly t.total bytes.
func (s *speaker) dns(_ *conversation, t turnOf) {
	if t.dir == flow.Forward {
		s.dnsQuery(t.total)
	} else {
		s.dnsAnswer(t.total)
	}
}

// dnsStream is DNS over TCP: a length before the message (RFC 1035, 4.2.2).
func (s *speaker) dnsStream(c *conversation, t turnOf) {
	const most = 1<<16 - 1
	size := t.total - 2
	if size < dnsHeader || size > most {
		return
	}
	s.head = binary.BigEndian.AppendUint16(s.head, uint16(size))
	t.total = size
	s.dns(c, t)
}

// dnsQuery asks for a name that fills the message, with EDNS padding for a long one.
func (s *speaker) dnsQuery(total int) {
	be := binary.BigEndian
	id := uint16(s.random.Uint64())
	name := total - dnsHeader - dnsQuestion
	if name < 1 || name == 2 {
		s.dnsHead(id, 0x0100, 0, 0, 0)
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
		s.dnsHead(id, 0x0100, 1, 0, 0)
	} else {
		s.dnsHead(id, 0x0100, 1, 0, 1)
	}
	at := len(s.head)
	s.dnsName(name)
	q := s.ask(uint32(id))
	q.name = append(q.name, s.head[at:]...)
	s.head = append(s.head, 0, 1, 0, 1)
	if padding < 0 {
		return
	}
	s.head = append(s.head, 0, 0, 41, 0x05, 0x82, 0, 0, 0, 0) // OPT, 1410 bytes
	s.head = be.AppendUint16(s.head, uint16(dnsOption+padding))
	s.head = append(s.head, 0, 12)
	s.head = be.AppendUint16(s.head, uint16(padding))
	for range padding {
		s.head = append(s.head, byte(s.random.Uint64()))
	}
}

func (s *speaker) dnsHead(id, flags, questions, answers, additional uint16) {
	be := binary.BigEndian
	s.head = be.AppendUint16(s.head, id)
	s.head = be.AppendUint16(s.head, flags)
	s.head = be.AppendUint16(s.head, questions)
	s.head = be.AppendUint16(s.head, answers)
	s.head = be.AppendUint16(s.head, 0)
	s.head = be.AppendUint16(s.head, additional)
}

// dnsName appends a name of size encoded bytes, under .INVALID where there is
// room. Case means nothing in names, and in capitals they are like no capture's.
func (s *speaker) dnsName(size int) {
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
		s.head = append(s.head, byte(label))
		for range label {
			s.head = append(s.head, s.letter()&^0x20)
		}
		left -= 1 + label
	}
	s.head = append(s.head, end...)
}

// dnsAnswer answers the oldest question: an address and text records that fill
// the message, or no record where only the question fits.
func (s *speaker) dnsAnswer(total int) {
	id, name := uint16(s.random.Uint64()), []byte(nil)
	if s.asked > 0 {
		q := s.take()
		id, name = uint16(q.id), q.name
	}
	left := total - dnsHeader - len(name) - dnsQuestion
	questions := uint16(1)
	if name == nil || left < 0 || left > 0 && left+len(name)+dnsQuestion < dnsRecord {
		if name = s.ownName(left + len(name)); name == nil {
			s.dnsHead(id, 0x8183, 0, 0, 0) // no such name, question left out
			return
		}
		left = total - dnsHeader - len(name) - dnsQuestion
	}
	if left > 0 && left < dnsRecord && left != dnsOPT { // no record fits behind the question
		questions = 0
		left += len(name) + dnsQuestion
	}
	s.dnsRecords(id, questions, name, left)
}

// ownName is a name for an answer that nobody asked for, or whose question does
// not fit, of size bytes where that is little.
func (s *speaker) ownName(size int) []byte {
	if size > dnsPlainQuery {
		size = dnsPlainQuery / 2
	}
	if size < 1 || size == 2 {
		return nil
	}
	at := len(s.head)
	s.dnsName(size)
	q := &s.questions[maxQuestions-1]
	q.name = append(q.name[:0], s.head[at:]...)
	s.head = s.head[:at]
	return q.name
}

// dnsRecords appends the answer's header, its question or none, and records of
// left bytes.
func (s *speaker) dnsRecords(id, questions uint16, name []byte, left int) {
	records := uint16(0)
	at := len(s.head)
	s.dnsHead(id, 0x8180, questions, 0, 0)
	if questions > 0 {
		s.head = append(append(s.head, name...), 0, 1, 0, 1)
	}
	for left >= dnsRecord {
		size := left
		if most := dnsRecord + 16*(dnsTextMost+1); left > most {
			size = most
		}
		if rest := left - size; rest > 0 && rest < dnsRecord+1 {
			size -= dnsRecord + 1
		}
		s.dnsText(size, questions == 0)
		left -= size
		records++
	}
	if left == dnsOPT {
		s.head = append(s.head, 0, 0, 41, 0x05, 0x82, 0, 0, 0, 0, 0, 0)
		binary.BigEndian.PutUint16(s.head[at+10:], 1)
	}
	binary.BigEndian.PutUint16(s.head[at+6:], records)
}

// dnsText appends a record of size bytes: an address if that is its size, else
// strings of text. It has the name of the question, or that of the root.
func (s *speaker) dnsText(size int, root bool) {
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
		s.head = append(s.head, 0)
	} else {
		s.head = append(s.head, 0xc0, dnsHeader)
	}
	s.head = be.AppendUint16(s.head, kind)
	s.head = append(s.head, 0, 1)
	s.head = be.AppendUint32(s.head, 1<<20+uint32(s.below(1<<23))) // no usual time to live
	s.head = be.AppendUint16(s.head, uint16(data))
	if kind == 1 {
		s.head = append(s.head, 192, 0, 2, byte(1+s.below(254)))
		return
	}
	for data > 0 {
		text := min(data-1, dnsTextMost)
		s.head = append(s.head, byte(text))
		s.word(text)
		data -= 1 + text
	}
}
