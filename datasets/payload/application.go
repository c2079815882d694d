package payload

import "github.com/necstgen/necstgen/datasets/flow"

// dialect is how an application speaks. The zero value is random bytes.
type dialect struct {
	stream   compose // composes a turn over TCP; nil: filling alone
	text     bool    // the filling over TCP is text, not random bytes
	lines    bool    // each segment over TCP is a turn: its lines never go on in the next
	datagram compose // composes a datagram; nil: random bytes behind a harmless first one
}

// compose appends the head and the tail of a turn to those of the writer.
type compose func(w *Writer, t Turn)

// dialects has one row for each application.
var dialects = map[flow.Application]dialect{
	flow.Unknown:         {},
	flow.ARPApplication:  {}, // neither TCP nor UDP, as the next three and ICMP
	flow.LLC:             {},
	flow.LOOP:            {},
	flow.SNAP:            {},
	flow.Telnet:          {text: true},
	flow.HTTP:            {text: true, stream: (*Writer).http},
	flow.SSH:             {},
	flow.SNMP:            {datagram: (*Writer).snmp},
	flow.SMTP:            {text: true, stream: (*Writer).smtp},
	flow.DNS:             {stream: (*Writer).dnsStream, datagram: (*Writer).dns},
	flow.NTP:             {datagram: (*Writer).ntp},
	flow.FTP:             {text: true},
	flow.FTPData:         {},
	flow.RIP:             {datagram: (*Writer).rip},
	flow.IRC:             {text: true, lines: true, stream: (*Writer).irc},
	flow.POP:             {text: true},
	flow.IMAP:            {text: true},
	flow.SIP:             {},
	flow.ICMPApplication: {},
	flow.Finger:          {text: true},
	flow.Time:            {},
	flow.NetBIOS:         {datagram: (*Writer).netbios},
	flow.QUIC:            {datagram: (*Writer).gquic},
	flow.TLS:             {stream: (*Writer).tls},
	flow.LoRaWAN:         {}, // datagrams of gateways are composed with their frames
}
