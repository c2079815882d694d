package flow

// Identify sets a packet's application and names the layers behind its transport
// header, from the layers that stand there, the ports, and the first payload
// bytes. It starts anew each time, so calling it again changes nothing; without
// payload (a packet out of a table) the layers stay as they are.
//
// The application is that of the ordered rules of algorithm.md 1.3, but: a port
// below 1024 comes before one that a client may have drawn (a client port 6667 on
// a web server's connection is no IRC), a payload that names its protocol comes
// before a port of 1024 and above or none (a web server on 8080 is HTTP), port 20
// is FTP-DATA, and the protocols that the rules lack are there.
func Identify(p *Packet) {
	if p.Tuple.Proto != TCP && p.Tuple.Proto != UDP {
		p.Application = portless(p)
		return
	}
	if p.Tuple.Src.Port()|p.Tuple.Dst.Port() == 0 {
		p.Application = Unknown // a later fragment
		return
	}
	app, port, fromServer := service(&p.Tuple)
	if len(p.Payload) > 0 && !believed(p.Tuple.Proto, port) {
		if sniffed, server := p.sniff(fromServer, port == 0); sniffed != Unknown && sniffed != app {
			app, fromServer = sniffed, server
		}
	}
	p.nameLayers(app, fromServer)
	if app == Unknown && len(p.Payload) == 0 {
		app = Rules(p.Layers, p.Tuple.Src.Port(), p.Tuple.Dst.Port())
	}
	p.Application = app
}

// believed reports whether a service port needs no look at the payload. Encrypted
// protocols say themselves what they are, and QUIC was first met on port 80.
func believed(proto uint8, port uint16) bool {
	return port != 0 && port < 1024 && port != 443 && !(proto == UDP && port == 80)
}

// portless returns the application of a packet without ports.
func portless(p *Packet) Application {
	switch {
	case p.Tuple.Proto == ICMP || p.Tuple.Proto == ICMPv6:
		if p.Fragment && !p.Layers.Has(LayerICMP) && !p.Layers.Has(LayerICMPv6) {
			return Unknown
		}
		return ICMPApplication
	case p.Tuple.Proto != 0:
		return Unknown
	}
	app := Rules(p.Layers, 0, 0)
	if app != Unknown {
		return app
	}
	for i := p.Layers.Count() - 1; i >= 0; i-- { // behind VLAN tags and the like
		if app := linkLayers[p.Layers[i].Name]; app != Unknown {
			return app
		}
	}
	return Unknown
}

// nameLayers replaces what stands behind the transport layer. Each layer's
// length runs to the end of the frame.
func (p *Packet) nameLayers(app Application, fromServer bool) {
	at := p.transportLayer()
	if at == 0 || p.Payload == nil && p.PayloadLength > 0 {
		return // more link layers than fit, or a table's packet
	}
	rest := max(p.Captured-p.HeaderLength, int32(len(p.Payload)))
	padding := rest - int32(len(p.Payload))
	for i := at; i < MaxLayers; i++ {
		p.Layers[i] = Layer{}
	}
	if len(p.Payload) > 0 {
		if layers := registry[app].layers; layers != nil {
			at = layers(p, at, rest, fromServer)
		} else {
			at = p.Layers.add(at, LayerRaw, rest)
		}
	}
	if padding > 0 {
		p.Layers.add(at, LayerPadding, padding)
	}
}

// transportLayer returns the index behind the TCP or UDP layer, 0 without one.
func (p *Packet) transportLayer() int {
	want := LayerTCP
	if p.Tuple.Proto == UDP {
		want = LayerUDP
	}
	for i := range p.Layers {
		if p.Layers[i].Name == want {
			return i + 1
		}
	}
	return 0
}

// add sets layer at and returns the index of the next one. What does not fit is
// dropped.
func (l *Layers) add(at int, name LayerName, length int32) int {
	if at < MaxLayers {
		l[at] = Layer{Name: name, Length: length}
		at++
	}
	return at
}
