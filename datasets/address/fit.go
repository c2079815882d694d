package address

import (
	"errors"
	"math"
	"net/netip"

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
	plan, _, err := fit(flows, opts)
	return plan, err
}

// FitHosts returns which host of the plan that Fit makes of the same flows and options
// stands for each of their addresses: an index of Plan.Hosts. Flows without addresses
// have none.
func FitHosts(flows []*flow.Flow, opts FitOptions) (map[netip.Addr]int, error) {
	_, hosts, err := fit(flows, opts)
	return hosts, err
}

// fit does the work of Fit and of FitHosts.
func fit(flows []*flow.Flow, opts FitOptions) (*Plan, map[netip.Addr]int, error) {
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
		return nil, nil, errors.New("address: fit: no TCP or UDP flow, no flow without ports and no uplink among the training flows, want at least one")
	}
	plan, hosts := fit.plan(opts)
	if err := plan.Validate(); err != nil {
		return nil, nil, err
	}
	return plan, hosts, nil
}

// fitting gathers counts over the training flows.
type fitting struct {
	hosts    map[netip.Addr]*hostCounts
	services map[serviceKey]*serviceCounts
	mtu      int32
	devices  map[uint16]bool // blocks of device addresses
	gateways map[uint64]bool
	tunnels  tunnelCounts
}

type hostCounts struct {
	flows            int64
	ttl, mss, mac    counter
	synOptions       counter
	syns             counter // flow.TCPOptions of SYNs and SYN/ACKs
	tcp, udp         ipv4Counts
	clock            clockCounts
	number           int // of the host, in the order of first appearance
	windows          windowCounts
	unpadded, padded bool // short frames were captured below flow.MinFrame, and of that length
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
	ports                    portCounts
	shortest                 int32 // payload bytes of a datagram
	portless                 bool
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
	switch {
	case IsUplinks(f):
		fit.addUplinks(f)
		return
	case f.Portless():
		fit.addMessages(f)
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
	if port := client.Port(); port != 0 && port != server.Port() {
		s.ports.add(pair, port)
	}
	if pair == s.last {
		s.repeats++
	}
	s.last = pair
	fit.addHosts(f, pair)
	fit.tunnels.add(f, pair)
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
	var watches [2]windowWatch
	stamps := 0
	six := pair[0].Is6()
	if hasStamps(f, six) {
		stamps = 1
	}
	for i, address := range pair {
		if fit.hosts[address] == nil {
			fit.hosts[address] = &hostCounts{number: len(fit.hosts)}
		}
		ends[i] = fit.hosts[address]
		ends[i].flows++
		watches[i] = windowWatch{counts: &ends[i].windows, stamps: stamps}
	}
	for side, h := range ends {
		h.tcp.flows, h.udp.flows = h.tcp.flows+1, h.udp.flows+1
		h.clock.add(f, flow.Direction(side), ends[1-side].number)
	}
	for i := range f.Packets {
		p := &f.Packets[i]
		h := ends[p.Direction&1]
		h.addIPv4(p, six)
		h.mac.add(macNumber(p.SrcMAC))
		if bare := p.Length - p.Padding(); bare < flow.MinFrame && p.Length > 0 {
			h.unpadded = h.unpadded || p.Length < flow.MinFrame
			h.padded = h.padded || p.Length >= flow.MinFrame
		}
		if p.TTL > 1 && !p.OnLink() { // 1 is for multicast groups, and no address given out is one
			h.ttl.add(uint64(p.TTL))
		}
		if p.Tuple.Proto != flow.TCP {
			continue
		}
		if p.Flags&(flow.SYN|flow.RST) == flow.SYN && p.MSS != 0 {
			h.mss.add(uint64(p.MSS))
		}
		if p.Flags&(flow.SYN|flow.RST) == flow.SYN && p.Options != 0 {
			h.syns.add(uint64(p.Options))
		}
		if room := optionBytes(p, headerOf(six)); p.Flags&(flow.SYN|flow.ACK) == flow.SYN && room >= 0 && room <= mostOptions {
			h.synOptions.add(uint64(room &^ 3))
		}
		for side := range watches {
			watches[side].see(p, side == int(p.Direction&1))
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

// Sizes of headers in bytes.
const (
	etherHeader = 14
	ipv4Header  = 20
	ipv6Header  = 40
	udpHeader   = 8
)
