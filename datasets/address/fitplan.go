package address

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// plan turns the counts into a Plan, and returns which of its hosts each address is.
func (fit *fitting) plan(opts FitOptions) (*Plan, map[netip.Addr]int) {
	p := &Plan{Version: planVersion, MTU: ethernetMTU, Original: opts.KeepAddresses, InUse: fit.inUse()}
	if fit.mtu > ethernetMTU && fit.mtu <= jumboMTU {
		p.MTU = int(fit.mtu) // jumbo frames; anything larger was merged by an offload engine
	}
	index, taken := make(map[netip.Addr]int, len(fit.hosts)), newTaken()
	flows := fit.addHostsTo(p, index, taken)
	for _, address := range fit.tunnels.addresses() {
		taken.hosts[address] = true
	}
	seen := everyHost(p)
	fit.addServices(p, index)
	added := everyHost(p)[len(seen):]
	flows = append(flows, p.popularity()[len(seen):]...)
	groups := [][]int{seen, added}
	if opts.KeepAddresses {
		groups = groups[1:]
	}
	fits := p.renumber(documentedRanges(), taken, flows, groups...)
	p.addTunnels(&fit.tunnels, index)
	if !opts.KeepAddresses {
		p.renumberTunnels()
	}
	sorted := p.sortHosts(fits)
	for address, i := range index {
		index[address] = sorted[i]
	}
	for i := range p.Services {
		p.Services[i].sortPairs()
	}
	return p, index
}

// addHostsTo adds the training hosts under their original addresses, notes where each is
// and what they have taken, and returns their flows.
func (fit *fitting) addHostsTo(p *Plan, index map[netip.Addr]int, taken *taken) (flows []int64) {
	addresses := slices.SortedFunc(maps.Keys(fit.hosts), netip.Addr.Compare)
	all := make([]*hostCounts, len(addresses))
	for i, address := range addresses {
		all[i] = fit.hosts[address]
	}
	learned, unpadded, usual := windows(all), fit.unpadded(), usualStack(all)
	for i, counts := range all {
		index[addresses[i]] = len(p.Hosts)
		p.Hosts = append(p.Hosts, counts.host(addresses[i], learned[i], unpadded, usual))
		flows = append(flows, counts.flows)
		taken.hosts[addresses[i]] = true
		for number := range counts.mac {
			taken.macs[numberMAC(number)] = true
		}
	}
	return flows
}

// sortHosts puts the hosts in the order of their addresses. Where there were fewer
// addresses than hosts, hosts of one address become one. It returns the new index of
// each host.
func (p *Plan) sortHosts(distinct bool) []int {
	order := everyHost(p)
	slices.SortStableFunc(order, func(a, b int) int { return p.Hosts[a].Address.Compare(p.Hosts[b].Address) })
	index, hosts := make([]int, len(p.Hosts)), []Host(nil)
	for _, old := range order {
		h := p.Hosts[old]
		if last := len(hosts) - 1; last < 0 || distinct || hosts[last].Address != h.Address {
			hosts = append(hosts, h)
		}
		index[old] = len(hosts) - 1
	}
	p.remap(hosts, index)
	return index
}

// sortPairs puts the busiest pairs first and leaves out those beyond maxPairs.
func (s *Service) sortPairs() {
	slices.SortFunc(s.Pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server))
	})
	s.Pairs = s.Pairs[:min(len(s.Pairs), maxPairs)]
}

// inUse returns what the training flows hold of the values that are given out.
func (fit *fitting) inUse() InUse {
	var used InUse
	networks, macs := make(map[netip.Prefix]bool), make(map[flow.MAC]bool)
	reserved := append([]netip.Prefix{benchmark4, overflow4, documented6}, documented4...)
	for address, h := range fit.hosts {
		if slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(address) }) {
			networks[networkOf(address)] = true
		}
		for number := range h.mac {
			if mac := numberMAC(number); isLocalMAC(mac) {
				macs[mac] = true
			}
		}
	}
	for _, address := range fit.tunnels.addresses() {
		if slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(address) }) {
			networks[networkOf(address)] = true
		}
	}
	used.Networks = slices.SortedFunc(maps.Keys(networks), netip.Prefix.Compare)
	used.MACs = slices.SortedFunc(maps.Keys(macs), func(a, b flow.MAC) int { return bytes.Compare(a[:], b[:]) })
	used.Devices = slices.Sorted(maps.Keys(fit.devices))
	for eui := range fit.gateways {
		if isGivenGateway(eui) {
			used.Gateways = append(used.Gateways, eui)
		}
	}
	slices.Sort(used.Gateways)
	return used
}

// jumboMTU is the largest IP packet of common jumbo frames.
const jumboMTU = 9000

