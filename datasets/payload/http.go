package payload

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

// http composes a request or a response of exactly t.Length bytes. What is too
// short for either stays neutral text, which dissectors call a continuation.
func (w *Writer) http(t Turn) {
	switch {
	case t.Direction == flow.Forward && t.Length >= postFrom:
		w.head = append(w.head, "POST /"...)
		w.word(4 + w.below(20))
		w.head = append(w.head, requestRest...)
		w.body(t.Length)
	case t.Direction == flow.Forward:
		w.get(t.Length)
	default:
		w.response(t.Length)
	}
}

// get composes a request without body: the path alone fills a short one, header lines
// a longer one.
func (w *Writer) get(total int) {
	const fixed = len("GET /") + len(requestRest) + len("\r\n")
	if total == fixed-1 {
		w.head = append(w.head, "PUT / HTTP/1.1\r\n\r\n"...)
	}
	if total < fixed {
		return
	}
	path := total - fixed
	const host = len("HOST: ") + 12 + len("\r\n")
	if path > 60+host {
		path = 8 + w.below(40)
	}
	w.head = append(w.head, "GET /"...)
	w.word(path)
	w.head = append(w.head, requestRest...)
	if len(w.head)+2 < total {
		w.head = append(w.head, "HOST: "...)
		w.word(7)
		w.head = append(w.head, ".test\r\n"...)
		w.lines(total - len("\r\n"))
	}
	w.head = append(w.head, "\r\n"...)
}

// lines appends header lines until the head is exactly size bytes long.
func (w *Writer) lines(size int) {
	const least = len("X-A: \r\n") + 1
	for left := size - len(w.head); left > 0; left = size - len(w.head) {
		line := left
		if left > lineMost {
			line = min(lineMost, left-least)
		}
		w.head = append(w.head, "X-"...)
		w.head = append(w.head, w.letter()&^0x20, ':', ' ')
		w.word(line - len("X-A: \r\n"))
		w.head = append(w.head, "\r\n"...)
	}
}

// response composes a response with a body that fills what the head leaves; a short
// one says that there is none.
func (w *Writer) response(total int) {
	const empty = len(responseLine) + len("204 ") + len(headEnd)
	const least = len(responseLine) + len("200 \r\nCONTENT-LENGTH: 0") + len(headEnd)
	w.head = append(w.head, responseLine...)
	switch {
	case total < empty:
		w.head = w.head[:0]
	case total < least+5:
		w.head = append(w.head, "204 "...)
		w.word(total - empty)
		w.head = append(w.head, headEnd...)
	default:
		w.head = append(w.head, "200 Fine\r\n"...)
		w.body(total)
	}
}

// body ends the head with a content length that makes the message total bytes
// long. Where a digit more would be one too many, a leading zero takes its place.
func (w *Writer) body(total int) {
	w.head = append(w.head, "CONTENT-LENGTH: "...)
	at := len(w.head)
	left := total - at - len(headEnd)
	digits := 1
	for left-digits >= pow10(digits) {
		digits++
	}
	length := max(0, left-digits)
	for range digits - len(strconv.AppendInt(nil, int64(length), 10)) {
		w.head = append(w.head, '0')
	}
	w.head = strconv.AppendInt(w.head, int64(length), 10)
	w.head = append(w.head, headEnd...)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}
