package wire

import (
	"strconv"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Shapes of HTTP messages (RFC 9112). Header names are in capitals and paths end
// in a tilde, which the protocol allows and no common program writes, so that no
// 16 bytes in a row are like any capture's.
const (
	requestRest  = "~ HTTP/1.1\r\n"
	responseLine = "HTTP/1.1 "
	headEnd      = "\r\n\r\n"
	postFrom     = 2000 // bytes from which a request has a body
	lineMost     = 90   // longest header line that is made for filling
)

// http composes a request or a response of exactly t.total bytes. What is too
// short for either stays neutral text, which dissectors call a continuation.
func (s *speaker) http(_ *conversation, t turnOf) {
	switch {
	case t.dir == flow.Forward && t.total >= postFrom:
		s.head = append(s.head, "POST /"...)
		s.word(4 + s.below(20))
		s.head = append(s.head, requestRest...)
		s.body(t.total)
	case t.dir == flow.Forward:
		s.get(t.total)
	default:
		s.response(t.total)
	}
}

// get is a request without body: the path alone fills a short one, header lines
// a longer one.
func (s *speaker) get(total int) {
	const fixed = len("GET /") + len(requestRest) + len("\r\n")
	if total == fixed-1 {
		s.head = append(s.head, "PUT / HTTP/1.1\r\n\r\n"...)
	}
	if total < fixed {
		return
	}
	path := total - fixed
	const host = len("HOST: ") + 12 + len("\r\n")
	if path > 60+host {
		path = 8 + s.below(40)
	}
	s.head = append(s.head, "GET /"...)
	s.word(path)
	s.head = append(s.head, requestRest...)
	if len(s.head)+2 < total {
		s.head = append(s.head, "HOST: "...)
		s.word(7)
		s.head = append(s.head, ".test\r\n"...)
		s.lines(total - len("\r\n"))
	}
	s.head = append(s.head, "\r\n"...)
}

// lines appends header lines until the head is exactly size bytes long.
func (s *speaker) lines(size int) {
	const least = len("X-A: \r\n") + 1
	for left := size - len(s.head); left > 0; left = size - len(s.head) {
		line := left
		if left > lineMost {
			line = min(lineMost, left-least)
		}
		s.head = append(s.head, "X-"...)
		s.head = append(s.head, s.letter()&^0x20, ':', ' ')
		s.word(line - len("X-A: \r\n"))
		s.head = append(s.head, "\r\n"...)
	}
}

// response has a body that fills what the head leaves; a short one says that
// there is none.
func (s *speaker) response(total int) {
	const empty = len(responseLine) + len("204 ") + len(headEnd)
	const least = len(responseLine) + len("200 \r\nCONTENT-LENGTH: 0") + len(headEnd)
	s.head = append(s.head, responseLine...)
	switch {
	case total < empty:
		s.head = s.head[:0]
	case total < least+5:
		s.head = append(s.head, "204 "...)
		s.word(total - empty)
		s.head = append(s.head, headEnd...)
	default:
		s.head = append(s.head, "200 Fine\r\n"...)
		s.body(total)
	}
}

// body ends the head with a content length that makes the message total bytes
// long. Where a digit more would be one too many, a leading zero takes its place.
func (s *speaker) body(total int) {
	s.head = append(s.head, "CONTENT-LENGTH: "...)
	at := len(s.head)
	left := total - at - len(headEnd)
	digits := 1
	for left-digits >= pow10(digits) {
		digits++
	}
	length := max(0, left-digits)
	for range digits - len(strconv.AppendInt(nil, int64(length), 10)) {
		s.head = append(s.head, '0')
	}
	s.head = strconv.AppendInt(s.head, int64(length), 10)
	s.head = append(s.head, headEnd...)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}
