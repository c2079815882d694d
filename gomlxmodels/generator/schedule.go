package generator

import (
	"errors"
	"fmt"
)

// Schedule gives a request what is otherwise drawn: when flows start and how large
// they are, or, of a timeline without flows, when its packets are sent. It is taken
// from a period of the original, or from a table of flows. One of the two lists is
// filled; both are in time order.
type Schedule struct {
	Flows   []ScheduledFlow
	Packets []ScheduledPacket
}

// ScheduledFlow is a flow of a Schedule.
type ScheduledFlow struct {
	After   int64 // nanoseconds since the schedule's first flow
	Packets int64 // at least 1; the flow that is generated has as many

	// Summary is what the aggregate level knows of the flow, in the order of
	// package aggregate's columns; nil where only Packets and Payload are known, and
	// the rest is that of a drawn flow of this size.
	Summary []float64
	Payload int64 // bytes both ways; -1: not known

	Client, Server int // hosts of the run's plan; -1: drawn
}

// ScheduledPacket is a packet of a timeline without flows.
type ScheduledPacket struct {
	After  int64 // nanoseconds since the schedule's first packet
	Device int   // of LoRaWAN: the number of the device that sends it, from 0; -1: drawn
}

// Len returns the number of flows, or of packets of a timeline.
func (s *Schedule) Len() int { return max(len(s.Flows), len(s.Packets)) }

// validate refuses a schedule that nothing can follow.
func (s *Schedule) validate() error {
	if s.Len() == 0 || len(s.Flows) > 0 && len(s.Packets) > 0 {
		return fmt.Errorf("generator: a schedule of %d flows and %d packets: want either flows or packets", len(s.Flows), len(s.Packets))
	}
	last := int64(0)
	for i, f := range s.Flows {
		if f.After < last || f.Packets < 1 {
			return fmt.Errorf("generator: scheduled flow %d of %d packets, %d ns after the first: want at least 1 packet, and flows in the order of their starts", i, f.Packets, f.After)
		}
		last = f.After
	}
	for i, p := range s.Packets {
		if p.After < last {
			return fmt.Errorf("generator: scheduled packet %d, %d ns after the first: want packets in time order", i, p.After)
		}
		last = p.After
	}
	return nil
}

// ErrNoFlows and ErrFlows say that a schedule is not of the kind of traffic that a
// generator has learnt.
var (
	ErrNoFlows = errors.New("generator: a schedule of flows for a timeline without flows: want one of packets")
	ErrFlows   = errors.New("generator: a schedule of packets for traffic with flows: want one of flows")
)
