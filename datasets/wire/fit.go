package wire

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

// FitOptions change what FitPlan keeps.
type FitOptions struct {
	KeepAddresses bool // keep the original IP and MAC addresses: the plan is then as private as the capture
	KeepPayloads  bool // keep examples of the packets' payloads, for CopyPayload: likewise
}

// maxPairs bounds the pairs kept of one service; the rarest beyond it are left out.
const maxPairs = 1 << 16

// FitPlan learns the hosts and how flows are shared among them from the
// training flows, in the order given. Flows without addresses (Tuple zero)
// count for their application and are shared among the default hosts.
func FitPlan(flows []*flow.Flow) (*Plan, error) { return FitPlanWith(flows, FitOptions{}) }

// FitPlanWith is FitPlan with options.
func FitPlanWith(flows []*flow.Flow, opts FitOptions) (*Plan, error) {
	fit := fitting{
		hosts:    make(map[netip.Addr]*hostCounts),
		macs:     make(map[flow.MAC]flow.MAC),
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
		return nil, errors.New("wire: fit plan: no TCP or UDP flow and no uplink among the training flows, want at least one")
	}
	plan := fit.plan(opts)
	if opts.KeepPayloads {
		if plan.Examples = examplesOf(flows); len(plan.Examples) == 0 {
			return nil, errors.New("wire: fit plan: payloads are to be kept, but no packet of the training flows has one: want flows with Payload, or Plan.Examples of a labelled capture")
		}
	}
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	return plan, nil
}

