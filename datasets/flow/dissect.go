package flow

import "bytes"

// one names a single layer.
func one(layer LayerName) func(*Packet, int, int32, bool) int {
	return func(p *Packet, at int, rest int32, _ bool) int { return p.Layers.add(at, layer, rest) }
}

// always names one layer, whatever a datagram holds.
func always(layer LayerName) func(uint16, uint16, []byte) LayerName {
	return func(uint16, uint16, []byte) LayerName { return layer }
}

// streamOf names the layer of a request or response over TCP.
func streamOf(request, response LayerName) func(*Packet, int, int32, bool) int {
	return func(p *Packet, at int, rest int32, fromServer bool) int {
		layer := request
		switch {
		case p.Tuple.Proto != TCP:
			layer = LayerRaw
		case fromServer:
			layer = response
		}
		return p.Layers.add(at, layer, rest)
	}
}

// dissectNTP names time messages.
func (p *Packet) dissectNTP(at int, rest int32, _ bool) int {
	return p.Layers.add(at, ntpLayer(p.Payload), rest)
}

// dissectRIP names the header and each entry.
func (p *Packet) dissectRIP(at int, rest int32, _ bool) int {
	at = p.Layers.add(at, LayerRIP, rest)
	rest -= 4
	for left := len(p.Payload) - 4; left >= 20; left -= 20 {
		at = p.Layers.add(at, LayerRIPEntry, rest)
		rest -= 20
	}
	return at
}

// dissectNetBIOS names messages of the name service.
func (p *Packet) dissectNetBIOS(at int, rest int32, _ bool) int {
	return p.Layers.add(at, netbiosLayer(p.Tuple.Proto, p.Tuple.Src.Port(), p.Tuple.Dst.Port()), rest)
}

// dissectTLS names the record and, inside it, the handshake.
func (p *Packet) dissectTLS(at int, rest int32, _ bool) int {
	at = p.Layers.add(at, LayerTLS, rest)
	if p.Payload[0] == 22 {
		at = p.Layers.add(at, LayerHandshake, rest)
	}
	return at
}

// dissectQUIC names Google's QUIC, whose payload has a layer, or the standard's.
func (p *Packet) dissectQUIC(at int, rest int32, _ bool) int {
	if gquic(p.Payload) {
		at = p.Layers.add(at, LayerGQUIC, rest)
		return p.Layers.add(at, LayerPayload, rest)
	}
	return p.Layers.add(at, LayerQUIC, rest)
}

// dissectSNMP names what begins as a BER sequence.
func (p *Packet) dissectSNMP(at int, rest int32, _ bool) int {
	if p.Payload[0] != 0x30 {
		return p.Layers.add(at, LayerRaw, rest)
	}
	return p.Layers.add(at, LayerSNMP, rest)
}

// dissectSIP leaves out datagrams that keep a hole in a firewall open.
func (p *Packet) dissectSIP(at int, rest int32, _ bool) int {
	if p.Tuple.Proto == TCP || sipMessage(p.Payload) {
		return p.Layers.add(at, LayerSIP, rest)
	}
	return p.Layers.add(at, LayerRaw, rest)
}

// dissectIRC leaves out the identification that IRC servers ask for (port 113).
func (p *Packet) dissectIRC(at int, rest int32, fromServer bool) int {
	switch {
	case p.Tuple.Proto != TCP || p.Tuple.Src.Port() == 113 || p.Tuple.Dst.Port() == 113:
		return p.Layers.add(at, LayerRaw, rest)
	case fromServer:
		return p.Layers.add(at, LayerIRCResponse, rest)
	}
	return p.Layers.add(at, LayerIRCRequest, rest)
}

// dissectHTTP names HTTP, then the request or response by its first line, then
// the body behind its header.
func (p *Packet) dissectHTTP(at int, rest int32, _ bool) int {
	l := &p.Layers
	at = l.add(at, LayerHTTP, rest)
	name := httpLayer(p.Payload)
	at = l.add(at, name, rest)
	if name == LayerRaw {
		return at
	}
	if end := bytes.Index(p.Payload, []byte("\r\n\r\n")); end >= 0 && end+4 < len(p.Payload) {
		at = l.add(at, LayerRaw, rest-int32(end)-4)
	}
	return at
}

// httpLayer returns what the first bytes of an HTTP segment are.
func httpLayer(b []byte) LayerName {
	switch {
	case bytes.HasPrefix(b, []byte("HTTP/1.")) || bytes.HasPrefix(b, []byte("HTTP/2")):
		return LayerHTTPResponse
	case httpMethod(b):
		return LayerHTTPRequest
	}
	return LayerRaw
}

// ntpLayer names a datagram of NTP. Messages of the modes 6 and 7 have another form
// (RFC 9327).
func ntpLayer(b []byte) LayerName {
	if len(b) >= 48 && b[0]&7 < 6 {
		return LayerNTP
	}
	return LayerRaw
}

// netbiosLayer names a datagram of the name service (port 137).
func netbiosLayer(proto uint8, srcPort, dstPort uint16) LayerName {
	if proto == UDP && (srcPort == 137 || dstPort == 137) {
		return LayerNBNS
	}
	return LayerRaw
}

// DatagramLayer returns the layer of a datagram's payload by its ports, as the quote
// inside an ICMP error names it.
func DatagramLayer(srcPort, dstPort uint16, payload []byte) LayerName {
	app := registered(UDP, dstPort)
	if app == Unknown {
		app = registered(UDP, srcPort)
	}
	if quoted := registry[app].quoted; quoted != nil {
		return quoted(srcPort, dstPort, payload)
	}
	return LayerRaw
}
