package flow

import (
	"fmt"
	"strconv"
	"strings"
)

// firstService begins the applications that are services: numbers with the transport in
// the third byte and the port in the lower two, port 0 standing for all of them.
const firstService Application = 1 << 24

// Other is traffic without ports between network addresses: packets of ARP, ICMP and whatever
// else over IP is neither TCP nor UDP.
const Other = firstService

// AnyPort is the service of all ports of a transport: "tcp/*".
func AnyPort(proto uint8) Application { return firstService | Application(proto)<<16 }

// ServiceAt is the service of one port of a transport: "tcp/502".
func ServiceAt(proto uint8, port uint16) Application { return AnyPort(proto) | Application(port) }

// Service returns the application of a packet whose direction is known: where no protocol
// is recognised, the service at its server's port, or Other.
func (p *Packet) Service() Application {
	if p.Direction == Backward {
		return serviceOf(p.Application, p.Tuple.Reverse())
	}
	return serviceOf(p.Application, p.Tuple)
}

// serviceOf returns what traffic from a client to a server is of, that is recognised as app.
func serviceOf(app Application, t FiveTuple) Application {
	switch {
	case app != Unknown:
		return app
	case t.Proto != TCP && t.Proto != UDP:
		return Other
	}
	return ServiceAt(t.Proto, t.Dst.Port())
}

// IsService reports whether a is not a protocol of the registry, but a transport with a
// port or with all of them, or Other.
func (a Application) IsService() bool { return a >= firstService }

// serviceName returns the name of what is no protocol of the registry.
func (a Application) serviceName() string {
	transport := map[Application]string{Other: "other", AnyPort(TCP): "tcp/", AnyPort(UDP): "udp/"}[a&^0xffff]
	switch port := uint16(a); {
	case transport == "" || a&^0xffff == Other && port != 0:
		return fmt.Sprintf("application(%d)", uint32(a))
	case a == Other:
		return transport
	case port == 0:
		return transport + "*"
	default:
		return transport + strconv.Itoa(int(port))
	}
}

// parseService reads the name of a service, in any case; false: it is none.
func parseService(text string) (Application, bool) {
	text = strings.ToLower(text)
	if text == "other" {
		return Other, true
	}
	transport, port, ok := strings.Cut(text, "/")
	var any Application
	switch {
	case ok && transport == "tcp":
		any = AnyPort(TCP)
	case ok && transport == "udp":
		any = AnyPort(UDP)
	default:
		return 0, false
	}
	if port == "*" {
		return any, true
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return any | Application(number), err == nil && number > 0
}
