package flow

// application is all that the program knows of one application protocol. A new one
// is a constant in application.go, a row of the registry, and an example in the
// registry's test.
type application struct {
	name string // in tables, configs and reports

	// The service: its transport, and its ports, the well-known one first.
	transport uint8    // of the service; 0: it has none, or is one of the link layer
	ports     []uint16 // over TCP and UDP
	tcp, udp  []uint16 // over one of them alone

	// What NeCSTGen's rule (algorithm.md 1.3) of this application matches; all empty:
	// the application is ours. A later rule overwrites an earlier one.
	rulePorts  []uint16
	ruleLayers []LayerName  // behind the transport layer
	ruleLink   [3]LayerName // the first layers of a packet without ports; anyLayer fits all

	// What names the application behind VLAN tags and the like, which the rules do
	// not see through: the innermost of these counts. NoLayer: nothing.
	linkLayer LayerName

	// What the first bytes of a payload look like, on whatever port.
	stream   []signature // over TCP
	datagram []signature // over UDP, which says nothing of the sender

	// layers names the layers of a payload from index at on, of which rest bytes are
	// left to the end of the frame, and returns the index behind them.
	layers func(p *Packet, at int, rest int32, fromServer bool) int

	// quoted names the layer of a datagram's payload inside an ICMP error, where
	// little of it is left; nil: Raw.
	quoted func(srcPort, dstPort uint16, payload []byte) LayerName
}

// signature is how a payload that one of the two ends sends begins.
type signature struct {
	from  sender
	first string            // bytes that it may begin with
	match func([]byte) bool // at least four bytes, of which the first is in first
}

// sender is who sends what a signature matches.
type sender uint8

const (
	eitherEnd sender = iota
	fromClient
	fromServer
)

// capitals are the first bytes of protocols that speak in commands.
const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// registry has a row for each application, in the order of the rules: the
// constants are numbered so that of two rules that match the higher one wins.
var registry = [applicationCount]application{
	Unknown:        {name: "nan"},
	ARPApplication: {name: "ARP", ruleLink: [3]LayerName{anyLayer, LayerARP, anyLayer}, linkLayer: LayerARP},
	LLC:            {name: "LLC", ruleLink: [3]LayerName{anyLayer, LayerLLC, LayerRaw}, linkLayer: LayerLLC},
	LOOP:           {name: "LOOP", ruleLink: [3]LayerName{LayerEther, LayerRaw, NoLayer}},
	SNAP:           {name: "SNAP", ruleLink: [3]LayerName{anyLayer, LayerLLC, LayerSNAP}, linkLayer: LayerSNAP},
	Telnet: {name: "TELNET", transport: TCP, ports: []uint16{23}, rulePorts: []uint16{23}, ruleLayers: []LayerName{LayerTelnet},
		stream: []signature{{eitherEnd, "\xff", telnetNegotiation}}, layers: streamOf(LayerTelnet, LayerTelnet)},
	HTTP: {name: "HTTP", transport: TCP, ports: []uint16{80, 8080}, rulePorts: []uint16{80},
		stream: []signature{begins(fromServer, "HTTP/1."), {fromClient, "GPHDTCO", httpMethod}}, layers: (*Packet).dissectHTTP},
	SSH: {name: "SSH", transport: TCP, ports: []uint16{22}, rulePorts: []uint16{22}, ruleLayers: []LayerName{LayerSSH},
		stream: []signature{begins(eitherEnd, "SSH-1", "SSH-2")}, layers: streamOf(LayerSSH, LayerSSH)},
	SNMP: {name: "SNMP", transport: UDP, udp: []uint16{161, 162}, ruleLayers: []LayerName{LayerSNMP},
		datagram: []signature{{eitherEnd, "\x30", snmpMessage}}, layers: (*Packet).dissectSNMP, quoted: always(LayerSNMP)},
	SMTP: {name: "SMTP", transport: TCP, ports: []uint16{25, 587}, rulePorts: []uint16{25}, ruleLayers: []LayerName{LayerSMTPRequest, LayerSMTPResponse},
		stream: []signature{{fromServer, "2", greeting("SMTP")}, begins(fromClient, "EHLO ", "HELO ", "MAIL FROM:", "RCPT TO:")},
		layers: streamOf(LayerSMTPRequest, LayerSMTPResponse)},
	DNS: {name: "DNS", transport: UDP, ports: []uint16{53}, udp: []uint16{5353}, rulePorts: []uint16{53}, ruleLayers: []LayerName{LayerDNS},
		datagram: []signature{{eitherEnd, bytesFrom(0), dnsMessage}}, layers: one(LayerDNS), quoted: always(LayerDNS)},
	NTP: {name: "NTP", transport: UDP, udp: []uint16{123}, ruleLayers: []LayerName{LayerNTP}, layers: (*Packet).dissectNTP,
		quoted: func(_, _ uint16, b []byte) LayerName { return ntpLayer(b) }},
	FTP: {name: "FTP", transport: TCP, ports: []uint16{21}, rulePorts: []uint16{20, 21}, ruleLayers: []LayerName{LayerFTPRequest, LayerFTPResponse},
		stream: []signature{{fromServer, "2", greeting("FTP")}}, layers: streamOf(LayerFTPRequest, LayerFTPResponse)},
	FTPData: {name: "FTP-DATA", transport: TCP, ports: []uint16{20}, layers: streamOf(LayerFTPData, LayerFTPData)},
	RIP:     {name: "RIP", transport: UDP, udp: []uint16{520}, ruleLayers: []LayerName{LayerRIP}, layers: (*Packet).dissectRIP, quoted: always(LayerRIP)},
	IRC: {name: "IRC", transport: TCP, ports: []uint16{6667, 113, 194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6668, 6669, 6697, 7000},
		rulePorts: []uint16{113, 6667}, ruleLayers: []LayerName{LayerIRCRequest, LayerIRCResponse},
		stream: []signature{{fromServer, ":", ircMessage}, begins(fromClient, "NICK ", "PRIVMSG "), begins(fromServer, "NOTICE AUTH")},
		layers: (*Packet).dissectIRC},
	POP: {name: "POP", transport: TCP, ports: []uint16{110}, rulePorts: []uint16{110},
		ruleLayers: []LayerName{LayerPOP, LayerPOPRequest, LayerPOPResponse}, // the original tests for POP alone, which never occurs (D03)
		stream:     []signature{begins(fromServer, "+OK ")}, layers: streamOf(LayerPOPRequest, LayerPOPResponse)},
	IMAP: {name: "IMAP", transport: TCP, ports: []uint16{143},
		stream: []signature{begins(fromServer, "* OK ", "* PREAUTH ")}, layers: streamOf(LayerIMAPRequest, LayerIMAPResponse)},
	SIP: {name: "SIP", transport: UDP, ports: []uint16{5060}, stream: []signature{begins(fromServer, "SIP/2.0 "), {fromClient, capitals, sipMessage}},
		datagram: []signature{{eitherEnd, capitals, sipMessage}}, layers: (*Packet).dissectSIP, quoted: always(LayerSIP)},
	ICMPApplication: {name: "ICMP", ruleLink: [3]LayerName{anyLayer, anyLayer, LayerICMP}},
	Finger:          {name: "FINGER", transport: TCP, ports: []uint16{79}, rulePorts: []uint16{79}, layers: one(LayerRaw)},
	Time:            {name: "TIME", transport: TCP, ports: []uint16{37}, rulePorts: []uint16{37}, layers: one(LayerRaw)},
	NetBIOS: {name: "NETBIOS", transport: UDP, ports: []uint16{137, 138, 139}, rulePorts: []uint16{137}, layers: (*Packet).dissectNetBIOS,
		quoted: func(src, dst uint16, _ []byte) LayerName { return netbiosLayer(UDP, src, dst) }},
	QUIC: {name: "QUIC", transport: UDP, udp: []uint16{443}, datagram: []signature{{eitherEnd, bytesFrom(0xc0), quic}, {eitherEnd, bytesFrom(0), gquic}},
		layers: (*Packet).dissectQUIC},
	TLS: {name: "TLS", transport: TCP, tcp: []uint16{443, 465, 853, 989, 990, 992, 993, 994, 995, 5061},
		stream: []signature{{eitherEnd, "\x14\x15\x16\x17", tlsRecord}}, layers: (*Packet).dissectTLS},
	LoRaWAN: {name: "LORAWAN", transport: UDP, udp: []uint16{1700}, linkLayer: LayerLoRaWAN, layers: one(LayerSemtech)},
}

