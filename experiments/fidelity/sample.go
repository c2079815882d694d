package fidelity

import (
	"math"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// gapFloor is the least gap and duration in seconds: what is shorter, two
// packets of one time stamp included, counts as this.
const gapFloor = 1e-6

// clock is the resolution of the real capture's time stamps in nanoseconds.
// Synthetic times are rounded to it, or their digits alone would give them away.
type clock int64

// clockOf is 1 us where all times are whole microseconds, otherwise 1 ns.
func clockOf(flows []*flow.Flow) clock {
	for _, f := range flows {
		for i := range f.Packets {
			if f.Packets[i].Time%1000 != 0 {
				return 1
			}
		}
	}
	return 1000
}

// logSeconds is log10 of a time difference in seconds, given in nanoseconds.
func (c clock) logSeconds(nanoseconds int64) float64 {
	rounded := (nanoseconds + int64(c)/2) / int64(c) * int64(c)
	return math.Log10(max(gapFloor, float64(rounded)/1e9))
}

// sample is what the scores look at, taken once from a set of flows. The slices
// of numbers are sorted unless they say otherwise.
type sample struct {
	flows []*flow.Flow
	clock clock

	length, header, payload []float64 // bytes, one a packet
	gap                     []float64 // log10 seconds, one a packet but the first of each flow

	direction, flags, protocol, serverPort, clientPort map[int]float64 // packets
	trigrams                                           map[uint64]float64

	packets, bytes, duration []float64 // log10, one a flow
	turn                     []float64 // log10 seconds, one a change of direction

	radio   *radioSample // nil: no packet is an uplink
	uplinks bool         // both sides of the comparison are uplinks
}

// newSample takes what the scores look at from flows.
func newSample(flows []*flow.Flow, c clock) *sample {
	s := &sample{
		flows: flows, clock: c,
		direction: map[int]float64{}, flags: map[int]float64{}, protocol: map[int]float64{},
		serverPort: map[int]float64{}, clientPort: map[int]float64{}, trigrams: map[uint64]float64{},
	}
	for _, f := range s.flows {
		s.addPackets(f)
		s.addFlow(f)
	}
	s.radio = newRadioSample(flows)
	for _, x := range [][]float64{s.length, s.header, s.payload, s.gap, s.packets, s.bytes, s.duration, s.turn} {
		slices.Sort(x)
	}
	return s
}

// addPackets takes what is of the packets of a flow.
func (s *sample) addPackets(f *flow.Flow) {
	n := float64(len(f.Packets))
	s.protocol[int(f.Tuple.Proto)] += n
	if f.Tuple.Dst.Port() != 0 {
		s.serverPort[int(f.Tuple.Dst.Port())] += n
		s.clientPort[portClass(f.Tuple.Src.Port())] += n
	}
	var trigram uint64
	for i := range f.Packets {
		p := &f.Packets[i]
		s.length = append(s.length, float64(p.Length))
		s.header = append(s.header, float64(p.HeaderLength))
		s.payload = append(s.payload, float64(p.PayloadLength))
		s.direction[int(p.Direction)]++
		if f.Tuple.Proto == flow.TCP {
			s.flags[int(p.Flags)]++
		}
		if i > 0 {
			s.gap = append(s.gap, s.clock.logSeconds(gapBefore(f, i)))
		}
		trigram = (trigram<<9 | uint64(p.Direction)<<8 | uint64(p.Flags)) & (1<<27 - 1)
		if i >= 2 {
			s.trigrams[trigram]++
		}
	}
}

// portClass returns ports that are assigned to services as they are, and for the
// others, which clients draw at random, a class of 4,096 ports.
func portClass(port uint16) int {
	if port < 1024 {
		return int(port)
	}
	return 1024 + int(port)>>12
}

// gapBefore is the time from the packet before packet i to it, in nanoseconds; 0
// where the clock steps back.
func gapBefore(f *flow.Flow, i int) int64 { return max(0, f.Packets[i].Time-f.Packets[i-1].Time) }

// addFlow takes what is of a flow as a whole.
func (s *sample) addFlow(f *flow.Flow) {
	s.packets = append(s.packets, math.Log10(float64(len(f.Packets))))
	s.bytes = append(s.bytes, math.Log10(math.Max(1, float64(f.Bytes()))))
	s.duration = append(s.duration, s.clock.logSeconds(int64(f.Duration())))
	for _, turn := range f.Turns(nil) {
		s.turn = append(s.turn, s.clock.logSeconds(turn.Time))
	}
}
