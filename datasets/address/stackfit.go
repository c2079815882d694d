package address

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// addIPv4 notes the IPv4 header of a packet.
func (counts *hostCounts) addIPv4(p *flow.Packet, six bool) {
	switch {
	case six || p.Fragment:
	case p.Tuple.Proto == flow.TCP:
		counts.tcp.add(p)
	case p.Tuple.Proto == flow.UDP:
		counts.udp.add(p)
	}
}

// mostLayouts is how many orders of options are kept of a host: one of each kind of client
// that a server answers.
const mostLayouts = 8

// layouts returns the options of the host's SYNs and SYN/ACKs, the most frequent ones first.
// The numbers of options that the program does not name are not known: they are left out.
func (counts *hostCounts) layouts() []flow.TCPOptions {
	seen := slices.SortedFunc(maps.Keys(counts.syns), func(a, b uint64) int {
		return cmp.Or(cmp.Compare(counts.syns[b], counts.syns[a]), cmp.Compare(a, b))
	})
	var out []flow.TCPOptions
	for _, number := range seen {
		if o := flow.TCPOptions(number); len(out) < mostLayouts && checkLayouts([]flow.TCPOptions{o}) == nil {
			out = append(out, o)
		}
	}
	return out
}

// checkLayouts reports every problem of the options of a host's SYNs.
func checkLayouts(syns []flow.TCPOptions) error {
	var problems []error
	for i, o := range syns {
		if o.Has(flow.OptionOther) || o.Has(flow.OptionSACK) {
			problems = append(problems, fmt.Errorf("syns[%d] is %v, want eol, nop, mss, ws, sok and ts alone", i, o))
		}
		if size := o.Length(); size > mostOptions {
			problems = append(problems, fmt.Errorf("syns[%d] is %v, which has %d bytes: want at most %d", i, o, size, mostOptions))
		}
	}
	return errors.Join(problems...)
}

// usualStack returns what most hosts do, in the fields TCP, UDP and Clock.
func usualStack(hosts []*hostCounts) Host {
	out := Host{Clock: linuxClock()}
	tcp, udp, clocks := make(map[IPv4]int), make(map[IPv4]int), make(map[Clock]int)
	for _, h := range hosts {
		if len(h.tcp.samples) >= leastSamples {
			tcp[h.tcp.ipv4(out.TCP)]++
		}
		if len(h.udp.samples) >= leastSamples {
			udp[h.udp.ipv4(out.UDP)]++
		}
		if len(h.clock.rates) > 0 {
			clocks[h.clock.clock(out.Clock)]++
		}
	}
	out.TCP = commonest(tcp, out.TCP, IPv4.compare)
	out.UDP = commonest(udp, out.UDP, IPv4.compare)
	out.Clock = commonest(clocks, out.Clock, func(a, b Clock) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(b.Rate, a.Rate))
	})
	return out
}

// compare orders what hosts do.
func (v IPv4) compare(other IPv4) int {
	if v.Numbering == other.Numbering && v.Fragments != other.Fragments {
		if v.Fragments {
			return 1
		}
		return -1
	}
	return cmp.Compare(v.Numbering, other.Numbering)
}

// commonest returns the most frequent value, the first in order of equals, fallback of none.
func commonest[V comparable](counts map[V]int, fallback V, order func(a, b V) int) V {
	best, most := fallback, 0
	for value, n := range counts {
		if n > most || n == most && order(value, best) < 0 {
			best, most = value, n
		}
	}
	return best
}
