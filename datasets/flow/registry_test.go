package flow

import (
	"net/netip"
	"testing"
)

// examples are, for each application that a payload or a port can name, a payload
// that one of its ends sends: over its service's transport to its port, and, where
// alone is set, to no known port, where the payload alone names it.
var examples = map[Application]struct {
	payload string
	alone   bool
	layer   LayerName
}{
	Telnet:  {"\xff\xfd\x18\xff\xfd\x20", true, LayerTelnet},
	HTTP:    {"GET / HTTP/1.1\r\n\r\n", true, LayerHTTP},
	SSH:     {"SSH-2.0-x\r\n", true, LayerSSH},
	SNMP:    {"\x30\x26\x02\x01\x00\x04\x06public", true, LayerSNMP},
	SMTP:    {"EHLO x\r\n", true, LayerSMTPRequest},
	DNS:     {"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x00\x00\x01\x00\x01", true, LayerDNS},
	NTP:     {"\x23" + "...............................................", false, LayerNTP},
	FTP:     {"USER a\r\n", false, LayerFTPRequest},
	FTPData: {"anything", false, LayerFTPData},
	RIP:     {"\x02\x02........................", false, LayerRIP},
	IRC:     {"NICK x\r\n", true, LayerIRCRequest},
	POP:     {"USER a\r\n", false, LayerPOPRequest},
	IMAP:    {"a LOGIN b c\r\n", false, LayerIMAPRequest},
	SIP:     {"INVITE sip:x SIP/2.0\r\n", true, LayerSIP},
	Finger:  {"user\r\n", false, LayerRaw},
	Time:    {"\x00\x01\x02\x03", false, LayerRaw},
	NetBIOS: {"..................................................", false, LayerNBNS},
	QUIC:    {"\xc3\x00\x00\x00\x01........................................", true, LayerQUIC},
	TLS:     {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", true, LayerTLS},
	LoRaWAN: {"\x02\x12\x34\x00....................", false, LayerSemtech},
}

// TestRegistry: no row lacks what the rest of the program asks of it.
func TestRegistry(t *testing.T) {
	names, ports := map[string]Application{}, map[[2]uint16]Application{}
	for app := Unknown; app < applicationCount; app++ {
		row := &registry[app]
		if other, taken := names[row.name]; row.name == "" || taken {
			t.Errorf("application %d has the name %q, as has %d", app, row.name, other)
		}
		names[row.name] = app
		_, port := app.Service()
		example, given := examples[app]
		switch {
		case (port != 0) != (row.transport != 0):
			t.Errorf("%v: transport %d, port %d: want both or none", app, row.transport, port)
		case port != 0 && (row.layers == nil || !given):
			t.Errorf("%v: a service without layers or without an example here", app)
		case port == 0 && app != Unknown && row.ruleLink == [3]LayerName{} && row.linkLayer == NoLayer:
			t.Errorf("%v: nothing names it", app)
		}
		for proto, list := range map[uint16][]uint16{TCP: row.tcp, UDP: row.udp} {
			for _, port := range append(list[:len(list):len(list)], row.ports...) {
				if other, taken := ports[[2]uint16{proto, port}]; taken || port >= highPort {
					t.Errorf("%v: port %d of protocol %d is taken by %v, or not less than %d", app, port, proto, other, highPort)
				}
				ports[[2]uint16{proto, port}] = app
			}
		}
		signatures := append(row.stream[:len(row.stream):len(row.stream)], row.datagram...)
		for i, s := range signatures {
			if s.first == "" || s.match == nil {
				t.Errorf("%v: signature %d lacks its first bytes or its test", app, i)
			}
		}
		if example.alone != (len(signatures) > 0) && app != FTP && app != POP && app != IMAP { // of those only the server's greeting says so
			t.Errorf("%v: %d signatures, and the example's payload alone names it: %v", app, len(signatures), example.alone)
		}
		if given {
			identify(t, app, example.payload, example.layer, example.alone)
		}
	}
}

// identify holds an application's example against what is identified.
func identify(t *testing.T, app Application, payload string, layer LayerName, alone bool) {
	t.Helper()
	proto, port := app.Service()
	for _, dst := range []uint16{port, 41000} {
		p := Packet{Payload: []byte(payload), PayloadLength: int32(len(payload))}
		host := netip.AddrFrom4([4]byte{192, 0, 2, 1})
		p.Tuple = FiveTuple{Proto: proto, Src: netip.AddrPortFrom(host, 40000), Dst: netip.AddrPortFrom(host, dst)}
		p.Layers = Layers{{Name: LayerIP}, {Name: LayerTCP}}
		if proto == UDP {
			p.Layers[1].Name = LayerUDP
		}
		Identify(&p)
		if dst != port && !alone {
			continue
		}
		if p.Application != app || p.Layers[2].Name != layer {
			t.Errorf("%v to port %d is %v with layer %v, want %v", app, dst, p.Application, p.Layers[2].Name, layer)
		}
		matches := 0
		table := &signaturesTCP
		if proto == UDP {
			table = &signaturesUDP
		}
		for _, c := range table[payload[0]] {
			if c.match([]byte(payload)) && c.app != app {
				matches++
			}
		}
		if matches > 0 {
			t.Errorf("%v: its example also looks like %d other applications", app, matches)
		}
	}
}

// Every layer has a name of its own.
func TestLayerNames(t *testing.T) {
	seen := map[string]bool{}
	for n := NoLayer; n < layerCount; n++ {
		if n.String() == "" || seen[n.String()] {
			t.Errorf("layer %d has the name %q", n, n)
		}
		seen[n.String()] = true
	}
}
