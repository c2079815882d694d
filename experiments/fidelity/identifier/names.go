package identifier

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// mostNames is how many names are kept; of a capture with more, the first ones.
const mostNames = 1 << 16

// names is what training flows call hosts and domains.
type names struct {
	said     map[saidName]bool // true: the synthetic packets say it, too
	byName   map[string][]flow.Application
	reserved map[saidName]bool
}

// saidName is a name in flows of an application.
type saidName struct {
	name string
	app  flow.Application
}

func newNames() names {
	return names{map[saidName]bool{}, map[string][]flow.Application{}, map[saidName]bool{}}
}

// add takes a name that a training flow says.
func (n *names) add(name string, app flow.Application) {
	key := saidName{name, app}
	to := n.said
	if reserved(name) {
		to = n.reserved
	}
	if _, ok := to[key]; ok || len(to) == mostNames {
		return
	}
	to[key] = false
	if !reserved(name) {
		n.byName[name] = append(n.byName[name], app)
	}
}

// look takes a name that a synthetic packet says.
func (n *names) look(name string) {
	for _, app := range n.byName[name] {
		n.said[saidName{name, app}] = true
	}
}

// count counts the names in flows of an application, each once.
func (n *names) count(app flow.Application) Count {
	c := Count{Sampled: len(n.said) == mostNames}
	different := func(said map[saidName]bool) map[string]bool {
		names := map[string]bool{}
		for key, found := range said {
			if app == flow.Unknown || key.app == app {
				names[key.name] = found
			}
		}
		return names
	}
	for _, found := range different(n.said) {
		if c.Known++; found {
			c.Found++
		}
	}
	c.Reserved = len(different(n.reserved))
	return c
}

// reserved reports whether a name is one that stands for nobody: those of examples and
// tests (RFC 2606, RFC 6761), and of services (RFC 6763), which begin with an underscore.
func reserved(name string) bool {
	if name[0] == '_' {
		return true
	}
	for _, end := range []string{"test", "example", "invalid", "localhost", "example.com", "example.net", "example.org", "localdomain", "home.arpa", "in-addr.arpa", "ip6.arpa"} {
		if name == end || strings.HasSuffix(name, "."+end) {
			return true
		}
	}
	return false
}

// namesIn calls visit with the names that a packet says, in lower case: HTTP's Host, the
// server name of a TLS client, the names of DNS, and the domains of SMTP.
func namesIn(p *flow.Packet, visit func(name string)) {
	take := func(name []byte) {
		if valid(name) {
			visit(strings.ToLower(string(bytes.TrimSuffix(name, []byte(".")))))
		}
	}
	switch p.Application {
	case flow.HTTP:
		take(httpHost(p.Payload))
	case flow.TLS:
		take(serverName(p.Payload))
	case flow.DNS:
		dnsNames(p.Payload, take)
	case flow.SMTP:
		smtpDomains(p.Payload, take)
	}
}

// valid reports whether a text is a name of at least two labels, and no address.
func valid(name []byte) bool {
	if len(name) < 4 || len(name) > 253 || bytes.IndexByte(name[:len(name)-1], '.') < 1 {
		return false
	}
	for _, b := range name {
		if b != '-' && b != '.' && b != '_' && (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') {
			return false
		}
	}
	_, err := netip.ParseAddr(string(name))
	return err != nil
}

// httpHost is the value of the first Host field, without its port (RFC 9110, 7.2).
func httpHost(b []byte) []byte {
	for _, field := range [][]byte{[]byte("\r\nHost:"), []byte("\r\nhost:"), []byte("\r\nHOST:")} {
		if at := bytes.Index(b, field); at >= 0 {
			value := line(b[at+len(field):])
			if port := bytes.IndexByte(value, ':'); port >= 0 {
				value = value[:port]
			}
			return value
		}
	}
	return nil
}

// line is a text up to the end of its line, without space around it.
func line(b []byte) []byte {
	if end := bytes.IndexAny(b, "\r\n"); end >= 0 {
		b = b[:end]
	}
	return bytes.TrimSpace(b)
}

