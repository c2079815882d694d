package fidelity

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity/identifier"
)

// identifierMeasures are about what names somebody: addresses, ports, names, and what only
// one flow says. Their floors are what occurs by chance.
func identifierMeasures() []measure {
	list := []measure{
		{Definition: Definition{"privacy", "addresses recovered", Proportion,
			"Share of the IP addresses of the training flows that occur in the synthetic capture; the floor is that share if its addresses were drawn at random from the same ranges."},
			needs: NoAddresses, compute: addressesRecovered},
		{Definition: Definition{"privacy", "link addresses recovered", Proportion,
			"Share of the link-layer addresses of the training flows that occur in the synthetic capture; the floor is that share if they were drawn at random from the same vendors'."},
			needs: NoAddresses, compute: linkAddressesRecovered},
		{Definition: Definition{"privacy", "client ports recovered", Proportion,
			"Share of the clients' ports in training flows that occur as such in the synthetic capture; the floor is that share where the synthetic ports are all moved by the same random even number."},
			needs: NoAddresses, flows: true, compute: portsRecovered},
		{Definition: Definition{"privacy", "names recovered", Proportion,
			"Share of the names in HTTP's Host, TLS's server name, DNS and SMTP of the training flows that occur in the synthetic capture, but for those reserved for examples; by chance none."},
			compute: func(c *comparison) result { return c.payload((*identifier.Original).Names, "names") }},
		{Definition: Definition{"privacy", "payload recovered", Proportion,
			"Share of the runs of 16 bytes of payload which one training flow and no other real flow says that occur in the synthetic capture; the floor is that share for real flows."},
			compute: func(c *comparison) result { return c.payload((*identifier.Original).Runs, "runs of 16 bytes") }},
	}
	for i := range list {
		list[i].hosts = true
		list[i].floor = func(*reference) (mean, deviation float64) { return math.NaN(), math.NaN() } // the results have it
	}
	return onAll(list)
}

// chance is what a score comes to by chance.
type chance struct{ mean, deviation float64 }

// recovered is the share of known identifiers that were found, or the reason why there is
// none.
func recovered(found, known int, by chance, what string) result {
	if known == 0 {
		return notApplicable("the training flows have no " + what)
	}
	return result{value: float64(found) / float64(known), real: known, synthetic: found, chance: &by, note: fmt.Sprintf("%d of %d %s", found, known, what)}
}

// atRandom is the chance that identifiers are found of which each is with a probability.
func atRandom(probabilities []float64) chance {
	if len(probabilities) == 0 {
		return chance{}
	}
	var sum, variance float64
	for _, p := range probabilities {
		sum, variance = sum+p, variance+p*(1-p)
	}
	n := float64(len(probabilities))
	return chance{sum / n, math.Sqrt(variance) / n}
}

// addressesRecovered compares the addresses of both sides.
func addressesRecovered(c *comparison) result {
	known, synthetic := addresses(c.reference.split.Training), addresses(c.generated.flows)
	inRange := map[netip.Prefix]float64{}
	for a := range synthetic {
		inRange[rangeOf(a)]++
	}
	found := 0
	var probabilities []float64
	for a := range known {
		if synthetic[a] {
			found++
		}
		prefix := rangeOf(a)
		probabilities = append(probabilities, min(1, inRange[prefix]*math.Exp2(float64(prefix.Bits()-a.BitLen()))))
	}
	return recovered(found, len(known), atRandom(inOrder(probabilities)), "addresses")
}

// inOrder sorts numbers that come from a map, so that their sum is the same every time.
func inOrder(values []float64) []float64 {
	slices.Sort(values)
	return values
}

// addresses are the addresses of hosts in flows: no groups, and none that means itself.
func addresses(flows []*flow.Flow) map[netip.Addr]bool {
	found := map[netip.Addr]bool{}
	for _, f := range flows {
		for i := range f.Packets {
			for _, end := range []netip.AddrPort{f.Packets[i].Tuple.Src, f.Packets[i].Tuple.Dst} {
				a := end.Addr().Unmap()
				if a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
					found[a] = true
				}
			}
		}
	}
	return found
}

// addressRanges are the ranges of addresses that are not public, and in which those of
// several networks are therefore the same: private (RFC 1918, RFC 4193), shared (RFC 6598),
// link-local (RFC 3927, RFC 4291), of documentation (RFC 5737, RFC 3849) and of
// measurements (RFC 2544).
var addressRanges = func() []netip.Prefix {
	var list []netip.Prefix
	for _, text := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
		"198.18.0.0/15", "fc00::/7", "fe80::/10", "2001:db8::/32"} {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}()

// rangeOf is the range that an address is of: one of addressRanges, or all addresses.
func rangeOf(a netip.Addr) netip.Prefix {
	for _, prefix := range addressRanges {
		if prefix.Contains(a) {
			return prefix
		}
	}
	prefix, _ := a.Prefix(0) // 0 bits are right for every address
	return prefix
}

