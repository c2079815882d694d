package flow

import "bytes"

// dissect names the layers of a payload of an application, from index at on.
// Rest is the length from the payload's start to the end of the frame.
func (p *Packet) dissect(at int, rest int32, app Application, fromServer bool) int {
	l := &p.Layers
	switch app {
	case HTTP:
		return p.dissectHTTP(at, rest)
	case DNS:
		return l.add(at, LayerDNS, rest)
	case NTP:
		return l.add(at, ntpLayer(p.Payload), rest)
	case RIP:
		at = l.add(at, LayerRIP, rest)
		rest -= 4
		for left := len(p.Payload) - 4; left >= 20; left -= 20 {
			at = l.add(at, LayerRIPEntry, rest)
			rest -= 20
		}
		return at
	case NetBIOS:
		return l.add(at, netbiosLayer(&p.Tuple), rest)
	case TLS:
		at = l.add(at, LayerTLS, rest)
		if p.Payload[0] == 22 {
			at = l.add(at, LayerHandshake, rest)
		}
		return at
	case QUIC:
		if gquic(p.Payload) {
			at = l.add(at, LayerGQUIC, rest)
			return l.add(at, LayerPayload, rest)
		}
		return l.add(at, LayerQUIC, rest)
	case SNMP:
		if p.Payload[0] != 0x30 {
			return l.add(at, LayerRaw, rest)
		}
		return l.add(at, LayerSNMP, rest)
	case LoRaWAN:
		return l.add(at, LayerSemtech, rest)
	}
	if p.Tuple.Proto == TCP {
		return l.add(at, streamLayer(p, app, fromServer), rest)
	}
	if app == SIP && sipMessage(p.Payload) { // others keep a hole in a firewall open
		return l.add(at, LayerSIP, rest)
	}
	return l.add(at, LayerRaw, rest)
}

// streamLayer is the layer of an application that talks in lines over TCP.
func streamLayer(p *Packet, app Application, fromServer bool) LayerName {
	pair := func(request, response LayerName) LayerName {
		if fromServer {
			return response
		}
		return request
	}
	switch app {
	case SMTP:
		return pair(LayerSMTPRequest, LayerSMTPResponse)
	case FTP:
		return pair(LayerFTPRequest, LayerFTPResponse)
	case FTPData:
		return LayerFTPData
	case POP:
		return pair(LayerPOPRequest, LayerPOPResponse)
	case IMAP:
		return pair(LayerIMAPRequest, LayerIMAPResponse)
	case Telnet:
		return LayerTelnet
	case SSH:
		return LayerSSH
	case SIP:
		return LayerSIP
	case IRC:
		if p.Tuple.Src.Port() == 113 || p.Tuple.Dst.Port() == 113 { // the identification that IRC servers ask for
			return LayerRaw
		}
		return pair(LayerIRCRequest, LayerIRCResponse)
	}
	return LayerRaw
}

// dissectHTTP names HTTP, then the request or response by its first line, then
// the body behind its header.
func (p *Packet) dissectHTTP(at int, rest int32) int {
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

// httpLayer is what the first bytes of an HTTP segment are.
func httpLayer(b []byte) LayerName {
	switch {
	case bytes.HasPrefix(b, []byte("HTTP/1.")) || bytes.HasPrefix(b, []byte("HTTP/2")):
		return LayerHTTPResponse
	case httpMethod(b):
		return LayerHTTPRequest
	}
	return LayerRaw
}

// ntpLayer: modes 6 and 7 are control messages of another form (RFC 9327).
func ntpLayer(b []byte) LayerName {
	if len(b) >= 48 && b[0]&7 < 6 {
		return LayerNTP
	}
	return LayerRaw
}

func netbiosLayer(t *FiveTuple) LayerName {
	if t.Proto == UDP && (t.Src.Port() == 137 || t.Dst.Port() == 137) {
		return LayerNBNS
	}
	return LayerRaw
}

// DatagramLayer is the layer of a datagram's payload by its ports, as the quote
// inside an ICMP error names it.
func DatagramLayer(srcPort, dstPort uint16, payload []byte) LayerName {
	app := registered(UDP, dstPort)
	if app == Unknown {
		app = registered(UDP, srcPort)
	}
	switch app {
	case DNS:
		return LayerDNS
	case NTP:
		return ntpLayer(payload)
	case SNMP:
		return LayerSNMP
	case RIP:
		return LayerRIP
	case NetBIOS:
		if srcPort == 137 || dstPort == 137 {
			return LayerNBNS
		}
	case SIP:
		return LayerSIP
	}
	return LayerRaw
}