// host returns the plan's form of a training host, under its original address and
// MAC. Its short frames are unpadded if they were captured so, or if it sent none
// and those of the others were. Of what it does not show by itself, usual has what most
// others do.
func (counts *hostCounts) host(address netip.Addr, window Window, othersUnpadded bool, usual Host) Host {
	options := int16(anyOptions)
	if len(counts.synOptions) > 0 {
		options = int16(counts.synOptions.mode(0))
	}
	return Host{
		Address:    address,
		MAC:        numberMAC(counts.mac.mode(0)),
		TTL:        uint8(counts.ttl.mode(defaultTTL)),
		MSS:        uint16(counts.mss.mode(0)),
		SYNOptions: options,
		Window:     window,
		TCP:        counts.tcp.ipv4(usual.TCP),
		UDP:        counts.udp.ipv4(usual.UDP),
		Clock:      counts.clock.clock(usual.Clock),
		SYNs:       counts.layouts(),
		Unpadded:   counts.unpadded || !counts.padded && othersUnpadded,
	}
}

// unpadded reports whether any host's short frames were captured without padding.
func (fit *fitting) unpadded() bool {
	for _, h := range fit.hosts {
		if h.unpadded {
			return true
		}
	}
	return false
}

func macNumber(m flow.MAC) uint64 {
	var n uint64
	for _, b := range m {
		n = n<<8 | uint64(b)
	}
	return n
}

func numberMAC(n uint64) (m flow.MAC) {
	for i := range m {
		m[len(m)-1-i] = byte(n >> (8 * i))
	}
	return m
}

// addServices adds the services in the order of application, protocol and port.
// Those without addresses share the hosts of Default, which it adds once.
func (fit *fitting) addServices(p *Plan, index map[netip.Addr]int) {
	keys := slices.SortedFunc(maps.Keys(fit.services), func(a, b serviceKey) int {
		return cmp.Or(cmp.Compare(a.application, b.application), cmp.Compare(a.proto, b.proto), cmp.Compare(a.port, b.port))
	})
	var defaults []Pair
	least := fit.shortest()
	for _, key := range keys {
		counts := fit.services[key]
		if counts.portless && len(counts.pairs) == 0 {
			continue // its flows are sent between other hosts
		}
		s := Service{Application: key.application, Proto: key.proto, Port: key.port, Flows: counts.flows}
		for counts.flows == 1 && drawsPorts(key.application) && registered(s.Port) {
			s.Port++
		}
		s.Repeat = float64(counts.repeats) / float64(counts.flows)
		s.SamePort = float64(counts.samePort) / float64(counts.flows)
		s.ClientLow, s.ClientHigh = portRange(counts.low, counts.high)
		s.Ports = counts.ports.ports()
		// A flow of a known application is drawn without its server, and may be of a
		// kind that only another server had. What has no application may be taken
		// for that of its port, and keeps to what that port had.
		shortest := least[appProto{key.application, key.proto}]
		if key.application == flow.Unknown {
			shortest = counts.shortest
		}
		if key.proto == flow.UDP && shortest < math.MaxInt32 {
			s.Shortest = shortest
		}
		for pair, n := range counts.pairs {
			s.Pairs = append(s.Pairs, Pair{Client: index[pair[0]], Server: index[pair[1]], Flows: n})
		}
		if len(s.Pairs) == 0 {
			if defaults == nil {
				defaults = p.addDefaultHosts()
			}
			s.Pairs = slices.Clone(defaults)
			if s.Application == flow.LoRaWAN {
				s.Pairs = gatewayPairs(s.Pairs, len(fit.gateways))
			}
		}
		p.Services = append(p.Services, s)
	}
}

// shortest returns the least payload bytes of a datagram of each application and
// protocol.
func (fit *fitting) shortest() map[appProto]int32 {
	least := make(map[appProto]int32)
	for key, counts := range fit.services {
		of := appProto{key.application, key.proto}
		if have, known := least[of]; !known || counts.shortest < have {
			least[of] = counts.shortest
		}
	}
	return least
}

// drawsPorts reports whether servers of an application draw their ports. A port
// that was seen once of such a server says nothing, and what is sent on it must not
// meet the dissector of another protocol.
func drawsPorts(a flow.Application) bool { return a == flow.Unknown || a == flow.FTPData }

// portRange returns the usual range that holds the client ports seen: that of Linux
// or IANA where they fit, else whole blocks of 1024.
func portRange(low, high uint16) (uint16, uint16) {
	switch {
	case low == high && low != 0 && low < 1024:
		return low, high // DHCP and the like
	case low == 0 || low >= defaultLow && high <= defaultHigh:
		return defaultLow, defaultHigh
	case low >= 49152: // RFC 6335: dynamic ports
		return 49152, 65535
	}
	return max(1, low&^1023), high | 1023
}
