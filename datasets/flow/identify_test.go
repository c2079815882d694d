package flow_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// packetOf makes an Ethernet packet as a reader does, with padding to 60 bytes.
func packetOf(proto uint8, src, dst uint16, payload string) flow.Packet {
	p := flow.Packet{HeaderLength: 54, PayloadLength: int32(len(payload))}
	if proto == flow.UDP {
		p.HeaderLength = 42
	}
	if payload != "" {
		p.Payload = []byte(payload)
	}
	p.Length = max(60, p.HeaderLength+p.PayloadLength)
	p.Captured = p.Length
	p.Tuple = flow.FiveTuple{Proto: proto, Src: netip.AddrPortFrom(client.Addr(), src), Dst: netip.AddrPortFrom(server.Addr(), dst)}
	p.Layers = flow.Layers{{Name: flow.LayerEther, Length: p.Length}, {Name: flow.LayerIP, Length: p.Length - 14}, {Name: flow.LayerTCP, Length: p.Length - 34}}
	if proto == flow.UDP {
		p.Layers[2].Name = flow.LayerUDP
	}
	return p
}

func layerText(l *flow.Layers, from int) string {
	var names []string
	for i := from; i < l.Count(); i++ {
		names = append(names, fmt.Sprintf("%s %d", l[i].Name, l[i].Length))
	}
	return strings.Join(names, "/")
}

const (
	dnsQuery = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01"
	snmpGet  = "\x30\x26\x02\x01\x00\x04\x06public\xa0\x19\x02\x04\x01\x02\x03\x04\x02\x01\x00\x02\x01\x00\x30\x0b\x30\x09\x06\x05+\x06\x01\x02\x01\x05\x00"
	hello    = "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
	gquicHi  = "\x0d\x01\x02\x03\x04\x05\x06\x07\x08Q043\x01......"
)

