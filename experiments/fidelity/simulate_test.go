package fidelity

import (
	"math"
	"math/rand/v2"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// style is what simulated web traffic is drawn from.
type style struct {
	gap       float64 // median seconds before a packet
	payload   int     // greatest payload
	handshake bool
	rate      float64 // flows a second
	requests  int     // most requests of a flow
}

var web = style{gap: 0.01, payload: 1400, handshake: true, rate: 2, requests: 5}

// simulate draws n TCP flows that open, exchange requests and answers, and close.
func simulate(n int, seed uint64, s style) []*flow.Flow {
	rng := rand.New(rand.NewPCG(seed, 11))
	start := int64(1_700_000_000_000_000_000)
	server := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), 80)
	flows := make([]*flow.Flow, n)
	for i := range flows {
		start += int64(rng.ExpFloat64()/s.rate*1e6) * 1000
		client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(rng.IntN(20))}), uint16(32768+rng.IntN(28000)))
		f := &flow.Flow{ID: int64(i), Tuple: flow.FiveTuple{Proto: flow.TCP, Src: client, Dst: server}, Application: flow.HTTP}
		now, window := start, uint16(64)
		add := func(d flow.Direction, flags flow.TCPFlags, payload int) {
			header := 54
			if flags&flow.SYN != 0 {
				header = 74
			}
			if len(f.Packets) > 0 {
				now += int64(s.gap*math.Exp(rng.NormFloat64())*1e6+1) * 1000
			}
			f.Packets = append(f.Packets, flow.Packet{
				Time: now, Direction: d, Flags: flags, Length: int32(max(60, header+payload)),
				HeaderLength: int32(header), PayloadLength: int32(payload), FlowID: f.ID, Tuple: f.Tuple, TTL: 64, Window: window,
			})
			if d == flow.Backward && window < 512 {
				window += uint16(2 * rng.IntN(3)) // as segments come in
			}
		}
		if s.handshake {
			add(flow.Forward, flow.SYN, 0)
			add(flow.Backward, flow.SYN|flow.ACK, 0)
			add(flow.Forward, flow.ACK, 0)
		}
		for range 1 + rng.IntN(s.requests) {
			add(flow.Forward, flow.PSH|flow.ACK, 80+rng.IntN(120))
			for range 1 + rng.IntN(3) {
				add(flow.Backward, flow.PSH|flow.ACK, 200+rng.IntN(s.payload-200))
				add(flow.Forward, flow.ACK, 0)
			}
		}
		add(flow.Forward, flow.FIN|flow.ACK, 0)
		add(flow.Backward, flow.FIN|flow.ACK, 0)
		add(flow.Forward, flow.ACK, 0)
		flows[i] = f
	}
	return flows
}

// resample draws n flows with replacement, as the bootstrap baseline does.
func resample(flows []*flow.Flow, n int, seed uint64) []*flow.Flow {
	rng := rand.New(rand.NewPCG(seed, 12))
	drawn := make([]*flow.Flow, n)
	for i := range drawn {
		drawn[i] = flows[rng.IntN(len(flows))]
	}
	return drawn
}
