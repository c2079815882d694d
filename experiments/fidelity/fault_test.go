package fidelity

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// office draws n flows of mixed traffic: nine in ten are of web, one in ten is longer and
// of another application's sizes, one in thirty is reset by the server. Each flow has a pace
// of its own, as by its round-trip time, so its gaps resemble each other.
func office(n int, seed uint64) []*flow.Flow {
	rng := rand.New(rand.NewPCG(seed, 13))
	flows := simulate(n, seed, web)
	longer := simulate(n, seed+1000, style{gap: 0.01, payload: 700, handshake: true, rate: 1, requests: 24})
	for i, f := range flows {
		start := f.Start()
		switch kind := rng.Float64(); {
		case kind < 1./30:
			f.Packets = f.Packets[:5]
			f.Packets[4].Direction, f.Packets[4].Flags = flow.Backward, flow.RST
		case kind < 4./30:
			f.Packets = longer[i].Packets
		}
		pace := math.Exp(rng.NormFloat64())
		respace(f, start, func(gap int64) int64 { return int64(float64(gap) * pace) })
	}
	return flows
}

// respace moves a flow to a start and changes the gaps of its packets, in whole
// microseconds.
func respace(f *flow.Flow, start int64, gap func(gap int64) int64) {
	before := f.Packets[0].Time
	f.Packets[0].Time = start
	for i := range f.Packets[1:] {
		p := &f.Packets[i+1]
		g := gap(p.Time-before) / 1000 * 1000
		before, p.Time = p.Time, f.Packets[i].Time+g
	}
}

// elsewhere gives hosts other addresses, as a synthetic capture has them.
func elsewhere(flows []*flow.Flow) []*flow.Flow {
	for _, f := range flows {
		client, server := f.Tuple.Src.Addr().As4(), f.Tuple.Dst.Addr().As4()
		client[0], server[0] = 10, 10
		f.Tuple.Src = netip.AddrPortFrom(netip.AddrFrom4(client), f.Tuple.Src.Port())
		f.Tuple.Dst = netip.AddrPortFrom(netip.AddrFrom4(server), f.Tuple.Dst.Port())
		for i := range f.Packets {
			f.Packets[i].Tuple = f.Tuple
		}
	}
	return flows
}

// fault is a synthetic capture that is wrong in one way.
type fault struct {
	name  string   // short: it heads a column
	means string   // what is wrong
	see   []string // scores that have to see it
	by    string   // which the first of them, a classifier, names
	blind []string // scores that have to say no more than of the same traffic
	make  func(flows, training []*flow.Flow, rng *rand.Rand) []*flow.Flow
}

// eachFlow makes a fault that is inside flows.
func eachFlow(change func(f *flow.Flow, rng *rand.Rand)) func(flows, training []*flow.Flow, rng *rand.Rand) []*flow.Flow {
	return func(flows, _ []*flow.Flow, rng *rand.Rand) []*flow.Flow {
		for _, f := range flows {
			change(f, rng)
		}
		return flows
	}
}

