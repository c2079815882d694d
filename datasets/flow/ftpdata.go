package flow

import (
	"bytes"
	"net/netip"
)

// maxAnnounced bounds the data connections that are announced and not yet open.
const maxAnnounced = 1 << 12

// announcements are the ends of the FTP data connections that control
// connections have announced (RFC 959, 4.1.2; RFC 2428). Only they tell a passive
// transfer between two high ports from other traffic.
type announcements map[netip.AddrPort]struct{}

// read takes in what a packet of a control connection says.
func (a announcements) read(p *Packet) {
	if len(a) >= maxAnnounced {
		clear(a)
	}
	line := firstLine(p.Payload)
	end, ok := netip.AddrPort{}, false
	switch {
	case bytes.HasPrefix(line, []byte("227 ")):
		if at := bytes.IndexByte(line, '('); at >= 0 {
			end, ok = sixNumbers(line[at+1:])
		} else {
			end, ok = sixNumbers(bytes.TrimLeft(line[4:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ="))
		}
	case bytes.HasPrefix(line, []byte("PORT ")):
		end, ok = sixNumbers(line[5:])
	case bytes.HasPrefix(line, []byte("229 ")):
		if at := bytes.Index(line, []byte("(|||")); at >= 0 {
			port, _ := digits(line[at+4:])
			end, ok = netip.AddrPortFrom(p.Tuple.Src.Addr(), uint16(port)), port > 0 && port < 1<<16
		}
	case bytes.HasPrefix(line, []byte("EPRT |")):
		if parts := bytes.Split(line[6:], []byte("|")); len(parts) >= 3 {
			addr, err := netip.ParseAddr(string(parts[1]))
			port, _ := digits(parts[2])
			end, ok = netip.AddrPortFrom(addr, uint16(port)), err == nil && port > 0 && port < 1<<16
		}
	}
	if ok {
		a[end] = struct{}{}
	}
}

// take reports whether a connection was announced, and forgets it.
func (a announcements) take(t *FiveTuple) bool {
	for _, end := range [2]netip.AddrPort{t.Dst, t.Src} {
		if _, ok := a[end]; ok {
			delete(a, end)
			return true
		}
	}
	return false
}

// sixNumbers reads h1,h2,h3,h4,p1,p2.
func sixNumbers(b []byte) (netip.AddrPort, bool) {
	var v [6]byte
	for i := range v {
		n, rest := digits(b)
		if n < 0 || n > 255 || i < 5 && (len(rest) == 0 || rest[0] != ',') {
			return netip.AddrPort{}, false
		}
		v[i], b = byte(n), rest
		if i < 5 {
			b = rest[1:]
		}
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v[:4])), uint16(v[4])<<8|uint16(v[5])), true
}

// digits reads up to six leading digits; -1 without one.
func digits(b []byte) (n int, rest []byte) {
	at := 0
	for at < len(b) && at < 6 && b[at] >= '0' && b[at] <= '9' {
		n = n*10 + int(b[at]-'0')
		at++
	}
	if at == 0 {
		return -1, b
	}
	return n, b[at:]
}

// markData makes a packet one of an announced data connection.
func (p *Packet) markData() {
	p.Application = FTPData
	for i := 1; i < MaxLayers; i++ {
		if p.Layers[i-1].Name == LayerTCP && p.Layers[i].Name != NoLayer && p.Layers[i].Name != LayerPadding {
			p.Layers[i].Name = LayerFTPData
		}
	}
}
