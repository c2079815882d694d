package address

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sort"

	"github.com/necstgen/necstgen/datasets/flow"
)

// HostState is a host while frames are made: what it counts across its flows.
type HostState struct {
	Host
	NextID      uint16 // next IPv4 identification, where the host counts its packets
	ClockOffset uint32 // TCP timestamp at the epoch, in ticks, where its connections share one
}

// OffsetTo returns the TCP timestamp at the epoch of the host's connections with a peer,
// where those of a pair share one.
func (h *HostState) OffsetTo(peer netip.Addr) uint32 {
	b := peer.As16()
	mixed := h.ClockOffset
	for i := 0; i < len(b); i += 4 {
		mixed = (mixed ^ binary.BigEndian.Uint32(b[i:])) * 0x9e3779b1
		mixed ^= mixed >> 15
	}
	return mixed
}

// Ends are the two sides of a new flow.
type Ends struct {
	Client, Server         *HostState
	ClientPort, ServerPort uint16
	Shortest               int32        // least payload bytes of a datagram
	Tunnel                 *TunnelState // that both are inside of; nil: none
}

// Assigner gives flows their hosts and ports, by the popularity that the plan has
// learned. No two flows that can be open at one time get the same five-tuple. It is
// not safe for concurrent use.
type Assigner struct {
	plan      *Plan
	random    *rand.Rand
	hosts     []*HostState
	groups    map[appProto]*serviceGroup
	used      map[pairPort]*portCursor // where clients are in their ports
	ended     map[pairPort]int64       // end of the last flow whose client had the server's port
	overflow  map[overflowKey]*HostState
	overflows uint32
	kept      map[netip.Addr]*HostState  // hosts of flows that keep their tuples
	keptIn    map[[2]string]*TunnelState // and their tunnels
	named     map[netip.Addr]int         // hosts by the addresses that flows name them by
	tunnels   map[[2]int]*TunnelState
	messages  map[messageKey]*serviceChoice
	spoken    map[pairProto]int64 // end of the last flow without ports of a pair
	part      Part
}

type appProto struct {
	application flow.Application
	proto       uint8
}

type pairPort struct {
	client, server int
	port           uint16
	proto          uint8
}

type overflowKey struct{ client, turn int }

// NewAssigner prepares an Assigner. The same plan, source and flows give the same
// hosts and ports.
func NewAssigner(plan *Plan, random *rand.Rand) *Assigner {
	a := &Assigner{
		plan: plan, random: random,
		groups:   make(map[appProto]*serviceGroup),
		used:     make(map[pairPort]*portCursor),
		ended:    make(map[pairPort]int64),
		overflow: make(map[overflowKey]*HostState),
		kept:     make(map[netip.Addr]*HostState),
		tunnels:  tunnelStates(plan),
		messages: make(map[messageKey]*serviceChoice),
		spoken:   make(map[pairProto]int64),
	}
	for _, h := range plan.Hosts {
		a.hosts = append(a.hosts, newHostState(h, random))
	}
	for i := range plan.Services {
		service := newServiceChoice(&plan.Services[i], a.hosts)
		key := appProto{service.Application, service.Proto}
		if a.groups[key] == nil {
			a.groups[key] = new(serviceGroup)
		}
		a.groups[key].add(service)
	}
	return a
}

// newHostState returns a host whose counters begin anywhere.
func newHostState(h Host, random *rand.Rand) *HostState {
	if h.TTL == 0 {
		h.TTL = defaultTTL
	}
	if h.Window.First == [2]uint16{} {
		h.Window = linuxWindow()
	}
	if h.Clock.Rate == 0 {
		h.Clock = linuxClock()
	}
	return &HostState{Host: h, NextID: uint16(random.Uint32()), ClockOffset: random.Uint32()}
}

// Name says by which addresses flows may name their hosts: hosts[i] is host i of the
// assigner's plan, under the address that it had before Plan.WithOptions.
func (a *Assigner) Name(hosts []Host) {
	a.named = make(map[netip.Addr]int, len(hosts))
	for i, h := range hosts {
		a.named[h.Address] = i
	}
}

