package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Options change what a Framer makes. The zero value is useful.
type Options struct {
	Payload    Filling // what payloads are made of
	MTU        int     // largest IP packet in bytes; 0: the plan's
	Complete   bool    // insert missing handshakes and closings, so that every TCP connection is complete
	KeepTuples bool    // use the addresses and ports, or gateways and device addresses, that flows carry; they may be those of the original

	Link       Link           // what frames begin with, and so how LoRaWAN uplinks stand in the capture
	Addresses  []netip.Prefix // where hosts get their addresses, even if training hosts have some of them; a family without a prefix: documentation and benchmarking ranges
	IPv6       IPv6           // which flows are IPv6
	Clients    int            // hosts that open flows; 0: as many as the plan has
	Servers    int            // hosts that answer; 0: as many as the plan has
	Retransmit float64        // share of TCP data segments that are sent twice; 0: none
}

// Bounds of options.
const (
	maxRole  = 60_000 // clients or servers: what a /16 holds
	bits4Max = 28     // of a prefix of Addresses: 16 addresses
	bits4Min = 8
	bits6Max = 64
	bits6Min = 16
)

// Validate reports every problem at once, each with the option's key in a config,
// its value, and what is allowed. What depends on the plan as well, NewFramer reports.
func (o *Options) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("wire: options: "+format, args...))
	}
	if o.Payload >= fillingCount {
		bad("payload is %d, want one of %s", o.Payload, strings.Join(fillingNames[:], ", "))
	}
	if o.MTU != 0 && (o.MTU < minMTU || o.MTU > maxMTU) {
		bad("mtu is %d, want 0 (the plan's) or %d to %d", o.MTU, minMTU, maxMTU)
	}
	if o.Link >= linkCount {
		bad("link is %d, want one of %s", o.Link, strings.Join(linkNames[:], ", "))
	}
	if o.IPv6 >= ipv6Count {
		bad("ipv6 is %d, want one of %s", o.IPv6, strings.Join(ipv6Names[:], ", "))
	}
	for key, n := range map[string]int{"clients": o.Clients, "servers": o.Servers} {
		if n < 0 || n > maxRole {
			bad("%s is %d, want 0 (as many as the plan has) to %d", key, n, maxRole)
		}
	}
	if !(o.Retransmit >= 0 && o.Retransmit <= 0.5) {
		bad("retransmit is %g, want a share of 0 to 0.5", o.Retransmit)
	}
	if len(o.Addresses) > 0 && o.KeepTuples {
		bad("addresses are given, and flows are to keep their own: want one of both")
	}
	for i, p := range o.Addresses {
		if err := checkPrefix(p); err != nil {
			bad("addresses[%d] is %v, %w", i, p, err)
		}
		for j, other := range o.Addresses[:i] {
			if p.IsValid() && p.Overlaps(other) {
				bad("addresses[%d] is %v and addresses[%d] %v, want prefixes that do not overlap", j, other, i, p)
			}
		}
	}
	return errors.Join(problems...)
}

// checkPrefix says what is wrong with a range for hosts.
func checkPrefix(p netip.Prefix) error {
	most, least := bits4Max, bits4Min
	if p.IsValid() && p.Addr().Is6() {
		most, least = bits6Max, bits6Min
	}
	switch a := p.Addr(); {
	case !p.IsValid():
		return errors.New("want a prefix such as 10.20.0.0/16 or fd00:1234::/48")
	case a.Is4In6():
		return errors.New("want an IPv4 prefix in dotted form")
	case p.Masked() != p:
		return fmt.Errorf("want no bits set behind the prefix, as in %v", p.Masked())
	case p.Bits() < least || p.Bits() > most:
		return fmt.Errorf("want a prefix of %d to %d bits", least, most)
	}
	for _, r := range noHosts {
		if r.Overlaps(p) {
			return fmt.Errorf("want hosts' addresses, and %v has none (IANA special-purpose registry)", r)
		}
	}
	return nil
}

// noHosts are ranges whose addresses no host can have on a network: this network,
// loopback, multicast, reserved (RFC 6890, RFC 5771, RFC 4291).
var noHosts = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("224.0.0.0/3"),
	netip.MustParsePrefix("::/16"), netip.MustParsePrefix("ff00::/8"),
}

// Filling names what payloads are made of.
type Filling uint8

// The fillings. Only CopyPayload holds bytes of the training data.
const (
	Dissectable   Filling = iota // what the application's dissector accepts, else random bytes
	RandomPayload                // seeded random bytes
	ZeroPayload                  // zeros
	CopyPayload                  // bytes of the training data, of the plan's Examples
	fillingCount
)

var fillingNames = [fillingCount]string{"neutral", "random", "zero", "copy"}

// String is the word in configs.
func (f Filling) String() string { return wordOf(f, fillingNames[:]) }

// UnmarshalText takes a word; the error lists the words.
func (f *Filling) UnmarshalText(text []byte) error {
	return parseWord(f, text, "payload", fillingNames[:])
}

// Link names what frames begin with.
type Link uint8

// The links.
const (
	Ethernet Link = iota // uplinks are datagrams of Semtech's packet forwarder (UDP port 1700)
	LoRaTap              // all flows are uplinks, and frames LoRaTap records of version 1 (link type 270)
	LoRaTap0             // the same in version 0, which Wireshark reads before 4.2: without gateway, checksum and code rate
	linkCount
)

var linkNames = [linkCount]string{"ethernet", "loratap", "loratap0"}

// String is the word in configs.
func (l Link) String() string { return wordOf(l, linkNames[:]) }

// UnmarshalText takes a word; the error lists the words.
func (l *Link) UnmarshalText(text []byte) error { return parseWord(l, text, "link", linkNames[:]) }

// Type is the link type of a capture with such frames (LINKTYPE_ value), as
// pcap.WriterOptions takes it.
func (l Link) Type() uint32 {
	if l == Ethernet {
		return 1
	}
	return 270
}

// IPv6 names which flows are IPv6.
type IPv6 uint8

// The choices.
const (
	ObservedIPv6 IPv6 = iota // flows whose headers have its length, where the plan has IPv6 hosts
	NoIPv6                   // none: IPv6 hosts get IPv4 addresses
	OnlyIPv6                 // all: IPv4 hosts get IPv6 addresses
	ipv6Count
)

var ipv6Names = [ipv6Count]string{"observed", "off", "on"}

// String is the word in configs.
func (v IPv6) String() string { return wordOf(v, ipv6Names[:]) }

// UnmarshalText takes a word; the error lists the words.
func (v *IPv6) UnmarshalText(text []byte) error { return parseWord(v, text, "ipv6", ipv6Names[:]) }

func wordOf[T ~uint8](v T, words []string) string {
	if int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprint(uint8(v))
}

func parseWord[T ~uint8](v *T, text []byte, key string, words []string) error {
	for i, word := range words {
		if strings.EqualFold(word, string(text)) {
			*v = T(i)
			return nil
		}
	}
	return fmt.Errorf("%s is %q, want one of %s", key, text, strings.Join(words, ", "))
}
