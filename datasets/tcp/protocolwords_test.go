package tcp

import (
	"bytes"
	"testing"
)

// protocolWords are what programs say because the protocol has these words and no others:
// of HTTP its version, header fields and common values (RFC 9110, RFC 9112), of SMTP the
// commands and extensions (RFC 5321), of DNS the reserved domains (RFC 2606), types, classes,
// usual times to live of addresses, and OPT records with their
// padding (RFC 1035, RFC 6891, RFC 7830), of TLS what hellos begin with (RFC 5246), of SNMP the
// object identifiers and what is about them (RFC 3418).
var protocolWords = [][]byte{
	[]byte("GET /"), []byte("POST /"), []byte(" HTTP/1.1\r\n"), []byte("HTTP/1.1 200 OK\r\n"), []byte("HTTP/1.1 204 No Content\r\n"), []byte("HTTP/1.1 303 See Other\r\n"),
	[]byte("HTTP/1.1 404 Not Found\r\n"), []byte("\r\nHost: "), []byte("\r\nUser-Agent: "), []byte("\r\nServer: "), []byte("\r\nAccept: "), []byte("\r\nAccept: */*\r\n"),
	[]byte("\r\nAccept: text/html, */*;q=0.8\r\n"), []byte("\r\nAccept-Language: en\r\n"), []byte("\r\nAccept-Encoding: gzip"), []byte(", deflate\r\n"),
	[]byte("\r\nConnection: keep-alive\r\n"), []byte("\r\nConnection: Keep-Alive\r\n"), []byte("\r\nCookie: "), []byte("\r\nLocation: http://"), []byte("\r\nETag: "), []byte("\r\n\r\n"),
	[]byte("\r\nContent-Length: "), []byte("\r\nContent-Type: "), []byte("text/html"), []byte("text/css"), []byte("text/plain"), []byte("text/javascript"), []byte("application/"), []byte("octet-stream"),
	[]byte("javascript"), []byte(".test"), []byte(".example"),
	[]byte("EHLO "), []byte("MAIL FROM:<"), []byte("RCPT TO:<"), []byte("DATA\r\n"), []byte("ESMTP"), []byte("Subject: "), []byte("250-"), []byte("250 "), []byte("\r\n250-8BITMIME\r\n"),
	[]byte("\r\n250-PIPELINING\r\n"), []byte("\r\n250-ENHANCEDSTATUSCODES\r\n"), []byte("\r\n250-CHUNKING\r\n"), []byte("\r\n250-SMTPUTF8\r\n"), []byte("SIZE 52428800"), []byte("HELP\r\n"), []byte("250 OK"),
	[]byte("\x04test\x00"), []byte("\x07example\x00"), []byte("\x01\x00\x00\x01\x00\x00\x00\x00\x00"),
	[]byte("\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00"), []byte("\x00\x0c\x00\x0a\x00\x08"), []byte("\x00\x00\x00\x00\x00\x00\x00\x00"),
}

// init adds what questions and records of DNS say behind a name.
func init() {
	for _, kind := range []byte{1, 2, 5, 6, 15, 16, 28, 33, 65} {
		protocolWords = append(protocolWords, []byte{0, kind, 0, 1})
		for _, lives := range []string{"\x00\x00\x00\x3c", "\x00\x00\x01\x2c", "\x00\x00\x0e\x10", "\x00\x01\x51\x80"} {
			record := "\x00" + string(kind) + "\x00\x01" + lives
			protocolWords = append(protocolWords, []byte(record), []byte("\xc0\x0c"+record), []byte(record+"\x00\x04"), []byte(record+"\x00\x10"))
		}
	}
}

// ownBefore returns, for each place in a payload, how many of the bytes before it are no
// part of a protocol's words, which the ends of the payload may cut.
func ownBefore(b []byte) []int {
	words := make([]bool, len(b))
	mark := func(from, to int) {
		for k := from; k < to; k++ {
			words[k] = true
		}
	}
	for _, word := range protocolWords {
		for at := 0; ; at++ {
			next := bytes.Index(b[at:], word)
			if next < 0 {
				break
			}
			at += next
			mark(at, at+len(word))
		}
		for cut := 1; cut < len(word)-3; cut++ {
			if bytes.HasPrefix(b, word[cut:]) {
				mark(0, len(word)-cut)
			}
			if bytes.HasSuffix(b, word[:len(word)-cut]) {
				mark(len(b)-len(word)+cut, len(b))
			}
		}
	}
	before := make([]int, len(b)+1)
	for i, is := range words {
		before[i+1] = before[i]
		if !is {
			before[i+1]++
		}
	}
	return before
}

// Words of a protocol are not a host's own, whatever stands beside them.
func TestOwnBefore(t *testing.T) {
	for _, c := range []struct {
		text string
		at   int
		want int
	}{
		{"GET /a HTTP/1.1\r\nHost: abc.test\r\n", 6, 0},
		{"GET /secret/of/the/original HTTP/1.1\r\n", 5, 16},
		{"GET /secret/of/the/original HTTP/1.1\r\n", 20, 7},
		{"cept-Language: en\r\n\r\n", 0, 0},
		{"some words of nobody and nothing", 3, 16},
	} {
		before := ownBefore([]byte(c.text))
		if got := before[c.at+16] - before[c.at]; got != c.want {
			t.Errorf("%q at %d: %d of its own, want %d", c.text, c.at, got, c.want)
		}
	}
}
