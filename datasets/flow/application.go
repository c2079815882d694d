package flow

import (
	"fmt"
	"strings"
)

// Application is the application protocol of a packet or flow (algorithm.md 1.3).
type Application uint8

// The applications that are recognised. Unknown is NeCSTGen's text "nan".
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

var applicationNames = [applicationCount]string{
	"nan", "ARP", "LLC", "LOOP", "SNAP", "TELNET", "HTTP", "SSH", "SNMP", "SMTP", "DNS", "NTP", "FTP", "FTP-DATA",
	"RIP", "IRC", "POP", "IMAP", "SIP", "ICMP", "FINGER", "TIME", "NETBIOS", "QUIC", "TLS", "LORAWAN",
}

// String is the name used in tables, configs and reports.
func (a Application) String() string {
	if a >= applicationCount {
		return fmt.Sprintf("application(%d)", uint8(a))
	}
	return applicationNames[a]
}

// MarshalText is String.
func (a Application) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText takes a name in any case; the error lists the names.
func (a *Application) UnmarshalText(text []byte) error {
	for i, name := range applicationNames {
		if strings.EqualFold(name, string(text)) {
			*a = Application(i)
			return nil
		}
	}
	return fmt.Errorf("unknown application %q: want one of %s", text, strings.Join(applicationNames[1:], ", "))
}
