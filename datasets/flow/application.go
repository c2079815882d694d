package flow

import (
	"fmt"
	"strings"
)

// Application is the application protocol of a packet or flow (algorithm.md 1.3).
// What is known of each stands in the registry.
type Application uint8

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
	if a >= applicationCount {
		return fmt.Sprintf("application(%d)", uint8(a))
	}
	return registry[a].name
}

// MarshalText returns the text of String.
func (a Application) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText takes a name in any case; the error lists the names.
func (a *Application) UnmarshalText(text []byte) error {
	var names []string
	for i := range registry {
		if strings.EqualFold(registry[i].name, string(text)) {
			*a = Application(i)
			return nil
		}
		names = append(names, registry[i].name)
	}
	return fmt.Errorf("unknown application %q: want one of %s", text, strings.Join(names[1:], ", "))
}

// Service returns the application's transport protocol and well-known port; 0, 0 for
// one that has none.
func (a Application) Service() (proto uint8, port uint16) {
	if a >= applicationCount || registry[a].transport == 0 {
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
