package payload

import "encoding/binary"

// Sizes of resource records in an answer, whose owner is a pointer.
const (
	dnsAddress    = dnsRecord + 4
	dnsAddress6   = dnsRecord + 16
	dnsAlias      = dnsRecord + 4                  // CNAME: a label of one byte and a pointer
	dnsAliasMost  = dnsAlias + 40                  // of an alias that is made
	dnsAuthority  = dnsRecord + 4 + 2 + 20         // SOA: a label of one byte and a pointer, a pointer, five numbers
	dnsAddresses  = 8                              // addresses of one name
	dnsServerName = 20                             // usual length of what NS and MX records say
	dnsTextRecord = dnsRecord + 16*(1+dnsTextMost) // the longest TXT that is made
)

// addressSize is the size of a record of addresses of a type, 0 for other types.
func addressSize(record uint16) int {
	switch record {
	case dnsA:
		return dnsAddress
	case dnsAAAA:
		return dnsAddress6
	}
	return 0
}

// withoutOPT returns how many bytes an answer has beside its OPT record, and whether it has
// one: where the question has, and what is left is none or a record.
func withoutOPT(left int, opt bool) (int, bool) {
	if rest := left - dnsOPT; opt && (rest == 0 || rest >= dnsAddress) {
		return rest, true
	}
	return left, false
}

// fits reports whether a question for a type is answered in so many bytes behind the
// question.
func fits(record uint16, left int, opt bool) bool {
	if left, _ = withoutOPT(left, opt); left <= 0 {
		return true
	}
	if size := addressSize(record); size > 0 {
		n, _ := addressesIn(left, size)
		return n > 0 && n <= dnsAddresses
	}
	switch record {
	case dnsTXT:
		return left >= dnsRecord+8
	case dnsMX, dnsNS:
		return left > dnsRecord+8 && left <= dnsAddresses*(dnsRecord+dnsServerName)
	}
	return left >= dnsAuthority && left < dnsAuthority+20
}

// addressesIn returns how many records of addresses fill an answer, with an alias of so many
// bytes before them; 0 and 0 where they cannot.
func addressesIn(left, size int) (n, alias int) {
	n, alias = left/size, left%size
	for alias > 0 && alias < dnsAlias && n > 0 {
		n, alias = n-1, alias+size
	}
	if n == 0 || alias > dnsAliasMost {
		return 0, 0
	}
	return n, alias
}

// dnsAnswer answers the oldest question, in records that fill the message.
func (w *Writer) dnsAnswer(total int) {
	own := question{id: uint32(uint16(w.random.Uint64()))}
	q := &own
	if w.asked > 0 {
		q = w.take()
	}
	left := total - dnsHeader - len(q.name) - dnsQuestion
	if len(q.name) == 0 || left < 0 || left > 0 && left+len(q.name)+dnsQuestion < dnsRecord {
		if q = w.ownName(q, left+len(q.name)); q == nil {
			w.dnsHead(uint16(own.id), 0x8183, 0, 0, 0) // no such name, question left out
			return
		}
		left = total - dnsHeader - len(q.name) - dnsQuestion
	}
	questions := uint16(1)
	if left > 0 && left < dnsRecord && left != dnsOPT { // no record fits behind the question
		questions = 0
		left += len(q.name) + dnsQuestion
	}
	at := len(w.head)
	w.dnsHead(uint16(q.id), 0x8180, questions, 0, 0)
	if questions > 0 {
		w.head = append(w.head, q.name...)
		w.head = append(w.head, byte(q.record>>8), byte(q.record), 0, 1)
		left = w.dnsRecords(q, at, left)
	}
	w.dnsTexts(at, questions == 0, left)
	if left == dnsOPT {
		w.dnsOPT(0)
		binary.BigEndian.PutUint16(w.head[at+10:], 1)
	}
}

// ownName returns a question for an answer that nobody asked for, or whose question does
// not fit, of size bytes where that is little; nil if there is none.
func (w *Writer) ownName(asked *question, size int) *question {
	if size > dnsPlainQuery {
		size = dnsPlainQuery / 2
	}
	if size < dnsRoot || size == dnsEnds {
		return nil
	}
	q := &w.questions[maxQuestions-1]
	*q = question{id: asked.id, name: q.name, record: dnsA}
	w.dnsName(q, size)
	return q
}

// dnsRecords appends the records that answer a question behind the header at a place, and
// returns how many of the bytes that are left they leave: none, those of an OPT record, or
// all where no such records fill them.
func (w *Writer) dnsRecords(q *question, at, left int) int {
	be := binary.BigEndian
	rest, opt := withoutOPT(left, q.opt)
	records, authorities := 0, 0
	n, alias := 0, 0
	if size := addressSize(q.record); size > 0 {
		n, alias = addressesIn(rest, size)
	}
	switch {
	case rest == 0:
	case n > 0 && n <= 2*dnsAddresses:
		records = w.dnsAddresses(q, at, n, alias)
	case (q.record == dnsMX || q.record == dnsNS) && rest > dnsRecord+8 && rest < 2*dnsAddresses*(dnsRecord+dnsServerName):
		records = w.dnsServers(q, at, rest)
	case q.record != dnsTXT && rest >= dnsAuthority && rest < dnsAuthority+40:
		w.dnsSOA(q, at, rest)
		if q.record == dnsSOA {
			records = 1
		} else if authorities = 1; q.record == dnsA && w.below(2) == 0 {
			w.head[at+3] |= 3 // no such name
		}
	default:
		return left
	}
	be.PutUint16(w.head[at+6:], uint16(records))
	be.PutUint16(w.head[at+8:], uint16(authorities))
	if opt {
		return dnsOPT
	}
	return 0
}

