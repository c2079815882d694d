package address

import (
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// How a host behaves of which nothing is known, and which client ports it draws.
const (
	ethernetMTU = 1500
	defaultTTL  = 64    // Linux
	defaultMSS  = 1460  // Ethernet and IPv4 without options
	defaultLow  = 32768 // Linux: ip_local_port_range
	defaultHigh = 60999
)

// How many hosts Default has.
const (
	defaultClients = 32
	defaultServers = 8
)

// Default returns a plan of 32 clients and 8 servers, IPv4, among which the flows of
// every application are distributed evenly.
func Default() *Plan {
	p := &Plan{Version: planVersion, MTU: ethernetMTU}
	pairs := p.addDefaultHosts()
	for _, a := range applications() {
		for _, proto := range []uint8{flow.TCP, flow.UDP} {
			s := Service{Application: a, Proto: proto, Port: registeredPort(a), Pairs: pairs, ClientLow: defaultLow, ClientHigh: defaultHigh}
			if a == flow.LoRaWAN {
				s.Pairs = gatewayPairs(pairs, defaultClients)
			}
			if known, ok := servicePorts[a]; ok && known.proto == proto {
				s.Flows = 1
			}
			p.Services = append(p.Services, s)
		}
	}
	p.renumber(documentedRanges(), newTaken(), p.popularity(), everyHost(p))
	return p
}

// addDefaultHosts adds the hosts of Default and returns their pairs. The hosts
// have no addresses yet that may be used: what they have says that the clients
// are of one network and the servers of another.
func (p *Plan) addDefaultHosts() []Pair {
	first := len(p.Hosts)
	for i := range defaultClients + defaultServers {
		h := defaultHost()
		h.Address = netip.AddrFrom4([4]byte{0, 0, 0, byte(i)})
		if i >= defaultClients {
			h.Address = netip.AddrFrom4([4]byte{0, 0, 1, byte(i)})
		}
		p.Hosts = append(p.Hosts, h)
	}
	var pairs []Pair
	for c := range defaultClients {
		for s := range defaultServers {
			pairs = append(pairs, Pair{Client: first + c, Server: first + defaultClients + s, Flows: 1})
		}
	}
	return pairs
}

// gatewayPairs returns the pairs of so many gateways with one network server, as
// far as there are clients.
func gatewayPairs(pairs []Pair, gateways int) []Pair {
	var out []Pair
	for _, p := range pairs {
		if p.Server == pairs[0].Server && len(out) < max(1, gateways) {
			out = append(out, p)
		}
	}
	return out
}

// defaultHost returns a host of which nothing is known but its existence: it behaves
// as Linux does, and has neither address nor MAC.
func defaultHost() Host {
	return Host{TTL: defaultTTL, MSS: defaultMSS, SYNOptions: anyOptions, Window: linuxWindow(), Clock: linuxClock()}
}

// everyHost lists the indices of the plan's hosts.
func everyHost(p *Plan) []int {
	all := make([]int, len(p.Hosts))
	for i := range all {
		all[i] = i
	}
	return all
}