// faults are the columns of the table in the package documentation.
var faults = []fault{
	{name: "as real", means: "more of the same traffic: nothing is wrong",
		blind: []string{"packet/length KS", "order/trigrams JSD bits", "coverage/type recall", "coverage/profile recall", "load/queue delay",
			"classifier/C2ST flow", "classifier/C2ST window", "classifier/boosted flow", "classifier/boosted window", "classifier/gaps", "classifier/first packets",
			"classifier/header fields", "classifier/sessions", "privacy/copied flows", "privacy/closest record", "privacy/members by distance AUC",
			"privacy/members by likelihood AUC", "privacy/addresses recovered"},
		make: func(flows, _ []*flow.Flow, _ *rand.Rand) []*flow.Flow { return flows }},
	{name: "order", means: "the packets of a flow in random order, at the times that packets come",
		see: []string{"classifier/first packets", "classifier/C2ST window", "classifier/boosted window", "order/trigrams JSD bits", "order/handshake share", "coverage/type recall",
			"coverage/type precision"},
		by:    "packet",
		blind: []string{"packet/length KS", "packet/log gap KS", "packet/flags JSD bits", "flow/packets KS", "classifier/C2ST flow", "classifier/sessions", "load/queue delay"},
		make: eachFlow(func(f *flow.Flow, rng *rand.Rand) {
			rng.Shuffle(len(f.Packets), func(i, j int) {
				a, b := &f.Packets[i], &f.Packets[j]
				*a, *b = *b, *a
				a.Time, b.Time = b.Time, a.Time
			})
		})},
	{name: "gaps", means: "gaps drawn at random from all gaps",
		see:   []string{"classifier/gaps", "order/log gap autocorrelation", "classifier/boosted flow"},
		by:    "gaps",
		blind: []string{"packet/length KS", "packet/log gap KS", "order/trigrams JSD bits", "coverage/type recall", "classifier/header fields"},
		make: func(flows, _ []*flow.Flow, rng *rand.Rand) []*flow.Flow {
			var gaps []int64
			for _, f := range flows {
				for i := range f.Packets[1:] {
					gaps = append(gaps, gapBefore(f, i+1))
				}
			}
			for _, f := range flows {
				respace(f, f.Start(), func(int64) int64 { return gaps[rng.IntN(len(gaps))] })
			}
			return flows
		}},
	{name: "steady", means: "all gaps of a flow alike",
		see:   []string{"classifier/gaps", "classifier/first packets", "classifier/boosted flow", "classifier/boosted window", "packet/log gap KS"},
		by:    "of gaps",
		blind: []string{"classifier/header fields", "classifier/sessions", "order/trigrams JSD bits", "flow/duration KS"},
		make: eachFlow(func(f *flow.Flow, _ *rand.Rand) {
			gap := int64(f.Duration()) / int64(len(f.Packets)-1)
			respace(f, f.Start(), func(int64) int64 { return gap })
		})},
	{name: "flags", means: "the flags of a flow's packets in random order",
		see:   []string{"classifier/first packets", "order/trigrams JSD bits", "order/handshake share", "order/close share", "coverage/type precision", "classifier/C2ST window"},
		by:    "flags",
		blind: []string{"packet/flags JSD bits", "packet/length KS", "packet/log gap KS", "flow/duration KS", "classifier/gaps", "classifier/C2ST flow", "load/queue delay"},
		make: eachFlow(func(f *flow.Flow, rng *rand.Rand) {
			rng.Shuffle(len(f.Packets), func(i, j int) {
				f.Packets[i].Flags, f.Packets[j].Flags = f.Packets[j].Flags, f.Packets[i].Flags
			})
		})},
	{name: "load", means: "twice as many flows a second",
		see:   []string{"classifier/sessions", "flow/time between flows KS", "load/bytes/s KS", "load/open flows KS", "load/queue delay"},
		by:    "time between starts",
		blind: []string{"packet/length KS", "packet/log gap KS", "order/trigrams JSD bits", "flow/duration KS", "coverage/profile recall", "classifier/C2ST flow", "classifier/boosted flow", "classifier/gaps", "classifier/header fields"},
		make: func(flows, _ []*flow.Flow, _ *rand.Rand) []*flow.Flow {
			first := flows[0].Start()
			for _, f := range flows {
				respace(f, first+(f.Start()-first)/2000*1000, func(gap int64) int64 { return gap })
			}
			return flows
		}},
	{name: "window", means: "one receive window for all",
		see:   []string{"classifier/header fields"},
		by:    "receive window",
		blind: []string{"packet/length KS", "order/trigrams JSD bits", "coverage/profile recall", "classifier/C2ST flow", "classifier/C2ST window", "classifier/boosted flow", "classifier/boosted window", "classifier/gaps", "classifier/first packets", "classifier/sessions"},
		make: eachFlow(func(f *flow.Flow, _ *rand.Rand) {
			for i := range f.Packets {
				f.Packets[i].Window = 501
			}
		})},
	{name: "answers", means: "payloads cut at 600 bytes",
		see:   []string{"classifier/boosted flow", "classifier/C2ST flow", "packet/length KS", "coverage/profile recall"},
		by:    "length",
		blind: []string{"packet/log gap KS", "order/trigrams JSD bits", "coverage/type recall", "classifier/gaps", "classifier/header fields"},
		make: eachFlow(func(f *flow.Flow, _ *rand.Rand) {
			for i := range f.Packets {
				if p := &f.Packets[i]; p.PayloadLength > 600 {
					p.Length -= p.PayloadLength - 600
					p.PayloadLength = 600
				}
			}
		})},
	{name: "modes", means: "no long flows and no resets",
		see:   []string{"coverage/rare type recall", "coverage/type recall", "coverage/profile recall"},
		blind: []string{"packet/log gap KS", "order/handshake share", "coverage/type precision", "coverage/profile precision", "classifier/C2ST flow", "classifier/gaps", "classifier/header fields"},
		make: func(flows, _ []*flow.Flow, _ *rand.Rand) []*flow.Flow {
			for i, f := range simulate(len(flows), 98, web) {
				start, pace := flows[i].Start(), math.Exp(rand.New(rand.NewPCG(uint64(i), 1)).NormFloat64())
				flows[i].Packets = f.Packets
				respace(flows[i], start, func(gap int64) int64 { return int64(float64(gap) * pace) })
			}
			return flows
		}},
	{name: "clients", means: "clients that never come back",
		see:   []string{"classifier/sessions"},
		blind: []string{"classifier/C2ST flow", "classifier/boosted flow", "classifier/gaps", "classifier/first packets", "classifier/header fields", "coverage/profile recall"},
		make: func(flows, _ []*flow.Flow, _ *rand.Rand) []*flow.Flow {
			for i, f := range flows {
				f.Tuple.Src = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i >> 8), byte(i)}), f.Tuple.Src.Port())
			}
			return flows
		}},
	{name: "copies", means: "flows copied from the training data, at other times",
		see: []string{"privacy/copied flows", "privacy/closest record", "privacy/members by distance AUC", "privacy/members by distance found",
			"privacy/members by likelihood AUC", "privacy/members by likelihood found"},
		blind: []string{"packet/length KS", "order/trigrams JSD bits", "coverage/type recall", "coverage/profile recall", "classifier/C2ST flow", "classifier/boosted flow", "classifier/gaps", "classifier/first packets"},
		make: func(flows, training []*flow.Flow, rng *rand.Rand) []*flow.Flow {
			for _, f := range flows {
				start := f.Start()
				f.Packets = slices.Clone(training[rng.IntN(len(training))].Packets)
				respace(f, start, func(gap int64) int64 { return gap })
			}
			return flows
		}},
	{name: "hosts", means: "the original's addresses kept",
		see: []string{"privacy/addresses recovered"},
		blind: []string{"packet/length KS", "order/trigrams JSD bits", "coverage/profile recall", "classifier/C2ST flow", "classifier/header fields", "classifier/sessions",
			"privacy/copied flows", "privacy/members by distance AUC", "privacy/members by likelihood AUC"},
		make: func(flows, _ []*flow.Flow, _ *rand.Rand) []*flow.Flow { return flows }},
}