// Named reports whether a flow names its two hosts, and leaves its ports to be assigned.
func Named(f *flow.Flow) bool {
	t := f.Tuple
	return t.Src.Addr().IsValid() && t.Dst.Addr().IsValid() && t.Src.Port() == 0 && t.Dst.Port() == 0
}

// pairOf returns the hosts that a flow names and their service, false where the plan does
// not know that they had flows of this application.
func (a *Assigner) pairOf(f *flow.Flow, proto uint8) (pair Pair, service *serviceChoice, ok bool) {
	if a.named == nil || !Named(f) {
		return Pair{}, nil, false
	}
	client, known1 := a.named[f.Tuple.Src.Addr()]
	server, known2 := a.named[f.Tuple.Dst.Addr()]
	if !known1 || !known2 {
		return Pair{}, nil, false
	}
	service = a.group(f.Application, proto).of(client, server)
	return Pair{Client: client, Server: server}, service, service != nil
}

// Assign gives a flow the two ends that it names, if the plan has them, and else draws
// them, of IPv6 where want6 is true and the plan has such hosts, and a client whose SYNs
// have the options and segment size of the flow's where it has one.
func (a *Assigner) Assign(f *flow.Flow, proto uint8, want6 bool) Ends {
	of := stack{options: anyOptions}
	if proto == flow.TCP {
		of = stackOf(f, want6)
	}
	pair, service, fixed := a.pairOf(f, proto)
	if !fixed {
		service = a.service(f.Application, proto, want6)
		pair = a.pair(service, want6, of)
	}
	same := service.SamePort > 0 && a.random.Float64() < service.SamePort
	for range reuseTries {
		if !same || fixed || a.reusable(pair, service, f) {
			break
		}
		pair = a.pair(service, want6, of)
	}
	if same && a.reusable(pair, service, f) {
		a.ended[keyOf(pair, service)] = f.Packets[len(f.Packets)-1].Time
		return Ends{a.hosts[pair.Client], a.hosts[pair.Server], service.Port, service.Port, service.Shortest, a.tunnels[[2]int{pair.Client, pair.Server}]}
	}
	return a.newClient(pair, service)
}

// Gateway returns the two ends of the n-th LoRaWAN gateway and its server, counted
// from 0. Gateways take the pairs of the plan's service in turn.
func (a *Assigner) Gateway(n int) Ends {
	service := a.service(flow.LoRaWAN, flow.UDP, false)
	return a.newClient(service.Pairs[n%len(service.Pairs)], service)
}

// Keep returns the ends that the flow names itself.
func (a *Assigner) Keep(f *flow.Flow) (Ends, error) {
	var hosts [2]*HostState
	for dir, at := range []netip.AddrPort{f.Tuple.Src, f.Tuple.Dst} {
		address := at.Addr().Unmap()
		host, ok := a.kept[address]
		if !ok {
			h := defaultHost()
			h.Address, h.MAC = address, localMAC(uint32(len(a.kept)+1)|1<<24)
			for i := range f.Packets {
				if p := &f.Packets[i]; int(p.Direction) == dir && p.SrcMAC != (flow.MAC{}) {
					h.MAC, h.TTL = p.SrcMAC, p.TTL
					break
				}
			}
			host = newHostState(h, a.random)
			a.kept[address] = host
		}
		hosts[dir] = host
	}
	if hosts[0].Address.Is4() != hosts[1].Address.Is4() {
		return Ends{}, fmt.Errorf("%v and %v are not of one IP version", f.Tuple.Src, f.Tuple.Dst)
	}
	ends := Ends{Client: hosts[0], Server: hosts[1], ClientPort: f.Tuple.Src.Port(), ServerPort: f.Tuple.Dst.Port()}
	if t, ok := tunnelOf(f); ok {
		ends.Tunnel = a.keptTunnel(t)
	}
	return ends, nil
}

// service draws a service of the application and protocol, among those with
// hosts of the wanted IP version if there are any.
func (a *Assigner) service(app flow.Application, proto uint8, want6 bool) *serviceChoice {
	group := a.group(app, proto)
	sums := group.sums[0]
	if last := len(sums) - 1; want6 && group.sums[1][last] > 0 || sums[last] == 0 {
		sums = group.sums[1]
	}
	at := a.random.Int64N(sums[len(sums)-1])
	return group.services[sort.Search(len(sums), func(i int) bool { return sums[i] > at })]
}

