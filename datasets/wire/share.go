package wire

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sort"

	"github.com/necstgen/necstgen/datasets/flow"
)

// sharing gives flows their hosts and ports, by the plan's popularity.
type sharing struct {
	plan     *Plan
	random   *rand.Rand
	stations []*station
	groups   map[appProto]*serviceGroup
	used     map[pairPort]uint32 // client ports so far
	ended    map[pairPort]int64  // end of the last flow whose client had the server's port
	spare    map[spareKey]*station
	spares   uint32
	given    map[netip.Addr]*station // hosts of flows that keep their tuples
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

type spareKey struct{ client, turn int }

// serviceShare is a service prepared for drawing, its pairs by IP version.
type serviceShare struct {
	*Service
	families [2]familyShare // IPv4, IPv6
}

// familyShare is the pairs of one IP version with running sums of their flows.
type familyShare struct {
	pairs  []Pair
	sums   []int64
	repeat float64 // chance to stay with the last pair, on top of drawing it again
	last   int     // index of the last pair, -1 before the first
}

func newSharing(plan *Plan, random *rand.Rand) *sharing {
	s := &sharing{
		plan: plan, random: random,
		groups: make(map[appProto]*serviceGroup),
		used:   make(map[pairPort]uint32),
		ended:  make(map[pairPort]int64),
		spare:  make(map[spareKey]*station),
		given:  make(map[netip.Addr]*station),
	}
	for _, h := range plan.Hosts {
		s.stations = append(s.stations, s.newStation(h))
	}
	for i := range plan.Services {
		service := newServiceShare(&plan.Services[i], s.stations)
		key := appProto{service.Application, service.Proto}
		if s.groups[key] == nil {
			s.groups[key] = new(serviceGroup)
		}
		s.groups[key].add(service)
	}
	return s
}

func (s *sharing) newStation(h Host) *station {
	if h.TTL == 0 {
		h.TTL = defaultTTL
	}
	if h.SYNWindow == 0 {
		h.SYNWindow = defaultSYNWindow
	}
	if h.Window == 0 {
		h.Window = defaultWindow
	}
	h.Scale = min(h.Scale, maxScale)
	return &station{Host: h, id: uint16(s.random.Uint32()), timestamp: s.random.Uint32()}
}

func newServiceShare(service *Service, hosts []*station) *serviceShare {
	out := &serviceShare{Service: service}
	for _, pair := range service.Pairs {
		family := &out.families[0]
		if hosts[pair.Client].Address.Is6() {
			family = &out.families[1]
		}
		family.pairs = append(family.pairs, pair)
	}
	for i := range out.families {
		out.families[i].prepare(service.Repeat)
	}
	return out
}

// prepare sums up the pairs' flows; pairs without any are equals.
func (f *familyShare) prepare(repeat float64) {
	f.last = -1
	var sum int64
	for _, pair := range f.pairs {
		sum += pair.Flows
		f.sums = append(f.sums, sum)
	}
	if sum == 0 {
		for i := range f.sums {
			f.sums[i] = int64(i + 1)
		}
		sum = int64(len(f.sums))
	}
	again, before := 0.0, int64(0) // the chance that two independent draws agree
	for _, s := range f.sums {
		share := float64(s-before) / float64(sum)
		again += share * share
		before = s
	}
	if again < 1 {
		f.repeat = max(0, (repeat-again)/(1-again))
	}
}

// draw is the index of a pair: the last one again, or any by its share.
func (f *familyShare) draw(random *rand.Rand) int {
	if f.last >= 0 && f.repeat > 0 && random.Float64() < f.repeat {
		return f.last
	}
	at := random.Int64N(f.sums[len(f.sums)-1])
	return sort.Search(len(f.sums), func(i int) bool { return f.sums[i] > at })
}

// serviceGroup is the services of one application and protocol, with running
// sums of the flows of those that have hosts of each IP version.
type serviceGroup struct {
	services []*serviceShare
	sums     [2][]int64
}

func (g *serviceGroup) add(service *serviceShare) {
	g.services = append(g.services, service)
	for family := range g.sums {
		sum := int64(0)
		if n := len(g.sums[family]); n > 0 {
			sum = g.sums[family][n-1]
		}
		if len(service.families[family].pairs) > 0 {
			sum += max(1, service.Flows)
		}
		g.sums[family] = append(g.sums[family], sum)
	}
}

// service draws a service of the application and protocol, among those with
// hosts of the wanted IP version if there are any.
func (s *sharing) service(a flow.Application, proto uint8, want6 bool) *serviceShare {
	group := s.group(a, proto)
	sums := group.sums[0]
	if last := len(sums) - 1; want6 && group.sums[1][last] > 0 || sums[last] == 0 {
		sums = group.sums[1]
	}
	at := s.random.Int64N(sums[len(sums)-1])
	return group.services[sort.Search(len(sums), func(i int) bool { return sums[i] > at })]
}

// group has the services of the application and protocol; an application that
// the plan does not know takes the hosts of another service, of the same protocol
// if there is one.
func (s *sharing) group(a flow.Application, proto uint8) *serviceGroup {
	key := appProto{a, proto}
	if group := s.groups[key]; group != nil {
		return group
	}
	like := &s.plan.Services[0]
	for i := range s.plan.Services {
		if s.plan.Services[i].Proto == proto {
			like = &s.plan.Services[i]
			break
		}
	}
	known := *like
	known.Application, known.Proto, known.Port = a, proto, registeredPort(a)
	s.groups[key] = new(serviceGroup)
	s.groups[key].add(newServiceShare(&known, s.stations))
	return s.groups[key]
}

// draw gives a conversation its two ends, IPv6 ones where want6 says so and the
// plan has them.
func (s *sharing) draw(c *conversation, from *flow.Flow, want6 bool) {
	service := s.service(c.app, c.proto, want6)
	c.shortest = service.Shortest
	pair := s.pair(service, want6)
	same := service.SamePort > 0 && s.random.Float64() < service.SamePort
	for range restTries {
		if !same || s.rested(pair, service, from) {
			break
		}
		pair = s.pair(service, want6)
	}
	server := end{station: s.stations[pair.Server], port: service.Port}
	client := end{station: s.stations[pair.Client], port: service.Port}
	if same && s.rested(pair, service, from) {
		s.ended[keyOf(pair, service)] = from.Packets[len(from.Packets)-1].Time
	} else {
		client = s.newClient(pair, service)
	}
	c.ends[flow.Forward], c.ends[flow.Backward] = client, server
}

func keyOf(pair Pair, service *serviceShare) pairPort {
	return pairPort{pair.Client, pair.Server, service.Port, service.Proto}
}

// rested tells whether a flow may have the ports of an earlier one of its pair:
// never with TCP, and with UDP after a silence that tells them apart.
func (s *sharing) rested(pair Pair, service *serviceShare, from *flow.Flow) bool {
	ended, used := s.ended[keyOf(pair, service)]
	return !used || service.Proto == flow.UDP && from.Start()-ended > restTime
}

// restTime is the silence in nanoseconds after which a five-tuple is a new UDP
// flow: 5 minutes (RFC 4787, 4.3), and a minute more.
const restTime = int64(360e9)

// fewPorts is a range so small that none of its ports is left out.
const fewPorts = 1024

// newClient is the pair's client with a port that it has not had with this server.
func (s *sharing) newClient(pair Pair, service *serviceShare) end {
	key := keyOf(pair, service)
	low, size := uint32(service.ClientLow), uint32(service.ClientHigh-service.ClientLow)+1
	scramble := uint32(pair.Client)<<16 ^ uint32(pair.Server)<<1 ^ uint32(service.Port)
	n := s.used[key]
	port := uint16(low + scatter(n%size, size, scramble))
	for size > fewPorts && registered(port) {
		n++
		port = uint16(low + scatter(n%size, size, scramble))
	}
	s.used[key] = n + 1
	host := s.stations[pair.Client]
	if turn := n / size; turn > 0 {
		host = s.spareHost(pair.Client, int(turn))
	}
	return end{station: host, port: port}
}

// pair draws client and server, of the wanted IP version where the service has it.
func (s *sharing) pair(service *serviceShare, want6 bool) Pair {
	family := &service.families[0]
	if want6 && len(service.families[1].pairs) > 0 || len(family.pairs) == 0 {
		family = &service.families[1]
	}
	family.last = family.draw(s.random)
	return family.pairs[family.last]
}

// restTries is how often a pair is drawn for that has rested.
const restTries = 8

// spareHost is the host that takes over from a client whose ports towards a
// server are used up: the turn-th of that client.
func (s *sharing) spareHost(client, turn int) *station {
	key := spareKey{client, turn}
	if host, ok := s.spare[key]; ok {
		return host
	}
	s.spares++
	h := s.stations[client].Host
	prefix := s.plan.Spare4
	if h.Address.Is6() {
		prefix = s.plan.Spare6
	}
	h.Address = nthAddress(prefix, s.spares)
	host := s.newStation(h)
	s.spare[key] = host
	return host
}

// scatter is a permutation of 0 to size-1, another one for each key: a small
// Feistel network over the next power of four, walked until it is inside.
func scatter(n, size, key uint32) uint32 {
	half := uint32(1)
	for 1<<(2*half) < size {
		half++
	}
	mask := uint32(1)<<half - 1
	for {
		left, right := n>>half, n&mask
		for round := range uint32(4) {
			x := (right+key)*0x9e3779b1 + round*0x85ebca6b
			x ^= x >> 15
			x *= 0x2c1b3c6d
			x ^= x >> 13
			left, right = right, left^x&mask
		}
		n = left<<half | right
		if n < size {
			return n
		}
	}
}

// keep gives a conversation the ends that its flow names.
func (s *sharing) keep(c *conversation, from *flow.Flow) error {
	for dir, at := range []netip.AddrPort{from.Tuple.Src, from.Tuple.Dst} {
		address := at.Addr().Unmap()
		host, ok := s.given[address]
		if !ok {
			h := defaultHost()
			h.Address, h.MAC = address, localMAC(uint32(len(s.given)+1)|1<<24)
			for i := range from.Packets {
				if p := &from.Packets[i]; int(p.Direction) == dir && p.SrcMAC != (flow.MAC{}) {
					h.MAC, h.TTL = p.SrcMAC, p.TTL
					break
				}
			}
			host = s.newStation(h)
			s.given[address] = host
		}
		c.ends[dir] = end{station: host, port: at.Port()}
	}
	if c.ends[0].station.Address.Is4() != c.ends[1].station.Address.Is4() {
		return fmt.Errorf("%v and %v are not of one IP version", from.Tuple.Src, from.Tuple.Dst)
	}
	return nil
}
