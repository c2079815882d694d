package flow

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// sniff names the application by the payload's first bytes, and reports whether the
// server sent them; Unknown where they say nothing. guess is what the ports say of
// the sender, unless they are unknown: then the lower port is taken for the service.
func (p *Packet) sniff(guess, unknown bool) (Application, bool) {
	if unknown {
		guess = p.Tuple.Src.Port() < p.Tuple.Dst.Port()
	}
	if len(p.Payload) < 4 {
		return Unknown, guess
	}
	table := &signaturesTCP
	if p.Tuple.Proto == UDP {
		table = &signaturesUDP
	}
	candidates := table[p.Payload[0]]
	for i := range candidates {
		if c := &candidates[i]; c.match(p.Payload) {
			return c.app, c.from == fromServer || c.from == eitherEnd && guess
		}
	}
	return Unknown, guess
}

// begins returns the signature of a payload that begins with one of the texts.
func begins(from sender, texts ...string) signature {
	s := signature{from: from}
	for _, text := range texts {
		if strings.IndexByte(s.first, text[0]) < 0 {
			s.first += text[:1]
		}
	}
	s.match = func(b []byte) bool {
		for _, text := range texts {
			if len(b) >= len(text) && string(b[:len(text)]) == text {
				return true
			}
		}
		return false
	}
	return s
}

// bytesFrom returns all bytes from the lowest on.
func bytesFrom(lowest int) string {
	var all []byte
	for b := lowest; b < 256; b++ {
		all = append(all, byte(b))
	}
	return string(all)
}

// greeting matches reply 220 of a server that names its protocol.
func greeting(protocol string) func([]byte) bool {
	return func(b []byte) bool {
		return string(b[:3]) == "220" && (b[3] == ' ' || b[3] == '-') && bytes.Contains(firstLine(b), []byte(protocol))
	}
}

// telnetNegotiation reports whether the second and third bytes are WILL, WONT, DO or
// DONT and an option, as behind IAC (RFC 854).
func telnetNegotiation(b []byte) bool {
	return b[1] >= 0xfb && b[1] <= 0xfe && b[2] < 50
}

// ircMessage reports whether the first line is one of those that an IRC server says
// first (RFC 2812).
func ircMessage(b []byte) bool {
	line := firstLine(b)
	return bytes.Contains(line, []byte(" NOTICE ")) || bytes.Contains(line, []byte(" PRIVMSG ")) || bytes.Contains(line, []byte(" 001 "))
}

// firstLine returns the payload up to its first line end, at most 512 bytes.
func firstLine(b []byte) []byte {
	b = b[:min(len(b), 512)]
	if end := bytes.IndexByte(b, '\n'); end >= 0 {
		return b[:end]
	}
	return b
}

// httpMethod reports whether b begins with a request line of HTTP (RFC 9110, 9.3; RFC 9113, 3.4 for
// PRI). OPTIONS is SIP's and RTSP's too.
func httpMethod(b []byte) bool {
	space := bytes.IndexByte(b[:min(len(b), 9)], ' ')
	if space < 0 {
		return false
	}
	switch string(b[:space]) {
	case "GET", "POST", "HEAD", "PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "PRI", "PROPFIND":
		return true
	case "OPTIONS":
		return bytes.Contains(firstLine(b), []byte(" HTTP/"))
	}
	return false
}

// sipMessage reports whether b begins with a request or status line of SIP (RFC 3261, 7).
func sipMessage(b []byte) bool {
	return bytes.HasPrefix(b, []byte("SIP/2.0 ")) || bytes.HasSuffix(bytes.TrimSuffix(firstLine(b), []byte("\r")), []byte(" SIP/2.0"))
}

// tlsRecord reports whether b is a record of TLS 1.0 to 1.3 or SSL 3 (RFC 8446, 5.1).
func tlsRecord(b []byte) bool {
	return len(b) >= 5 && b[1] == 3 && b[2] <= 4 && binary.BigEndian.Uint16(b[3:]) <= 1<<14+2048
}

// quic reports whether b begins with a long header of QUIC (RFC 8999) of a known version.
func quic(b []byte) bool {
	if len(b) < 7 || b[0]&0xc0 != 0xc0 {
		return false
	}
	version := binary.BigEndian.Uint32(b[1:])
	return version == 1 || version == 0x6b3343cf || version&0xffffff00 == 0xff000000 || b[1] == 'Q' && b[2] == '0' || b[1] == 'T' && b[2] == '0'
}

// gquic reports whether b begins with a header of Google's QUIC that carries a version
// (Q001 to Q050).
func gquic(b []byte) bool {
	switch {
	case len(b) >= 13 && b[0]&0xc9 == 0x09: // public header: version and connection ID present
		return b[9] == 'Q' && b[10] == '0' && b[11] >= '0' && b[11] <= '9'
	case len(b) >= 5 && b[0]&0x80 != 0:
		return b[1] == 'Q' && b[2] == '0' && b[3] >= '0' && b[3] <= '9'
	}
	return false
}

// snmpMessage reports whether b is a BER sequence that opens with a version of SNMP (RFC
// 3416): 0, 1 or 3.
func snmpMessage(b []byte) bool {
	at := 2
	if b[1] >= 0x80 {
		at += int(b[1] & 0x7f)
	}
	return at <= 6 && len(b) >= at+3 && b[at] == 2 && b[at+1] == 1 && (b[at+2] <= 1 || b[at+2] == 3)
}

// dnsMessage reports whether b is a query or response (RFC 1035, 4.1) whose first
// question is whole and of class IN.
func dnsMessage(b []byte) bool {
	if len(b) < 17 || b[2]&0x78 != 0 || b[3]&0x40 != 0 || binary.BigEndian.Uint16(b[4:]) != 1 {
		return false
	}
	response := b[2]&0x80 != 0
	if !response && (binary.BigEndian.Uint16(b[6:]) != 0 || binary.BigEndian.Uint16(b[8:]) != 0) {
		return false
	}
	at := 12
	for at < len(b) && b[at] != 0 {
		if b[at] > 63 {
			return false
		}
		at += 1 + int(b[at])
	}
	return at+5 <= len(b) && b[at+1] < 2 && binary.BigEndian.Uint16(b[at+3:])&0x7fff == 1
}
