// Package timeline has the order of packets in time: gaps, and traffic without
// flows, which is one timeline.
//
//	Order, Place     the packets of all flows in time order
//	Segments         the packets of flows as one timeline, cut into blocks
//	Pace             what is learnt of such a timeline, and lays drawn blocks one behind the other
//	Turns, FitTies   first gaps before answers, and in which directions later ones are like them
//	LogGap, GapBefore, Arrivals, Resolution  times between packets and flows
package timeline

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// ShortestGap stands for a gap of zero, in seconds: below the resolution of any
// capture. LongestGap is the longest time between two packets that is believed, a
// year: what is longer is a clock that was set, as where captures of 1970 and of today
// are merged, and a few such gaps would run out of time stamps.
const (
	ShortestGap = 1e-9
	LongestGap  = 365 * 86400.
)

// LogGap returns log10 of a gap in seconds, which counts as LongestGap at most.
func LogGap(gap time.Duration) float64 {
	return math.Log10(min(max(ShortestGap, gap.Seconds()), LongestGap))
}

// Believed reports whether a time between two packets or flows is LongestGap at most.
func Believed(nanoseconds int64) bool { return float64(nanoseconds)/1e9 <= LongestGap }

// GapBefore returns the time between packet i and the one before it; 0 for the first.
func GapBefore(f *flow.Flow, i int) time.Duration {
	if i == 0 {
		return 0
	}
	return time.Duration(max(0, f.Packets[i].Time-f.Packets[i-1].Time))
}

// Resolution returns the coarsest of 1 ms, 1 us and 1 ns that all times are multiples of.
func Resolution(flows []*flow.Flow) int64 {
	for _, unit := range []int64{1e6, 1e3} {
		whole := true
		for _, f := range flows {
			for i := range f.Packets {
				whole = whole && f.Packets[i].Time%unit == 0
			}
		}
		if whole {
			return unit
		}
	}
	return 1
}

// Place is a packet's position: its flow and its index in it.
type Place struct{ Flow, Packet int }

// Order returns the places of the packets of all flows by time; ties go by flow,
// then by packet. It is the order in which features look back.
func Order(flows []*flow.Flow) []Place {
	var places []Place
	for i, f := range flows {
		for j := range f.Packets {
			places = append(places, Place{i, j})
		}
	}
	slices.SortStableFunc(places, func(a, b Place) int {
		return cmp.Compare(flows[a.Flow].Packets[a.Packet].Time, flows[b.Flow].Packets[b.Packet].Time)
	})
	return places
}

// Lengths returns the number of packets of each flow.
func Lengths(flows []*flow.Flow) []int {
	lengths := make([]int, len(flows))
	for i, f := range flows {
		lengths[i] = len(f.Packets)
	}
	return lengths
}

// Arrivals returns the nanoseconds from each flow's Before to its start, apart from
// the first flow's and those that are not believed: what the starts of flows are drawn
// from. It is never empty.
func Arrivals(flows []*flow.Flow) []int64 {
	between := []int64{}
	for _, f := range flows[min(1, len(flows)):] {
		if since := max(0, f.Start()-f.Before); Believed(since) {
			between = append(between, since)
		}
	}
	if len(between) == 0 {
		between = append(between, int64(time.Second))
	}
	return between
}
