package payload

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Bounds of what is remembered while statistics are learnt.
const (
	mostDistinct = 1 << 16 // names of one kind of an application that are told apart; later ones count as new
	mostHolders  = 1 << 14 // hosts whose names are counted
)

// Learn counts what the packets of a stream say: packets with Payload, Direction and
// Application, as [flow.Assembler.Label] gives them. The names themselves are forgotten when
// it returns. Damaged records are left out; an error that ends the stream is returned
// beside the statistics of what came before it.
func Learn(packets iter.Seq2[flow.Packet, error]) ([]Statistics, error) {
	l := make(learner)
	var last error
	for p, err := range packets {
		if last = err; err == nil && len(p.Payload) > 0 {
			l.add(&p)
		}
	}
	if last != nil {
		last = fmt.Errorf("payload: statistics: %w", last)
	}
	return l.statistics(), last
}

// learner counts what each application says.
type learner map[flow.Application]*application

// application is what one says.
type application struct {
	names map[Kind]*counting
	codes map[CodeKind]map[string]int
}

// counting counts the names of a kind.
type counting struct {
	times   map[string]int
	others  map[int]int                    // names beyond those told apart, by length
	holders map[netip.Addr]map[string]bool // the names of each host
}

// add counts what a packet says.
func (l learner) add(p *flow.Packet) {
	a := l[p.Application]
	if a == nil {
		a = &application{names: make(map[Kind]*counting), codes: make(map[CodeKind]map[string]int)}
		l[p.Application] = a
	}
	switch p.Application {
	case flow.HTTP:
		a.http(p)
	case flow.DNS:
		a.dns(p)
	case flow.SMTP:
		a.smtp(p)
	case flow.TLS:
		if name := serverNameOf(p.Payload); name != nil {
			a.name(Host, name, p.Tuple.Dst.Addr())
		}
	}
}

// name counts a name, and that a host has it; an invalid address is no host.
func (a *application) name(kind Kind, name []byte, holder netip.Addr) {
	if len(name) == 0 || len(name) > longestName {
		return
	}
	c := a.names[kind]
	if c == nil {
		c = &counting{times: make(map[string]int), others: make(map[int]int), holders: make(map[netip.Addr]map[string]bool)}
		a.names[kind] = c
	}
	if _, known := c.times[string(name)]; !known && len(c.times) == mostDistinct {
		c.others[len(name)]++
		return
	}
	c.times[string(name)]++
	if !holder.IsValid() {
		return
	}
	if names := c.holders[holder]; names != nil {
		names[string(name)] = true
	} else if len(c.holders) < mostHolders {
		c.holders[holder] = map[string]bool{string(name): true}
	}
}

// code counts a code, if it is one that is known.
func (a *application) code(kind CodeKind, code string, known bool) {
	if !known {
		return
	}
	if a.codes[kind] == nil {
		a.codes[kind] = make(map[string]int)
	}
	a.codes[kind][code]++
}