// smtpDomains passes on the domains that a client or server names (RFC 5321, 4.1.1): behind
// HELO and EHLO, in the addresses of MAIL and RCPT, and in the greeting 220.
func smtpDomains(b []byte, take func([]byte)) {
	for len(b) > 0 {
		text := line(b)
		verb, rest, _ := bytes.Cut(text, []byte(" "))
		switch strings.ToUpper(string(verb)) {
		case "HELO", "EHLO", "220":
			domain, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
			take(domain)
		case "MAIL", "RCPT":
			if at := bytes.IndexByte(rest, '@'); at >= 0 {
				if end := bytes.IndexByte(rest[at:], '>'); end > 0 {
					take(rest[at+1 : at+end])
				}
			}
		}
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			return
		}
		b = b[end+1:]
	}
}

// dnsNames passes on the names of the questions and answers of a message (RFC 1035, 4.1).
// A name that is compressed begins elsewhere in the message and is read there.
func dnsNames(b []byte, take func([]byte)) {
	if len(b) > 14 && int(binary.BigEndian.Uint16(b)) == len(b)-2 { // over TCP its length stands before it
		b = b[2:]
	}
	if len(b) < 12 {
		return
	}
	at := 12
	questions, records := int(binary.BigEndian.Uint16(b[4:])), 0
	for i := range 3 {
		records += int(binary.BigEndian.Uint16(b[6+2*i:]))
	}
	for range questions {
		name, next := dnsName(b, at)
		if next == 0 {
			return
		}
		take(name)
		at = next + 4
	}
	for range records {
		name, next := dnsName(b, at)
		if next == 0 || next+10 > len(b) {
			return
		}
		take(name)
		at = next + 10 + int(binary.BigEndian.Uint16(b[next+8:]))
	}
}

// dnsName reads the name at a place and returns where the message goes on behind it; 0: it
// is no name.
func dnsName(b []byte, at int) (name []byte, next int) {
	for jumps := 0; at < len(b) && len(name) < 255; {
		n := int(b[at])
		switch {
		case n == 0:
			if next == 0 {
				next = at + 1
			}
			return bytes.TrimPrefix(name, []byte(".")), next
		case n&0xc0 == 0xc0 && at+1 < len(b) && jumps < 8:
			if next == 0 {
				next = at + 2
			}
			at = n&0x3f<<8 | int(b[at+1])
			jumps++
		case n&0xc0 == 0 && at+1+n <= len(b):
			name = append(append(name, '.'), b[at+1:at+1+n]...)
			at += 1 + n
		default:
			return nil, 0
		}
	}
	return nil, 0
}

// serverName is the name that a TLS client asks for (RFC 6066, 3), if its ClientHello is at
// the beginning of the payload as far as that extension.
func serverName(b []byte) []byte {
	const beforeSession = 5 + 4 + 2 + 32 // record, handshake, version, random
	if len(b) <= beforeSession || b[0] != 22 || b[5] != 1 {
		return nil
	}
	b = b[beforeSession:]
	for _, width := range []int{1, 2, 1} { // session, cipher suites, compression methods
		if b = behind(b, width); b == nil {
			return nil
		}
	}
	if len(b) < 2 {
		return nil
	}
	for b = b[2:]; len(b) >= 4; b = behind(b[2:], 2) {
		if binary.BigEndian.Uint16(b) != 0 {
			continue
		}
		if list := b[4:]; len(list) >= 5 && list[2] == 0 {
			n := int(binary.BigEndian.Uint16(list[3:]))
			return list[5 : 5+min(n, len(list)-5)]
		}
		return nil
	}
	return nil
}

// behind is what stands behind a field that begins with its length in so many bytes; nil:
// the payload ends before.
func behind(b []byte, width int) []byte {
	if len(b) < width {
		return nil
	}
	n := int(b[0])
	if width == 2 {
		n = int(binary.BigEndian.Uint16(b))
	}
	if len(b) < width+n {
		return nil
	}
	return b[width+n:]
}
