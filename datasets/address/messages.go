package address

import (
	"math"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// messageKey names the flows without ports that have hosts of their own: of one application
// that begin with one kind of message.
type messageKey struct {
	application flow.Application
	proto       uint8
	kind        flow.MessageKind
	six         bool
}

// pairProto is two hosts and an IP protocol, 0 for ARP.
type pairProto struct {
	client, server int
	proto          uint8
}

// firstKind returns the kind of a flow's first message, 0 where it has none.
func firstKind(f *flow.Flow) flow.MessageKind {
	if m := f.Packets[0].Message; m != nil {
		return m.Kind
	}
	return 0
}

// addMessages counts a flow without ports. One that goes to a group has its sender at both ends:
// the group is that of the kind of message and no host.
func (fit *fitting) addMessages(f *flow.Flow) {
	proto := f.Packets[0].Tuple.Proto
	key := serviceKey{f.Application, proto, uint16(firstKind(f))}
	s := fit.services[key]
	if s == nil {
		s = &serviceCounts{pairs: make(map[[2]netip.Addr]int64), shortest: math.MaxInt32, portless: true}
		fit.services[key] = s
	}
	s.flows++
	ends := f.Packets[0].Ends()
	if f.Packets[0].Direction == flow.Backward {
		ends = ends.Reverse()
	}
	pair := [2]netip.Addr{ends.Src.Addr().Unmap(), ends.Dst.Addr().Unmap()}
	if isGroup(pair[1]) {
		pair[1] = pair[0]
	}
	if isGroup(pair[0]) || !pair[0].IsValid() || !pair[1].IsValid() {
		return
	}
	s.pairs[pair]++
	fit.addHosts(f, pair)
	fit.tunnels.add(f, pair)
}

// isGroup reports whether an address is of no host alone.
func isGroup(a netip.Addr) bool {
	return a.IsMulticast() || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// AssignMessages gives a flow without ports its hosts, those of a pair whose flows began like
// it, of IPv6 where six is true; ok is false where the plan has no host of that version. Where a
// pair has one host alone and alone is false, another of the plan is its server. A pair that
// was silent for less than the five minutes after which a reader sees a new flow is drawn only
// if there is no other.
func (a *Assigner) AssignMessages(f *flow.Flow, six, alone bool) (ends Ends, ok bool) {
	key := messageKey{f.Application, f.Packets[0].Tuple.Proto, firstKind(f), six}
	choice, known := a.messages[key]
	if !known {
		choice = a.messageChoice(key)
		a.messages[key] = choice
	}
	if choice == nil {
		return Ends{}, false
	}
	family := &choice.families[0]
	if six {
		family = &choice.families[1]
	}
	pair := a.silentPair(&family.pairChoice, f, key.proto)
	ends = Ends{Client: a.hosts[pair.Client], Server: a.hosts[pair.Server], Tunnel: a.tunnels[[2]int{pair.Client, pair.Server}]}
	switch {
	case alone:
		ends.Server = ends.Client
	case pair.Client == pair.Server:
		if ends.Server = a.Other(six, ends.Client, nil); ends.Server == nil {
			return Ends{}, false
		}
	}
	return ends, true
}

// silentPair draws a pair that was silent for long enough, or the next such one behind it.
func (a *Assigner) silentPair(choice *pairChoice, f *flow.Flow, proto uint8) Pair {
	at, start := choice.draw(a.random), f.Start()
	for i := range choice.pairs {
		pair := choice.pairs[(at+i)%len(choice.pairs)]
		if ended, used := a.spoken[pairProto{pair.Client, pair.Server, proto}]; !used || start-ended > reuseAfter {
			at += i
			break
		}
	}
	pair := choice.pairs[at%len(choice.pairs)]
	spoken := pairProto{pair.Client, pair.Server, proto}
	a.spoken[spoken] = max(a.spoken[spoken], f.Packets[len(f.Packets)-1].Time)
	return pair
}

// messageChoice returns the pairs of the service that is most like a key and has hosts of its IP
// version; nil for none.
func (a *Assigner) messageChoice(key messageKey) *serviceChoice {
	var best *serviceChoice
	most := -1
	for i := range a.plan.Services {
		s := &a.plan.Services[i]
		like := 0
		for bit, same := range []bool{!s.ported(), s.Application == key.application, s.Proto == key.proto, s.Port == uint16(key.kind)} {
			if same {
				like |= 1 << bit
			}
		}
		if like <= most {
			continue
		}
		choice := newServiceChoice(s, a.hosts)
		family := 0
		if key.six {
			family = 1
		}
		if len(choice.families[family].pairs) > 0 {
			best, most = choice, like
		}
	}
	return best
}

// Other returns a host of an IP version that is neither of two, drawn from all of the plan; nil
// for none.
func (a *Assigner) Other(six bool, one, two *HostState) *HostState {
	at := a.random.IntN(len(a.hosts))
	for i := range a.hosts {
		if h := a.hosts[(at+i)%len(a.hosts)]; h != one && h != two && h.Address.Is6() == six {
			return h
		}
	}
	return nil
}
