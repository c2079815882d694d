package address

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Options change the hosts of a plan. The zero value changes nothing.
type Options struct {
	Addresses []netip.Prefix // where hosts get their addresses, even if training hosts have some of them; a family without a prefix: documentation and benchmarking ranges
	IPv6      IPv6           // which flows are IPv6
	Clients   int            // hosts that open flows; 0: as many as the plan has
	Servers   int            // hosts that answer; 0: as many as the plan has
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
// its value, and what is allowed. What depends on the plan as well,
// Plan.WithOptions reports.
func (o *Options) Validate() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("address: options: "+format, args...))
	}
	if o.IPv6 >= ipv6Count {
		bad("ipv6 is %d, want one of %s", o.IPv6, strings.Join(ipv6Words[:], ", "))
	}
	for _, role := range []struct {
		key   string
		hosts int
	}{{"clients", o.Clients}, {"servers", o.Servers}} {
		if role.hosts < 0 || role.hosts > maxRole {
			bad("%s is %d, want 0 (as many as the plan has) to %d", role.key, role.hosts, maxRole)
		}
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

// checkPrefix reports what is wrong with a range for hosts.
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

// IPv6 names which flows are IPv6.
type IPv6 uint8

// The choices.
const (
	IPv6Observed IPv6 = iota // flows whose headers have its length, where the plan has IPv6 hosts
	IPv6Off                  // none: IPv6 hosts get IPv4 addresses
	IPv6On                   // all: IPv4 hosts get IPv6 addresses
	ipv6Count
)

var ipv6Words = [ipv6Count]string{"observed", "off", "on"}

// String is the word in configs.
func (v IPv6) String() string {
	if v >= ipv6Count {
		return fmt.Sprintf("ipv6(%d)", uint8(v))
	}
	return ipv6Words[v]
}

// MarshalText is String.
func (v IPv6) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText takes a word in any case; the error lists the words.
func (v *IPv6) UnmarshalText(text []byte) error {
	i := slices.IndexFunc(ipv6Words[:], func(word string) bool { return strings.EqualFold(word, string(text)) })
	if i < 0 {
		return fmt.Errorf("ipv6 %q: want one of %s", text, strings.Join(ipv6Words[:], ", "))
	}
	*v = IPv6(i)
	return nil
}

// WithOptions returns the plan as the options want it, with all its hosts; the plan
// itself does not change.
func (p *Plan) WithOptions(o Options) (*Plan, error) {
	if len(o.Addresses) == 0 && o.IPv6 == IPv6Observed && o.Clients == 0 && o.Servers == 0 {
		return p, nil
	}
	out := *p
	out.Hosts = slices.Clone(p.Hosts)
	out.Services = slices.Clone(p.Services)
	for i := range out.Services {
		out.Services[i].Pairs = slices.Clone(p.Services[i].Pairs)
	}
	converted := out.convert(o.IPv6)
	kept, err := out.resize(o.Clients, o.Servers)
	if err != nil {
		return nil, err
	}
	r := documentedRanges()
	r.use(o.Addresses)
	all := len(o.Addresses) > 0 || !p.Original // synthetic addresses are given anew, so that networks stay together
	var group []int
	for i, h := range out.Hosts {
		if all || i >= kept || converted[h.Address] {
			group = append(group, i)
		}
	}
	out.Original = out.Original && !all
	out.Tunnels = slices.Clone(p.Tunnels)
	if !out.renumber(r, p.InUse.taken(), out.popularity(), group) {
		return nil, fmt.Errorf("address: options: addresses: %d hosts have no room in %v", len(group), r.blocks4)
	}
	if all {
		out.renumberTunnels()
	}
	return &out, out.Validate()
}

// use puts the user's prefixes in place of the documented ranges of their family.
// The last quarter of the largest is kept for hosts beyond the plan.
func (r *ranges) use(prefixes []netip.Prefix) {
	var four, six []netip.Prefix
	for _, p := range prefixes {
		if p.Addr().Is4() {
			four = append(four, p)
		} else {
			six = append(six, p)
		}
	}
	bySize := func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), a.Addr().Compare(b.Addr()))
	}
	if slices.SortFunc(four, bySize); len(four) > 0 {
		largest := four[0]
		r.networks4 = nil
		r.overflow4 = subPrefix(largest, largest.Bits()+2, 3)
		r.blocks4 = append(four[1:], subPrefix(largest, largest.Bits()+1, 0), subPrefix(largest, largest.Bits()+2, 2))
		slices.SortFunc(r.blocks4, bySize)
	}
	if slices.SortFunc(six, bySize); len(six) > 0 {
		r.blocks6 = six
		r.overflow6 = subPrefix(six[0], six[0].Bits()+2, 3)
	}
}
