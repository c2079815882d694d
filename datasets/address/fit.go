package address

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"math"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
)

// FitOptions change what Fit keeps.
type FitOptions struct {
	KeepAddresses bool // keep the original IP and MAC addresses: the plan is then as private as the capture
}

// maxPairs bounds the pairs kept of one service; the rarest beyond it are left out.
const maxPairs = 1 << 16

// Fit learns the hosts, and how flows are distributed among them, from the
// training flows in the order given. It needs no payloads: flows that were read back
// from a table of packets give the same plan. Flows without addresses (Tuple zero)
// count for their application, and are distributed among the hosts of Default.
func Fit(flows []*flow.Flow, opts FitOptions) (*Plan, error) {
	fit := fitting{
		hosts:    make(map[netip.Addr]*hostCounts),
		services: make(map[serviceKey]*serviceCounts),
		mtu:      ethernetMTU,
		devices:  make(map[uint16]bool),
		gateways: make(map[uint64]bool),
	}
	for _, f := range flows {
		if len(f.Packets) > 0 {
			fit.add(f)
		}
	}
	if len(fit.services) == 0 {
		return nil, errors.New("address: fit: no TCP or UDP flow and no uplink among the training flows, want at least one")
	}
	plan := fit.plan(opts)
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	return plan, nil
}

// fitting gathers counts over the training flows.
type fitting struct {
	hosts    map[netip.Addr]*hostCounts
	services map[serviceKey]*serviceCounts
	mtu      int32
	devices  map[uint16]bool // blocks of device addresses
	gateways map[uint64]bool
}

type hostCounts struct {
	flows                        int64
	ttl, mss, synWindow, windows counter
	mac                          counter
	unpadded, padded             bool // short frames were captured below 60 bytes, and of 60
}

type serviceKey struct {
	application flow.Application
	proto       uint8
	port        uint16
}

type serviceCounts struct {
	flows, repeats, samePort int64
	pairs                    map[[2]netip.Addr]int64
	last                     [2]netip.Addr
	low, high                uint16
	shortest                 int32 // payload bytes of a datagram
}

// counter counts values; mode is the most frequent one.
type counter map[uint64]int64

func (c *counter) add(value uint64) {
	if *c == nil {
		*c = make(counter)
	}
	(*c)[value]++
}

// mode returns the most frequent value, the smallest of equals, and fallback for none.
func (c counter) mode(fallback uint64) uint64 {
	best, most := fallback, int64(0)
	for value, n := range c {
		if n > most || n == most && value < best {
			best, most = value, n
		}
	}
	return best
}

// add counts one flow.
func (fit *fitting) add(f *flow.Flow) {
	if IsUplinks(f) {
		fit.addUplinks(f)
		return
	}
	proto := Protocol(f)
	if proto != flow.TCP && proto != flow.UDP {
		return
	}
	client, server := f.Tuple.Src, f.Tuple.Dst
	key := serviceKey{f.Application, proto, server.Port()}
	if key.port == 0 {
		key.port = registeredPort(f.Application)
	}
	s := fit.services[key]
	if s == nil {
		s = &serviceCounts{pairs: make(map[[2]netip.Addr]int64), shortest: math.MaxInt32}
		fit.services[key] = s
	}
	s.flows++
	if port := client.Port(); port != 0 && port == server.Port() {
		s.samePort++
	} else if port != 0 {
		if s.low == 0 || port < s.low {
			s.low = port
		}
		s.high = max(s.high, port)
	}
	for i := range f.Packets {
		p := &f.Packets[i]
		fit.mtu = max(fit.mtu, ipLength(p))
		if !p.Fragment {
			s.shortest = min(s.shortest, p.PayloadLength)
		}
	}
	if !client.Addr().IsValid() || !server.Addr().IsValid() {
		return
	}
	pair := [2]netip.Addr{client.Addr().Unmap(), server.Addr().Unmap()}
	s.pairs[pair]++
	if pair == s.last {
		s.repeats++
	}
	s.last = pair
	fit.addHosts(f, pair)
}

// addUplinks counts a flow of uplinks, and which values that are given out to
// devices and gateways it holds.
func (fit *fitting) addUplinks(f *flow.Flow) {
	key := serviceKey{flow.LoRaWAN, flow.UDP, lorawan.SemtechPort}
	if fit.services[key] == nil {
		fit.services[key] = &serviceCounts{pairs: make(map[[2]netip.Addr]int64)}
	}
	fit.services[key].flows++
	for i := range f.Packets {
		r := f.Packets[i].Radio
		if r == nil {
			continue
		}
		fit.gateways[r.Gateway] = true
		if r.Address/devicesPerBlock < deviceBlocks {
			fit.devices[uint16(r.Address/devicesPerBlock)] = true
		}
	}
}