// highPort bounds the ports that name an application.
const highPort = 8192

// What is looked up for each packet, made of the registry once.
var (
	portsTCP, portsUDP = portTable(TCP), portTable(UDP)
	rulesByPort        = rulePortTable()
	rulesByLayer       = ruleLayerTable()
	linkLayers         = linkLayerTable()
	signaturesTCP      = signatureTable(TCP)
	signaturesUDP      = signatureTable(UDP)
)

// portTable holds the application of each port.
func portTable(proto uint8) (t [highPort]Application) {
	for app := range registry {
		row := &registry[app]
		own := row.tcp
		if proto == UDP {
			own = row.udp
		}
		for _, list := range [2][]uint16{row.ports, own} {
			for _, port := range list {
				t[port] = Application(app)
			}
		}
	}
	return t
}

// rulePortTable holds for each port the application whose rule tests for it.
func rulePortTable() (t [highPort]Application) {
	for app := range registry {
		for _, port := range registry[app].rulePorts {
			t[port] = Application(app)
		}
	}
	return t
}

// ruleLayerTable holds for each layer the application whose rule tests for it.
func ruleLayerTable() (t [256]Application) {
	for app := range registry {
		for _, layer := range registry[app].ruleLayers {
			t[layer] = Application(app)
		}
	}
	return t
}

// linkLayerTable holds for each layer the application that it names where there are
// no ports.
func linkLayerTable() (t [256]Application) {
	for app := range registry {
		if layer := registry[app].linkLayer; layer != NoLayer {
			t[layer] = Application(app)
		}
	}
	return t
}

// candidate is a signature and its application.
type candidate struct {
	app Application
	signature
}

// signatureTable holds for each first byte of a payload the signatures that may fit,
// in the order of the registry.
func signatureTable(proto uint8) (t [256][]candidate) {
	for app := range registry {
		list := registry[app].stream
		if proto == UDP {
			list = registry[app].datagram
		}
		for _, s := range list {
			for i := range len(s.first) {
				t[s.first[i]] = append(t[s.first[i]], candidate{Application(app), s})
			}
		}
	}
	return t
}
