package flow

// ruleApplications are the 19 rules of algorithm.md 1.3 in their order, number 0
// being no match. Each later match overwrites an earlier one, so the highest
// number that matches is the answer.
var ruleApplications = [...]Application{
	Unknown, ARPApplication, LLC, LOOP, SNAP, Telnet, HTTP, SSH, SNMP, SMTP, DNS, NTP, FTP, RIP, IRC, POP, ICMPApplication, Finger, Time, NetBIOS,
}

// Rules names the application of a packet by the ordered rules of algorithm.md
// 1.3, exactly as NeCSTGen's tables have it: from its layers and its ports alone
// (0: none). Unknown is a packet that matches none. Packets with a payload at
// hand are better served by [Identify].
func Rules(layers Layers, srcPort, dstPort uint16) Application {
	rule := max(portRule(srcPort), portRule(dstPort), transportRule(layers[3].Name))
	if layers[2].Name == LayerICMP {
		rule = max(rule, 16)
	}
	if rule == 0 && srcPort == 0 && dstPort == 0 {
		rule = portlessRule(&layers)
	}
	return ruleApplications[rule]
}

// portRule is the rule whose port test a port meets.
func portRule(port uint16) int {
	switch port {
	case 23:
		return 5
	case 80:
		return 6
	case 22:
		return 7
	case 25:
		return 9
	case 53:
		return 10
	case 20, 21:
		return 12
	case 113, 6667:
		return 14
	case 110:
		return 15
	case 79:
		return 17
	case 37:
		return 18
	case 137:
		return 19
	}
	return 0
}

// transportRule is the rule that the layer behind the transport layer meets.
func transportRule(name LayerName) int {
	switch name {
	case LayerTelnet:
		return 5
	case LayerSSH:
		return 7
	case LayerSNMP:
		return 8
	case LayerSMTPRequest, LayerSMTPResponse:
		return 9
	case LayerDNS:
		return 10
	case LayerNTP:
		return 11
	case LayerFTPRequest, LayerFTPResponse:
		return 12
	case LayerRIP:
		return 13
	case LayerIRCRequest, LayerIRCResponse:
		return 14
	case LayerPOP, LayerPOPRequest, LayerPOPResponse: // the original tests for POP alone, which never occurs (D03)
		return 15
	}
	return 0
}

// portlessRule are the rules 1 to 4. A packet with ports meets none.
func portlessRule(l *Layers) int {
	switch {
	case l[1].Name == LayerLLC && l[2].Name == LayerSNAP:
		return 4
	case l[0].Name == LayerEther && l[1].Name == LayerRaw && l[2].Name == NoLayer:
		return 3
	case l[1].Name == LayerLLC && l[2].Name == LayerRaw:
		return 2
	case l[1].Name == LayerARP:
		return 1
	}
	return 0
}

// HTTPCorrections are those of algorithm.md 1.4, for tables of other dissectors
// that go by ports: HTTP whose client has a port that is bound to another
// protocol. They come before [Rules]. Each correction is applied to all its rows
// (D04). The zero value starts a capture.
type HTTPCorrections struct{ answers int }

// Correct changes the layers of one row, rows coming in the order of the
// capture, and reports whether it did.
func (c *HTTPCorrections) Correct(layers *Layers, srcPort, dstPort uint16) bool {
	third := LayerHTTP
	var fourth LayerName
	switch name := layers[3].Name; {
	case name == LayerPPTP && srcPort == 80: // a: the first is the response, the rest continue it
		fourth = LayerRaw
		if c.answers == 0 {
			fourth = LayerHTTPResponse
		}
		c.answers++
	case name == LayerPPTP && dstPort == 80: // b
		layers[3].Name = LayerPadding
		return true
	case name == LayerIRCResponse && dstPort == 80: // c
		fourth = LayerHTTPRequest
	case (name == LayerIRCRequest || name == LayerH2Frame) && srcPort == 80: // d, e
		fourth = LayerRaw
	case name == LayerRaw && srcPort == 80 && layers[0].Length >= 1078: // f
		fourth = LayerRaw
	case name == LayerRaw && srcPort == 80: // g
		fourth = LayerHTTPResponse
	default:
		return false
	}
	layers[3].Name = third
	layers[4] = Layer{Name: fourth, Length: layers[3].Length}
	return true
}