var identifyRows = []struct {
	name     string
	proto    uint8
	src, dst uint16
	payload  string
	app      flow.Application
	layers   string // behind the transport layer
}{
	{"empty segment", flow.TCP, 4139, 80, "", flow.HTTP, "Padding 6"},
	{"SMTP, padded", flow.TCP, 32779, 25, "a\r\n", flow.SMTP, "SMTPRequest 6/Padding 3"},
	{"SMTP, full", flow.TCP, 3704, 25, "DATA\r\n", flow.SMTP, "SMTPRequest 6"},
	{"SMTP answer", flow.TCP, 25, 3704, "220 mail ESMTP ready....", flow.SMTP, "SMTPResponse 24"},
	{"submission", flow.TCP, 3704, 587, "EHLO x\r\n", flow.SMTP, "SMTPRequest 8"},
	{"HTTP request", flow.TCP, 4132, 80, "GET / HTTP/1.0\r\n\r\n", flow.HTTP, "HTTP 18/HTTPRequest 18"},
	{"HTTP request with a body", flow.TCP, 4132, 80, "POST / HTTP/1.0\r\n\r\nx=1", flow.HTTP, "HTTP 22/HTTPRequest 22/Raw 3"},
	{"HTTP response with a body", flow.TCP, 80, 4132, "HTTP/1.1 200 OK\r\n\r\nhello", flow.HTTP, "HTTP 24/HTTPResponse 24/Raw 5"},
	{"HTTP continued", flow.TCP, 80, 4132, "<html>....", flow.HTTP, "HTTP 10/Raw 10"},
	{"HTTP on 8080", flow.TCP, 4132, 8080, "GET / HTTP/1.1\r\n\r\n", flow.HTTP, "HTTP 18/HTTPRequest 18"},
	{"HTTP on any port", flow.TCP, 4132, 31337, "GET / HTTP/1.1\r\n\r\n", flow.HTTP, "HTTP 18/HTTPRequest 18"},
	{"HTTP from a client port that IRC has", flow.TCP, 6667, 80, "GET / HTTP/1.1\r\n\r\n", flow.HTTP, "HTTP 18/HTTPRequest 18"},
	{"HTTP between two unprivileged ports that others have", flow.TCP, 6667, 8080, "GET / HTTP/1.1\r\n\r\n", flow.HTTP, "HTTP 18/HTTPRequest 18"},
	{"HTTP/2 with prior knowledge", flow.TCP, 4132, 9000, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", flow.HTTP, "HTTP 24/HTTPRequest 24/Raw 6"},
	{"OPTIONS of RTSP", flow.TCP, 4132, 554, "OPTIONS rtsp://x RTSP/1.0\r\n\r\n", flow.Unknown, "Raw 29"},
	{"TELNET", flow.TCP, 23, 1217, "abcd", flow.Telnet, "TELNET 6/Padding 2"},
	{"TELNET on any port", flow.TCP, 2323, 40000, "\xff\xfd\x18\xff\xfd\x20", flow.Telnet, "TELNET 6"},
	{"SSH", flow.TCP, 22, 40000, "\x00\x00\x00\x2c\x06\x1e", flow.SSH, "SSH 6"},
	{"SSH on any port", flow.TCP, 2222, 40000, "SSH-2.0-x\r\n", flow.SSH, "SSH 11"},
	{"not SSH", flow.TCP, 2222, 40000, "SSH-", flow.Unknown, "Raw 6/Padding 2"},
	{"FTP", flow.TCP, 1104, 21, "USER a", flow.FTP, "FTPRequest 6"},
	{"FTP answer", flow.TCP, 21, 1104, "331 ok", flow.FTP, "FTPResponse 6"},
	{"FTP on any port", flow.TCP, 2121, 40000, "220 (vsFTPd 3.0.3)\r\n", flow.FTP, "FTPResponse 20"},
	{"SMTP on any port", flow.TCP, 2525, 40000, "220 x ESMTP Exim\r\n", flow.SMTP, "SMTPResponse 18"},
	{"220 of neither", flow.TCP, 2525, 40000, "220 hello\r\n", flow.Unknown, "Raw 11"},
	{"FTP data, active", flow.TCP, 20, 40000, "binary", flow.FTPData, "FTPData 6"},
	{"POP", flow.TCP, 110, 40000, "+OK hi", flow.POP, "POPRes 6"},
	{"POP on any port", flow.TCP, 40001, 11000, "+OK POP3 ready\r\n", flow.POP, "POPRes 16"},
	{"IMAP", flow.TCP, 40000, 143, "a LOGIN", flow.IMAP, "IMAPReq 7"},
	{"IMAP on any port", flow.TCP, 1143, 40000, "* OK ready\r\n", flow.IMAP, "IMAPRes 12"},
	{"IRC", flow.TCP, 6667, 2226, ":s 001 x", flow.IRC, "IRCRes 8"},
	{"IRC on any port", flow.TCP, 2226, 8000, "NICK x\r\n", flow.IRC, "IRCReq 8"},
	{"ident", flow.TCP, 113, 2640, "1, 2 : USERID : UNIX : x", flow.IRC, "Raw 24"},
	{"SIP over TCP", flow.TCP, 40000, 5060, "INVITE sip:x SIP/2.0\r\n", flow.SIP, "SIP 22"},
	{"SIP", flow.UDP, 5060, 5060, "SIP/2.0 200 OK\r\n\r\n", flow.SIP, "SIP 18"},
	{"SIP on any port", flow.UDP, 5070, 40000, "REGISTER sip:x SIP/2.0\r\n", flow.SIP, "SIP 24"},
	{"SIP keeps a hole open", flow.UDP, 5060, 5060, "jaK\x00\x00aaaaaaaaaaaaa", flow.SIP, "Raw 18"},
	{"FINGER", flow.TCP, 3642, 79, "user\r\n", flow.Finger, "Raw 6"},
	{"TIME", flow.UDP, 37, 40000, "\x00\x01\x02\x03aaaaaaaaaaaaaa", flow.Time, "Raw 18"},
	{"TLS", flow.TCP, 40000, 443, hello, flow.TLS, "TLS 10/handshake 10"},
	{"TLS data", flow.TCP, 443, 40000, "\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), flow.TLS, "TLS 37"},
	{"TLS on any port", flow.TCP, 40000, 8443, hello, flow.TLS, "TLS 10/handshake 10"},
	{"HTTP on 443", flow.TCP, 40000, 443, "GET / HTTP/1.1\r\n\r\n", flow.HTTP, "HTTP 18/HTTPRequest 18"},
	{"STARTTLS stays SMTP", flow.TCP, 40000, 587, hello, flow.SMTP, "SMTPRequest 10"},
	{"DNS", flow.UDP, 53, 53, dnsQuery, flow.DNS, "DNS 33"},
	{"DNS over TCP", flow.TCP, 40000, 53, "\x00\x21" + dnsQuery, flow.DNS, "DNS 35"},
	{"DNS on any port", flow.UDP, 40000, 5300, dnsQuery, flow.DNS, "DNS 33"},
	{"SNMP", flow.UDP, 40000, 161, snmpGet, flow.SNMP, "SNMP 40"},
	{"SNMP trap", flow.UDP, 40000, 162, snmpGet, flow.SNMP, "SNMP 40"},
	{"SNMP on any port", flow.UDP, 40000, 16100, snmpGet, flow.SNMP, "SNMP 40"},
	{"no SNMP on its port", flow.UDP, 40000, 161, strings.Repeat("x", 20), flow.SNMP, "Raw 20"},
	{"NTP", flow.UDP, 123, 123, "\x23" + strings.Repeat("x", 47), flow.NTP, "NTPHeader 48"},
	{"NTP control", flow.UDP, 123, 123, "\x16\x02" + strings.Repeat("x", 46), flow.NTP, "Raw 48"},
	{"RIP", flow.UDP, 520, 520, strings.Repeat("\x02", 24), flow.RIP, "RIP 24/RIPEntry 20"},
	{"RIP, three routes", flow.UDP, 520, 520, strings.Repeat("\x02", 64), flow.RIP, "RIP 64/RIPEntry 60/RIPEntry 40"},
	{"NetBIOS names", flow.UDP, 137, 137, strings.Repeat("x", 50), flow.NetBIOS, "NBNSQueryRequest 50"},
	{"NetBIOS datagrams", flow.UDP, 138, 138, strings.Repeat("x", 50), flow.NetBIOS, "Raw 50"},
	{"GQUIC", flow.UDP, 40000, 443, gquicHi, flow.QUIC, "GQUIC 20/payload 20"},
	{"GQUIC on port 80", flow.UDP, 40000, 80, gquicHi, flow.QUIC, "GQUIC 20/payload 20"},
	{"QUIC", flow.UDP, 40000, 8443, "\xc3\x00\x00\x00\x01" + strings.Repeat("x", 40), flow.QUIC, "QUIC 45"},
	{"QUIC, short header", flow.UDP, 443, 40000, "\x4d" + strings.Repeat("x", 40), flow.QUIC, "QUIC 41"},
	{"LoRaWAN gateway", flow.UDP, 40000, 1700, "\x02\x12\x34\x00" + strings.Repeat("x", 20), flow.LoRaWAN, "Semtech 24"},
	{"unknown", flow.UDP, 40000, 41000, strings.Repeat("x", 20), flow.Unknown, "Raw 20"},
	{"one byte", flow.TCP, 40000, 41000, "G", flow.Unknown, "Raw 6/Padding 5"},
}

// TestIdentify: the lengths are those of NeCSTGen's tables where these have such a
// packet (df_week1_monday.csv: 60 46 26 6 3 for SMTPRequest/Padding of 3 bytes).
func TestIdentify(t *testing.T) {
	for _, row := range identifyRows {
		p := packetOf(row.proto, row.src, row.dst, row.payload)
		flow.Identify(&p)
		if got := layerText(&p.Layers, 3); p.Application != row.app || got != row.layers {
			t.Errorf("%s: %v, %s; want %v, %s", row.name, p.Application, got, row.app, row.layers)
		}
		once := p
		flow.Identify(&p)
		if p.Layers != once.Layers || p.Application != once.Application {
			t.Errorf("%s: a second Identify changes %v to %v", row.name, once.Layers, p.Layers)
		}
		p.Payload = nil // as out of a table
		flow.Identify(&p)
		if row.payload != "" && p.Layers != once.Layers {
			t.Errorf("%s: without payload %v becomes %v", row.name, once.Layers, p.Layers)
		}
	}
}

// TestFTPData: a passive transfer between two high ports is known by its
// announcement, for one connection.
func TestFTPData(t *testing.T) {
	control := func(src, dst uint16, text string) flow.Packet { return packetOf(flow.TCP, src, dst, text+"\r\n") }
	for _, row := range []struct {
		name     string
		announce flow.Packet
		src, dst netip.AddrPort
		want     flow.Application
	}{
		{"PASV", control(21, 40000, "227 Entering Passive Mode (10,0,0,9,200,10)."), client, netip.MustParseAddrPort("10.0.0.9:51210"), flow.FTPData},
		{"PASV without brackets", control(21, 40000, "227 Entering Passive Mode 10,0,0,9,200,10"), client, netip.MustParseAddrPort("10.0.0.9:51210"), flow.FTPData},
		{"EPSV", control(21, 40000, "229 Entering Extended Passive Mode (|||51210|)"), netip.MustParseAddrPort("10.0.0.2:41000"), netip.AddrPortFrom(client.Addr(), 51210), flow.FTPData},
		{"PORT", control(40000, 21, "PORT 10,0,0,9,200,10"), netip.MustParseAddrPort("10.0.0.2:41000"), netip.MustParseAddrPort("10.0.0.9:51210"), flow.FTPData},
		{"EPRT", control(40000, 21, "EPRT |2|2001:db8::9|51210|"), server, netip.MustParseAddrPort("[2001:db8::9]:51210"), flow.FTPData},
		{"another port", control(21, 40000, "227 Entering Passive Mode (10,0,0,9,200,11)."), client, netip.MustParseAddrPort("10.0.0.9:51210"), flow.Unknown},
		{"a number too large", control(21, 40000, "227 Entering Passive Mode (10,0,0,9,300,11)."), client, netip.MustParseAddrPort("10.0.0.9:51210"), flow.Unknown},
		{"cut", control(21, 40000, "227 Entering Passive Mode (10,0,0"), client, netip.MustParseAddrPort("10.0.0.9:51210"), flow.Unknown},
		{"EPRT cut", control(40000, 21, "EPRT |2|2001"), client, netip.MustParseAddrPort("10.0.0.9:51210"), flow.Unknown},
		{"EPSV with no port", control(21, 40000, "229 Entering Extended Passive Mode (||||)"), client, netip.MustParseAddrPort("10.0.0.9:51210"), flow.Unknown},
	} {
		data := packetOf(flow.TCP, 0, 0, "some bytes")
		data.Tuple.Src, data.Tuple.Dst = row.src, row.dst
		if row.src.Addr().Is4() != row.dst.Addr().Is4() {
			data.Tuple.Src = netip.MustParseAddrPort("[2001:db8::1]:41000")
		}
		data.Flags = flow.SYN
		again := data
		again.Seq, again.Time = 99, 1 // another connection of the same ports
		var got []flow.Packet
		for p := range new(flow.Assembler).Label(identified(row.announce, data, again)) {
			got = append(got, p)
		}
		layer := flow.LayerRaw
		if row.want == flow.FTPData {
			layer = flow.LayerFTPData
		}
		if got[1].Application != row.want || got[1].Layers[3].Name != layer || got[2].Application != flow.Unknown {
			t.Errorf("%s: %v, %v, then %v; want %v, %v, then nan", row.name, got[1].Application, got[1].Layers[3].Name, got[2].Application, row.want, layer)
		}
	}
}

func identified(packets ...flow.Packet) func(func(flow.Packet, error) bool) {
	for i := range packets {
		flow.Identify(&packets[i])
	}
	return stream(packets)
}

// TestNames: each application and layer name reads back, and others are refused.
func TestNames(t *testing.T) {
	for i := 0; ; i++ {
		app := flow.Application(i)
		if strings.HasPrefix(app.String(), "application(") {
			break
		}
		var back flow.Application
		if text, err := app.MarshalText(); err != nil || back.UnmarshalText([]byte(strings.ToLower(string(text)))) != nil || back != app {
			t.Errorf("%v reads back as %v", app, back)
		}
	}
	seen := map[string]bool{}
	for i := 0; ; i++ {
		name := flow.LayerName(i)
		if strings.HasPrefix(name.String(), "layer(") {
			break
		}
		if name.String() == "" || seen[name.String()] {
			t.Errorf("layer %d is named %q", i, name)
		}
		seen[name.String()] = true
		var back flow.LayerName
		if text, err := name.MarshalText(); err != nil || back.UnmarshalText(text) != nil || back != name {
			t.Errorf("%v reads back as %v", name, back)
		}
	}
	if new(flow.Application).UnmarshalText([]byte("GOPHER")) == nil || new(flow.LayerName).UnmarshalText([]byte("ether")) == nil {
		t.Error("an unknown name is taken")
	}
}