// http counts what the head of a request or a response says, as far as it was captured.
func (a *application) http(p *flow.Packet) {
	line, rest, _ := bytes.Cut(p.Payload, []byte("\r\n"))
	method, target, isRequest := bytes.Cut(line, []byte(" "))
	path, version, hasVersion := bytes.Cut(target, []byte(" "))
	switch {
	case bytes.HasPrefix(line, []byte("HTTP/1.")) && isRequest:
		status, _, _ := bytes.Cut(target, []byte(" "))
		a.code(Status, string(status), reasons[string(status)] != "")
	case isRequest && hasVersion && bytes.HasPrefix(version, []byte("HTTP/1.")):
		a.code(Method, string(method), methods[string(method)])
		a.name(Path, path, netip.Addr{})
	default:
		return
	}
	for len(rest) > 0 {
		var whole bool
		if line, rest, whole = bytes.Cut(rest, []byte("\r\n")); !whole || len(line) == 0 {
			return
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch string(bytes.ToLower(field)) {
		case "host":
			a.name(Host, value, p.Tuple.Dst.Addr())
		case "user-agent":
			a.name(Agent, value, p.Tuple.Src.Addr())
		case "server":
			a.name(Software, value, p.Tuple.Src.Addr())
		case "content-type":
			media, _, _ := bytes.Cut(value, []byte(";"))
			a.code(MediaType, mediaKey(string(media)), isMediaType(string(media)))
		}
	}
}

// isMediaType reports whether responses can carry a media type.
func isMediaType(name string) bool {
	for _, m := range mediaTypes {
		if m.name == name {
			return true
		}
	}
	return false
}

// dns counts the question of a query.
func (a *application) dns(p *flow.Packet) {
	b := p.Payload
	if p.Tuple.Proto == flow.TCP && len(b) > 2 {
		b = b[2:]
	}
	if len(b) < dnsHeader || b[2]&0x80 != 0 || b[4] != 0 || b[5] != 1 {
		return
	}
	at := dnsHeader
	for at < len(b) && b[at] != 0 && b[at] <= 63 {
		at += 1 + int(b[at])
	}
	if at+dnsQuestion >= len(b) || b[at] != 0 || at == dnsHeader {
		return
	}
	a.name(Domain, b[dnsHeader+1:at], netip.Addr{})
	kind := uint16(b[at+1])<<8 | uint16(b[at+2])
	for name, number := range recordTypes {
		if number == kind {
			a.code(RecordType, name, true)
		}
	}
	edns := "none"
	if b[11] > 0 {
		edns = "OPT"
	}
	a.code(EDNS, edns, true)
}

// smtp counts the names in the commands of a client.
func (a *application) smtp(p *flow.Packet) {
	if p.Direction != flow.Forward {
		return
	}
	for line := range bytes.Lines(p.Payload) {
		verb, argument, ok := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
		if !ok {
			continue
		}
		switch string(bytes.ToUpper(verb)) {
		case "EHLO", "HELO":
			a.name(Domain, argument, p.Tuple.Src.Addr())
		case "MAIL", "RCPT":
			_, mailbox, _ := bytes.Cut(argument, []byte("<"))
			mailbox, _, closed := bytes.Cut(mailbox, []byte(">"))
			if local, domain, ok := bytes.Cut(mailbox, []byte("@")); ok && closed {
				a.name(Mailbox, local, netip.Addr{})
				a.name(Domain, domain, netip.Addr{})
			}
		}
	}
}

// serverNameOf returns the server's name in a client hello (RFC 6066, 3), nil without one.
func serverNameOf(b []byte) []byte {
	if len(b) < tlsRecord+4+2+32+1 || b[0] != tlsHandshake || b[5] != 1 {
		return nil
	}
	at := tlsRecord + 4 + 2 + 32
	skip := func(size int) bool { // what is as long as the number of so many bytes before it says
		n := 0
		for range size {
			if at >= len(b) {
				return false
			}
			n = n<<8 | int(b[at])
			at++
		}
		at += n
		return at+2 <= len(b)
	}
	if !skip(1) || !skip(2) || !skip(1) {
		return nil
	}
	at += 2 // of all extensions
	for at+serverName <= len(b) {
		if size := int(b[at+2])<<8 | int(b[at+3]); b[at] != 0 || b[at+1] != 0 {
			at += 4 + size
			continue
		}
		n := int(b[at+7])<<8 | int(b[at+8])
		if at += serverName; at+n > len(b) {
			return nil
		}
		return b[at : at+n]
	}
	return nil
}

// statistics returns what was counted, in the order of the applications.
func (l learner) statistics() []Statistics {
	var list []Statistics
	for app, a := range l {
		s := Statistics{Application: app}
		for kind, c := range a.names {
			s.Names = append(s.Names, Names{Kind: kind, Each: c.each(), Groups: c.groups()})
		}
		slices.SortFunc(s.Names, func(a, b Names) int { return cmp.Compare(a.Kind, b.Kind) })
		for kind, counts := range a.codes {
			s.Codes = append(s.Codes, Codes{kind, counts})
		}
		slices.SortFunc(s.Codes, func(a, b Codes) int { return cmp.Compare(a.Kind, b.Kind) })
		if len(s.Names)+len(s.Codes) > 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Statistics) int { return cmp.Compare(a.Application, b.Application) })
	return list
}

// each is how many names a host has in the mean, 0 where it has most of all.
func (c *counting) each() int {
	if len(c.holders) == 0 {
		return 0
	}
	sum := 0
	for _, names := range c.holders {
		sum += len(names)
	}
	mean := (sum + len(c.holders)/2) / len(c.holders)
	if 3*mean > 2*len(c.times) && len(c.holders) > 1 {
		return 0
	}
	return max(1, mean)
}

// groups counts the names of each length and frequency.
func (c *counting) groups() []Group {
	type key struct{ length, times int }
	counts := make(map[key]int)
	for name, times := range c.times {
		counts[key{len(name), times}]++
	}
	for length, names := range c.others {
		counts[key{length, 1}] += names
	}
	groups := make([]Group, 0, len(counts))
	for k, names := range counts {
		groups = append(groups, Group{k.length, min(names, mostNames), k.times})
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Length, b.Length), cmp.Compare(b.Times, a.Times))
	})
	return groups
}
