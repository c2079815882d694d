package address

import "math/rand/v2"

// Part says which of several Assigners one is that have a plan together: each assigns the
// flows that start in a time of its own, and all of one capture. The zero value is an
// Assigner by itself.
//
// Of the ports of a client with a server, each part has every Count-th, so no five-tuple
// is in two parts. That a client has the server's port (Service.SamePort) is for the first
// part alone with TCP, where no port comes again, and with UDP, where it comes again after
// a silence, for flows so long behind Silent.
type Part struct {
	Index, Count uint32 // of the part, from 0, and of all parts
	Silent       int64  // no flow of an earlier part has a packet behind this time, nanoseconds since 1970-01-01 UTC
	Seed         uint64 // of hosts that several parts may have to add, the same in all parts
}

// Part makes an Assigner that has assigned nothing one of several. They must have been
// made with the same plan and equal sources; random is what this one goes on with, and no
// other does.
func (a *Assigner) Part(p Part, random *rand.Rand) {
	a.part, a.random = p, random
	for _, h := range a.hosts {
		h.NextID = uint16(random.Uint32())
	}
}

// within returns the part of a range of so many runs of ports that a part takes. Where there
// are fewer runs than parts, as of a client that has one port only, so many parts share the
// ports as there are runs, and others take them as those of hosts that take over from the
// client: the part's t-th turn, from 0, is turn first+t*every of all.
func (p Part) within(runs uint32) (own Part, first, every uint32) {
	if p.Count <= runs {
		return p, 0, 1
	}
	first, every = p.Index/runs, (p.Count+runs-1)/runs
	p.Index, p.Count = p.Index%runs, runs
	return p, first, every
}

// overflow returns the number of the turn-th host that takes over from a client, among
// hosts, and what its counters are drawn from. Both are the same in all parts, and so the
// numbers have gaps, which those of an Assigner by itself have not.
func (p *Part) overflow(client, turn, hosts int) (number uint32, random *rand.Rand) {
	number = uint32((turn-1)*hosts + client + 1)
	return number, rand.New(rand.NewPCG(p.Seed, uint64(number)))
}