// addHosts counts what the packets of a flow show of its two hosts.
func (fit *fitting) addHosts(f *flow.Flow, pair [2]netip.Addr) {
	var ends [2]*hostCounts
	for i, address := range pair {
		if fit.hosts[address] == nil {
			fit.hosts[address] = new(hostCounts)
		}
		ends[i] = fit.hosts[address]
		ends[i].flows++
	}
	for i := range f.Packets {
		p := &f.Packets[i]
		h := ends[p.Direction&1]
		h.mac.add(macNumber(p.SrcMAC))
		if short := p.HeaderLength+p.PayloadLength < minFrame; short && p.Length > 0 {
			h.unpadded = h.unpadded || p.Length < minFrame
			h.padded = h.padded || p.Length >= minFrame
		}
		if p.TTL > 1 { // 1 is for multicast groups, and no address given out is one
			h.ttl.add(uint64(p.TTL))
		}
		if p.Tuple.Proto != flow.TCP || p.Flags&flow.RST != 0 {
			continue
		}
		if p.Flags&flow.SYN != 0 {
			h.synWindow.add(uint64(p.Window))
			if p.MSS != 0 {
				h.mss.add(uint64(p.MSS))
			}
		} else if p.Window != 0 {
			h.windows.add(uint64(p.Window))
		}
	}
}

// ipLength returns the length of the packet's IP packet, as far as its fields tell.
func ipLength(p *flow.Packet) int32 { return p.HeaderLength + p.PayloadLength - etherHeader }

// Protocol returns the transport protocol of a flow with packets: that of its
// tuple, else that of its packets, else what its application uses, else what its
// first header has room for.
func Protocol(f *flow.Flow) uint8 {
	if f.Tuple.Proto != 0 {
		return f.Tuple.Proto
	}
	for i := range f.Packets {
		if f.Packets[i].Flags != 0 {
			return flow.TCP
		}
	}
	if known, ok := servicePorts[f.Application]; ok {
		return known.proto
	}
	first := &f.Packets[0]
	if first.Tuple.Proto != 0 || first.HeaderLength == 0 {
		return first.Tuple.Proto
	}
	if room := first.HeaderLength - etherHeader; room == ipv4Header+udpHeader || room == ipv6Header+udpHeader {
		return flow.UDP
	}
	return flow.TCP
}

// plan turns the counts into a Plan.
func (fit *fitting) plan(opts FitOptions) *Plan {
	p := &Plan{Version: PlanVersion, MTU: ethernetMTU, Original: opts.KeepAddresses, InUse: fit.inUse()}
	if fit.mtu > ethernetMTU && fit.mtu <= jumboMTU {
		p.MTU = int(fit.mtu) // jumbo frames; anything larger was merged by an offload engine
	}
	index, taken := make(map[netip.Addr]int, len(fit.hosts)), newTaken()
	var flows []int64
	unpadded := fit.unpadded()
	for _, address := range slices.SortedFunc(maps.Keys(fit.hosts), netip.Addr.Compare) {
		counts := fit.hosts[address]
		index[address] = len(p.Hosts)
		p.Hosts = append(p.Hosts, counts.host(address, unpadded))
		flows = append(flows, counts.flows)
		taken.hosts[address] = true
		for number := range counts.mac {
			taken.macs[numberMAC(number)] = true
		}
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
	p.sortHosts(fits)
	for i := range p.Services {
		p.Services[i].sortPairs()
	}
	return p
}

// sortHosts puts the hosts in the order of their addresses. Where there were fewer
// addresses than hosts, hosts of one address become one.
func (p *Plan) sortHosts(distinct bool) {
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
// and those of the others were.
func (counts *hostCounts) host(address netip.Addr, othersUnpadded bool) Host {
	return Host{
		Address:   address,
		MAC:       numberMAC(counts.mac.mode(0)),
		TTL:       uint8(counts.ttl.mode(defaultTTL)),
		MSS:       uint16(counts.mss.mode(0)),
		SYNWindow: uint16(counts.synWindow.mode(defaultSYNWindow)),
		Window:    uint16(counts.windows.mode(defaultWindow)),
		Scale:     defaultScale,
		Unpadded:  counts.unpadded || !counts.padded && othersUnpadded,
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
	for _, key := range keys {
		counts := fit.services[key]
		s := Service{Application: key.application, Proto: key.proto, Port: key.port, Flows: counts.flows}
		for counts.flows == 1 && drawsPorts(key.application) && registered(s.Port) {
			s.Port++
		}
		s.Repeat = float64(counts.repeats) / float64(counts.flows)
		s.SamePort = float64(counts.samePort) / float64(counts.flows)
		s.ClientLow, s.ClientHigh = portRange(counts.low, counts.high)
		if key.proto == flow.UDP && counts.shortest < math.MaxInt32 {
			s.Shortest = counts.shortest
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