// linkAddressesRecovered compares the link-layer addresses of both sides.
func linkAddressesRecovered(c *comparison) result {
	known, synthetic := linkAddresses(c.reference.split.Training), linkAddresses(c.generated.flows)
	vendor := map[[3]byte]float64{}
	for m := range synthetic {
		vendor[[3]byte(m[:3])]++
	}
	found := 0
	var probabilities []float64
	for m := range known {
		if synthetic[m] {
			found++
		}
		probabilities = append(probabilities, min(1, vendor[[3]byte(m[:3])]/(1<<24)))
	}
	return recovered(found, len(known), atRandom(inOrder(probabilities)), "link-layer addresses")
}

// linkAddresses are the link-layer addresses of stations in flows.
func linkAddresses(flows []*flow.Flow) map[flow.MAC]bool {
	found := map[flow.MAC]bool{}
	for _, f := range flows {
		for i := range f.Packets {
			for _, m := range []flow.MAC{f.Packets[i].SrcMAC, f.Packets[i].DstMAC} {
				if m != (flow.MAC{}) && m[0]&1 == 0 { // a group has that bit
					found[m] = true
				}
			}
		}
	}
	return found
}

// portRanges are the ranges that systems draw the ports of clients from, those below and
// those above 32,767, each a first port and the one behind the last: of old systems, all
// below; of RFC 6335, of Linux, all above.
var portRanges = [][][2]int{{{1024, 5001}, {1024, 32768}}, {{49152, 65536}, {32768, 61000}, {32768, 65536}}}

// portRange is the first of some ranges, of which the last has all others in it, that has
// all the ports in it that a side has in the last one.
func portRange(ranges [][2]int, sides ...*[1 << 16]bool) (from, to int) {
	all := ranges[len(ranges)-1]
	for _, r := range ranges {
		inside := true
		for port := all[0]; port < all[1]; port++ {
			for _, has := range sides {
				inside = inside && (!has[port] || port >= r[0] && port < r[1])
			}
		}
		if inside {
			return r[0], r[1]
		}
	}
	return all[0], all[1]
}

// rotations is how often the synthetic ports are moved. Clients take neighbouring ports one
// after another, so that ports are found in clusters, and Linux gives them even ones as long
// as it has some, both of which moving them by an even number keeps.
const rotations = 100

// portsRecovered compares the ports of clients.
func portsRecovered(c *comparison) result {
	known, synthetic := clientPorts(c.reference.split.Training), clientPorts(c.generated.flows)
	rng := rand.New(c.source("client ports"))
	var moved [rotations]float64
	found, all := 0, 0
	for _, ranges := range portRanges {
		from, to := portRange(ranges, known, synthetic)
		size := to - from
		var real []int // counted from the first of the range
		for k := range size {
			if known[from+k] {
				real = append(real, k)
			}
			if known[from+k] && synthetic[from+k] {
				found++
			}
		}
		all += len(real)
		for k := range moved {
			by := 2 * rng.IntN((size+1)/2)
			for _, port := range real {
				if synthetic[from+(port+by)%size] {
					moved[k]++
				}
			}
		}
	}
	for k := range moved {
		moved[k] /= float64(max(1, all))
	}
	mean, deviation := each(moved[:]).moments()
	return recovered(found, all, chance{mean, deviation}, "client ports")
}

// clientPorts says of each port whether a client in the flows has it.
func clientPorts(flows []*flow.Flow) *[1 << 16]bool {
	found := new([1 << 16]bool)
	for _, f := range flows {
		found[f.Tuple.Src.Port()] = true
	}
	return found
}

// payload is the share of what training payloads say that the synthetic ones say too.
func (c *comparison) payload(count func(o *identifier.Original, app flow.Application) identifier.Count, what string) result {
	o := c.cfg.Payloads
	if o == nil {
		return missing("%s", cmp.Or(c.cfg.NoPayloads, "the payloads were not read"))
	}
	if why := o.Missing(); why != "" {
		return missing("%s", why)
	}
	n := count(o, c.reference.application)
	if n.Known == 0 && n.Reserved > 0 {
		return notApplicable(fmt.Sprintf("all %d names are of those that are reserved for examples", n.Reserved))
	}
	r := recovered(n.Found, n.Known, chance{n.ByReal, math.Sqrt(n.ByReal * (1 - n.ByReal) / float64(max(1, n.Known)))}, what)
	if n.Sampled {
		r.note = joinNotes(r.note, "which are a sample")
		r.interval = func() [2]float64 { return wilson(n.Found, n.Known) }
	}
	return r
}

// wilson is the 95 % interval of a share (Wilson, Journal of the American Statistical
// Association 22, 1927).
func wilson(found, of int) [2]float64 {
	const z = 1.959963984540054
	n, p := float64(of), float64(found)/float64(of)
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return [2]float64{max(0, (middle-half)/(1+z*z/n)), min(1, (middle+half)/(1+z*z/n))}
}
