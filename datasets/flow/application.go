package flow

import (
	"fmt"
	"strings"
)

// Application is the application protocol of a packet or flow (algorithm.md 1.3).
// What is known of each stands in the registry. Traffic that no protocol is recognised in
// is Unknown, until [Applications.Label] names it by its transport and server port, as
// "tcp/502": such names are no protocols and follow behind those of the registry.
type Application uint32

// The applications that are recognised, in the order of the rules of algorithm.md
// 1.3. Unknown is NeCSTGen's text "nan".
const (
	Unknown Application = iota
	ARPApplication
	LLC
	LOOP
	SNAP
	Telnet
	HTTP
	SSH
	SNMP
	SMTP
	DNS
	NTP
	FTP
	FTPData
	RIP
	IRC
	POP
	IMAP
	SIP
	ICMPApplication
	Finger
	Time
	NetBIOS
	QUIC
	TLS
	LoRaWAN
	applicationCount
)

// String returns the name used in tables, configs and reports.
func (a Application) String() string {
	if a < applicationCount {
		return registry[a].name
	}
	return a.serviceName()
}

// Known reports whether a is a protocol of the registry, and not Unknown.
func (a Application) Known() bool { return a > Unknown && a < applicationCount }

// MarshalText returns the text of String.
func (a Application) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText takes a name of the registry in any case, or the name of a service:
// "tcp/502", "udp/*" for any port, "other" for traffic without ports. The error lists them.
func (a *Application) UnmarshalText(text []byte) error {
	if service, ok := parseService(string(text)); ok {
		*a = service
		return nil
	}
	var names []string
	for i := range registry {
		if strings.EqualFold(registry[i].name, string(text)) {
			*a = Application(i)
			return nil
		}
		names = append(names, registry[i].name)
	}
	return fmt.Errorf("unknown application %q: want one of %s, or a service like tcp/502, udp/* or other", text, strings.Join(names[1:], ", "))
}

// Service returns the application's transport protocol and well-known port; 0, 0 for
// one that has none. The port of a service of any port is 0.
func (a Application) Service() (proto uint8, port uint16) {
	switch {
	case a >= applicationCount:
		return uint8(a >> 16), uint16(a)
	case registry[a].transport == 0:
		return 0, 0
	}
	row := &registry[a]
	own := row.tcp
	if row.transport == UDP {
		own = row.udp
	}
	for _, list := range [2][]uint16{row.ports, own} {
		if len(list) > 0 {
			return row.transport, list[0]
		}
	}
	return 0, 0
}