// record appends what a resource record begins with: a pointer to its owner, its type, a
// usual time to live, which is always the same for a name, and its length.
func (w *Writer) record(q *question, owner int, kind uint16, size int) {
	be := binary.BigEndian
	lives := [...]uint32{60, 300, 3600, 86400}
	w.head = append(w.head, 0xc0|byte(owner>>8), byte(owner))
	w.head = be.AppendUint16(w.head, kind)
	w.head = append(w.head, 0, 1)
	w.head = be.AppendUint32(w.head, lives[w.hash(q)%uint64(len(lives))])
	w.head = be.AppendUint16(w.head, uint16(size-dnsRecord))
}

// hash is a number of a question's name.
func (w *Writer) hash(q *question) uint64 {
	h := w.pool.vocabulary.seed
	for _, b := range q.name {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return mix(h)
}

// parent is where the name of a question goes on behind its first label, if there is
// more, from the begin of the message.
func (q *question) parent() int {
	first := int(q.name[0])
	if first == 0 || q.name[1+first] == 0 {
		return dnsHeader
	}
	return dnsHeader + 1 + first
}

// nameUnder appends a label of n bytes, a word, and a pointer.
func (w *Writer) nameUnder(n int, x uint64, pointer int) {
	w.head = append(w.head, byte(n))
	w.head = appendWords(w.head, n, '-', x)
	w.head = append(w.head, 0xc0|byte(pointer>>8), byte(pointer))
}

// dnsAddresses appends n addresses, behind an alias of so many bytes where there is one, and
// returns the number of records. A name has always the same, of hosts that there are.
func (w *Writer) dnsAddresses(q *question, at, n, alias int) (records int) {
	x := w.hash(q)
	owner := dnsHeader
	if alias > 0 {
		w.record(q, owner, dnsCNAME, alias)
		owner = len(w.head) - at
		w.nameUnder(alias-dnsRecord-3, x, q.parent())
		records = 1
	}
	for i := range n {
		w.record(q, owner, q.record, addressSize(q.record))
		if a := w.pool.vocabulary.host(x+uint64(i), q.record == dnsAAAA); q.record == dnsAAAA {
			b := a.As16()
			w.head = append(w.head, b[:]...)
		} else {
			b := a.As4()
			w.head = append(w.head, b[:]...)
		}
	}
	return records + n
}

// dnsServers appends records that name servers under the question's name, in so many bytes.
func (w *Writer) dnsServers(q *question, at, left int) (records int) {
	x := w.hash(q)
	extra := 0
	if q.record == dnsMX {
		extra = 2 // its preference
	}
	for n := max(1, left/(dnsRecord+dnsServerName)); n > 0; n-- {
		size := left / n
		w.record(q, dnsHeader, q.record, size)
		if extra > 0 {
			w.head = append(w.head, 0, byte(10*(1+records)))
		}
		w.nameUnder(size-dnsRecord-extra-3, mix(x+uint64(records)), dnsHeader)
		left -= size
		records++
	}
	return records
}

// dnsSOA appends the record of the authority over the question's name, in so many bytes.
func (w *Writer) dnsSOA(q *question, at, left int) {
	be := binary.BigEndian
	x := w.hash(q)
	w.record(q, q.parent(), dnsSOA, left)
	server := len(w.head) - at
	w.nameUnder(left-dnsAuthority+1, x, q.parent())
	w.head = append(w.head, 0xc0|byte(server>>8), byte(server))
	for _, n := range [...]uint32{uint32(2_026_000_000 + x%100_000), 7200, 3600, 1_209_600, 300} { // serial, refresh, retry, expire, of what is not there
		w.head = be.AppendUint32(w.head, n)
	}
}

// dnsTexts appends records of text, or an address where one fits, that fill what is left of
// the message whose header is at a place. Their owner is the root where there is no question.
func (w *Writer) dnsTexts(at int, root bool, left int) {
	records := uint16(0)
	for left >= dnsRecord {
		size := min(left, dnsTextRecord)
		if rest := left - size; rest > 0 && rest < dnsRecord+1 {
			size -= dnsRecord + 1
		}
		w.dnsText(size, root)
		left -= size
		records++
	}
	if records > 0 {
		binary.BigEndian.PutUint16(w.head[at+6:], records)
	}
}

// dnsText appends a record of size bytes: an address if that is its size, else
// strings of text. It has the name of the question, or that of the root.
func (w *Writer) dnsText(size int, root bool) {
	be := binary.BigEndian
	data := size - dnsRecord
	if root {
		data++
	}
	kind := uint16(dnsTXT)
	switch data {
	case 0:
		kind = dnsNULL
	case 4:
		kind = dnsA
	}
	if root {
		w.head = append(w.head, 0)
	} else {
		w.head = append(w.head, 0xc0, dnsHeader)
	}
	w.head = be.AppendUint16(w.head, kind)
	w.head = append(w.head, 0, 1)
	w.head = be.AppendUint32(w.head, 3600)
	w.head = be.AppendUint16(w.head, uint16(data))
	if kind == dnsA {
		b := w.pool.vocabulary.host(w.random.Uint64(), false).As4()
		w.head = append(w.head, b[:]...)
		return
	}
	for data > 0 {
		text := min(data-1, dnsTextMost)
		w.head = append(w.head, byte(text))
		w.words(text)
		data -= 1 + text
	}
}