// group returns the services of the application and protocol. An application that
// the plan does not know takes the hosts of another service, of the same protocol
// if there is one.
func (a *Assigner) group(app flow.Application, proto uint8) *serviceGroup {
	key := appProto{app, proto}
	if group := a.groups[key]; group != nil {
		return group
	}
	like := &a.plan.Services[0]
	for i := range a.plan.Services {
		s := &a.plan.Services[i]
		if s.Proto == proto {
			like = s
			break
		}
		if s.ported() && !like.ported() {
			like = s
		}
	}
	known := *like
	known.Application, known.Proto, known.Port = app, proto, registeredPort(app)
	a.groups[key] = new(serviceGroup)
	a.groups[key].add(newServiceChoice(&known, a.hosts))
	return a.groups[key]
}

func keyOf(pair Pair, service *serviceChoice) pairPort {
	return pairPort{pair.Client, pair.Server, service.Port, service.Proto}
}

// reusable reports whether a flow may have the ports of an earlier one of its pair:
// never with TCP, and with UDP after a silence that tells them apart.
func (a *Assigner) reusable(pair Pair, service *serviceChoice, f *flow.Flow) bool {
	ended, used := a.ended[keyOf(pair, service)]
	udp := service.Proto == flow.UDP
	if !used && a.part.Index > 0 {
		ended, used = a.part.Silent, true // as far as this part knows, another has had them until then
	}
	return !used || udp && f.Start()-ended > reuseAfter
}

// reuseAfter is the silence in nanoseconds after which a five-tuple is a new UDP
// flow: 5 minutes (RFC 4787, 4.3), and a minute more.
const reuseAfter = int64(360e9)

// reuseTries is how often a pair is drawn until one has ports that can be used again.
const reuseTries = 8

// fewPorts is a range so small that none of its ports is left out.
const fewPorts = 1024

// newClient returns the pair, the client with a port that it has not had with this
// server.
func (a *Assigner) newClient(pair Pair, service *serviceChoice) Ends {
	key := keyOf(pair, service)
	cursor := a.used[key]
	if cursor == nil {
		cursor = new(portCursor)
		a.used[key] = cursor
	}
	scramble := uint32(pair.Client)<<16 ^ uint32(pair.Server)<<1 ^ uint32(service.Port)
	port, turn := cursor.port(service.Service, scramble, a.part, a.random)
	for service.ClientHigh-service.ClientLow >= fewPorts && registered(port) {
		port, turn = cursor.port(service.Service, scramble, a.part, a.random)
	}
	host := a.hosts[pair.Client]
	if turn > 0 {
		host = a.overflowHost(pair.Client, int(turn))
	}
	return Ends{host, a.hosts[pair.Server], port, service.Port, service.Shortest, a.tunnels[[2]int{pair.Client, pair.Server}]}
}

// pair draws client and server, of the wanted IP version where the service has it, and a
// client with the stack that the flow shows where there is one.
func (a *Assigner) pair(service *serviceChoice, want6 bool, of stack) Pair {
	family := &service.families[0]
	if want6 && len(service.families[1].pairs) > 0 || len(family.pairs) == 0 {
		family = &service.families[1]
	}
	choice := service.fitting(family, of)
	choice.last = choice.draw(a.random)
	return choice.pairs[choice.last]
}

// overflowHost returns the host that takes over from a client whose ports towards a
// server are used up: the turn-th of that client.
func (a *Assigner) overflowHost(client, turn int) *HostState {
	key := overflowKey{client, turn}
	if host, ok := a.overflow[key]; ok {
		return host
	}
	a.overflows++
	number, random := a.overflows, a.random
	if a.part.Count > 1 {
		number, random = a.part.overflow(client, turn, len(a.hosts))
	}
	h := a.hosts[client].Host
	prefix := a.plan.Overflow4
	if h.Address.Is6() {
		prefix = a.plan.Overflow6
	}
	h.Address = nthAddress(prefix, number)
	host := newHostState(h, random)
	a.overflow[key] = host
	return host
}