// fitting gathers counts over the training flows.
type fitting struct {
	hosts    map[netip.Addr]*hostCounts
	macs     map[flow.MAC]flow.MAC // original to generated
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

// mode is the most frequent value, the smallest of equals, and fallback for none.
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
	if isUplinks(f) {
		fit.addUplinks(f)
		return
	}
	proto := protoOf(f)
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

// addUplinks counts a flow of uplinks, and what it has of the devices and gateways
// that are given out.
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
		if r.Address/blockDevices < deviceBlocks {
			fit.devices[uint16(r.Address/blockDevices)] = true
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

// ipLength is the length of the packet's IP packet, as far as its fields tell.
func ipLength(p *flow.Packet) int32 { return p.HeaderLength + p.PayloadLength - etherHeader }

// protoOf is the flow's transport protocol: of its tuple, else of its packets,
// else what its application uses, else what its first header has room for.
func protoOf(f *flow.Flow) uint8 {
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

func registeredPort(a flow.Application) uint16 {
	if known, ok := servicePorts[a]; ok {
		return known.port
	}
	return unknownPort
}

// plan turns the counts into a Plan.
func (fit *fitting) plan(opts FitOptions) *Plan {
	p := &Plan{Version: PlanVersion, MTU: ethernetMTU, Spare4: spare4, Spare6: spare6, Original: opts.KeepAddresses, InUse: fit.inUse()}
	if fit.mtu > ethernetMTU && fit.mtu <= jumboMTU {
		p.MTU = int(fit.mtu) // jumbo frames; anything larger was merged by an offload engine
	}
	seen := make([]seenHost, 0, len(fit.hosts))
	for address, h := range fit.hosts {
		seen = append(seen, seenHost{address: address, flows: h.flows})
	}
	assigned := assignAddresses(seen)
	slices.SortFunc(seen, func(a, b seenHost) int {
		return cmp.Or(assigned[a.address].Compare(assigned[b.address]), a.address.Compare(b.address))
	})
	index := make(map[netip.Addr]int, len(seen))
	for i, s := range seen {
		if i > 0 && assigned[s.address] == assigned[seen[i-1].address] && !opts.KeepAddresses {
			index[s.address] = len(p.Hosts) - 1 // more hosts than addresses: they are one
			continue
		}
		index[s.address] = len(p.Hosts)
		p.Hosts = append(p.Hosts, fit.host(s.address, assigned[s.address], opts))
	}
	inTraining := func(prefix netip.Prefix) bool {
		return slices.ContainsFunc(seen, func(s seenHost) bool { return prefix.Contains(s.address) })
	}
	p.Spare4, p.Spare6 = freePrefix(spare4, inTraining), freePrefix(spare6, inTraining)
	fit.addServices(p, index)
	return p
}

// inUse is what the training flows have of the values that are given out.
func (fit *fitting) inUse() InUse {
	var used InUse
	networks, macs := make(map[netip.Prefix]bool), make(map[flow.MAC]bool)
	reserved := append([]netip.Prefix{benchmark4, spare4, documented6}, documented4...)
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
	used.Networks = slices.SortedFunc(maps.Keys(networks), comparePrefixes)
	used.MACs = slices.SortedFunc(maps.Keys(macs), func(a, b flow.MAC) int { return bytes.Compare(a[:], b[:]) })
	used.Devices = slices.Sorted(maps.Keys(fit.devices))
	for eui := range fit.gateways {
		if eui&^(gatewaysMost-1) == gatewayBase || eui>>48 == gatewayLocal>>48 {
			used.Gateways = append(used.Gateways, eui)
		}
	}
	slices.Sort(used.Gateways)
	return used
}

func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// jumboMTU is the largest IP packet of common jumbo frames.
const jumboMTU = 9000

// host is the plan's form of a training host.
func (fit *fitting) host(original, address netip.Addr, opts FitOptions) Host {
	counts := fit.hosts[original]
	h := Host{
		Address:   address,
		TTL:       uint8(counts.ttl.mode(defaultTTL)),
		MSS:       uint16(counts.mss.mode(0)),
		SYNWindow: uint16(counts.synWindow.mode(defaultSYNWindow)),
		Window:    uint16(counts.windows.mode(defaultWindow)),
		Scale:     defaultScale,
		Unpadded:  counts.unpadded || !counts.padded && fit.unpadded(),
	}
	mac := numberMAC(counts.mac.mode(0))
	if opts.KeepAddresses {
		h.Address, h.MAC = original, mac
		return h
	}
	h.MAC = fit.anonymousMAC(mac)
	return h
}

// unpadded tells whether any host's short frames were captured without padding:
// what is supposed of a host that sent none.
func (fit *fitting) unpadded() bool {
	for _, h := range fit.hosts {
		if h.unpadded {
			return true
		}
	}
	return false
}

// anonymousMAC keeps which hosts shared a MAC address (those behind a router),
// and nothing else of it.
func (fit *fitting) anonymousMAC(original flow.MAC) flow.MAC {
	if mac, ok := fit.macs[original]; ok {
		return mac
	}
	taken := make(map[flow.MAC]bool)
	for _, h := range fit.hosts {
		for number := range h.mac {
			taken[numberMAC(number)] = true
		}
	}
	n := uint32(len(fit.macs) + 1)
	for taken[localMAC(n)] {
		n += 1 << 16
	}
	fit.macs[original] = localMAC(n)
	return localMAC(n)
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
func (fit *fitting) addServices(p *Plan, index map[netip.Addr]int) {
	keys := make([]serviceKey, 0, len(fit.services))
	for key := range fit.services {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b serviceKey) int {
		return cmp.Or(cmp.Compare(a.application, b.application), cmp.Compare(a.proto, b.proto), cmp.Compare(a.port, b.port))
	})
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
		slices.SortFunc(s.Pairs, func(a, b Pair) int {
			return cmp.Or(cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server))
		})
		s.Pairs = s.Pairs[:min(len(s.Pairs), maxPairs)]
		if len(s.Pairs) == 0 {
			s.Pairs = p.defaultPairs()
		}
		if s.Application == flow.LoRaWAN && len(counts.pairs) == 0 {
			s.Pairs = gatewayPairs(s.Pairs, len(fit.gateways))
		}
		p.Services = append(p.Services, s)
	}
}

// gatewayPairs are the pairs of so many gateways with one network server, as far
// as there are clients.
func gatewayPairs(pairs []Pair, gateways int) []Pair {
	server := pairs[0].Server
	out := slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return p.Server != server })
	return out[:min(len(out), max(1, gateways))]
}

// drawsPorts tells whether servers of an application draw their ports: a port
// seen once of such a one says nothing, and what is sent on it must not meet the
// dissector of another protocol.
func drawsPorts(a flow.Application) bool { return a == flow.Unknown || a == flow.FTPData }

// defaultPairs adds the hosts of DefaultPlan, once, and returns their pairs.
func (p *Plan) defaultPairs() []Pair {
	d := DefaultPlan()
	first := slices.IndexFunc(p.Hosts, func(h Host) bool { return h.Address == d.Hosts[0].Address && h.MAC == d.Hosts[0].MAC })
	if first < 0 || len(p.Hosts) < first+len(d.Hosts) {
		first = len(p.Hosts)
		p.Hosts = append(p.Hosts, d.Hosts...)
	}
	pairs := slices.Clone(d.Services[0].Pairs)
	for i := range pairs {
		pairs[i].Client += first
		pairs[i].Server += first
	}
	return pairs
}

// portRange is the usual range that holds the client ports seen: those of Linux
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
