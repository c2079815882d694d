// Package training reads what the stages of a generator learn from.
//
//	Read     the flows and the Traffic of a stage, as a Set
//	Set      what is learnt: flows, or segments of a timeline
package training

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Deps are the artifacts that Read opens.
var Deps = []string{generator.TrainingName, generator.TrafficName}

// Set is what a generator learns from, flows in start order.
type Set struct {
	Flows   []*flow.Flow
	Traffic generator.Traffic
	Pace    *timeline.Pace // nil: flows are flows, not segments of one timeline
	Doubts  []error        // about the set; one stage of a generator should tell them
}

// Read reads the training flows of a stage that declares Deps. With oneProtocol it
// leaves out the flows that are not of the most frequent IP protocol, unless they
// are segments.
func Read(env *stage.Env, oneProtocol bool) (*Set, error) {
	traffic, err := artifact.Read(env.Path, generator.TrafficName, generator.ReadTraffic)
	if err != nil {
		return nil, err
	}
	path, err := env.Path(generator.TrainingName)
	if err != nil {
		return nil, err
	}
	flows, err := table.ReadFlowPackets(path, nil)
	if err != nil {
		return nil, fmt.Errorf("generator: training flows: %w", err)
	}
	return Of(flows, traffic, oneProtocol)
}

// Of returns the set of flows that are in memory, without what the network has lost of
// them: what is sent again is no part of what the two ends mean, and the frames of a
// generated flow lose segments of their own.
func Of(flows []*flow.Flow, traffic generator.Traffic, oneProtocol bool) (*Set, error) {
	s := &Set{Flows: make([]*flow.Flow, len(flows)), Traffic: traffic}
	for i, f := range flows {
		s.Flows[i] = f.WithoutLosses()
	}
	s.leaveOutDownlinks()
	if oneProtocol && traffic.Segment == 0 {
		s.leaveOutProtocols()
	}
	switch n := len(s.Flows); {
	case n < generator.MinFlows && traffic.Part == 0:
		return nil, fmt.Errorf("generator: %d flows to learn from: want at least %d", n, generator.MinFlows)
	case n < generator.FewFlows:
		s.Doubts = append(s.Doubts, fmt.Errorf("generator: only %d flows to learn from: what is generated will be close to them, and scores say little below %d", n, generator.FewFlows))
	}
	var err error
	if traffic.Segment > 0 {
		s.Pace, err = timeline.Fit(s.Flows)
	}
	return s, err
}

// mostDownlinks is the greatest fraction of flows without radio fields among uplinks.
const mostDownlinks = 0.05

// leaveOutDownlinks leaves out the few flows that are no uplinks among those that are:
// what a gateway heard of other gateways.
func (s *Set) leaveOutDownlinks() {
	n := s.leaveOut(mostDownlinks, func(f *flow.Flow) bool { return f.Packets[0].Radio == nil })
	if n > 0 {
		s.Doubts = append(s.Doubts, fmt.Errorf("generator: %d flows among LoRaWAN uplinks are none (downlinks that the gateway heard) and are left out", n))
	}
}

// leaveOutProtocols keeps the flows of the most frequent IP protocol.
func (s *Set) leaveOutProtocols() {
	protocol := Protocol(s.Flows)
	n := s.leaveOut(1, func(f *flow.Flow) bool { return f.Tuple.Proto != protocol })
	if n > 0 {
		s.Doubts = append(s.Doubts, fmt.Errorf("generator: %d flows that are not of IP protocol %d are left out: the paper's network writes one", n, protocol))
	}
}

// leaveOut removes the flows for which out holds, if they are no more than a fraction
// of all, and returns how many it has removed.
func (s *Set) leaveOut(fraction float64, out func(*flow.Flow) bool) int {
	var kept []*flow.Flow
	for _, f := range s.Flows {
		if !out(f) {
			kept = append(kept, f)
		}
	}
	n := len(s.Flows) - len(kept)
	if float64(n) > fraction*float64(len(s.Flows)) {
		return 0
	}
	s.Flows = kept
	return n
}

// Protocol returns the IP protocol of most flows.
func Protocol(flows []*flow.Flow) uint8 {
	var counts [256]int
	best := uint8(0)
	for _, f := range flows {
		p := f.Tuple.Proto
		counts[p]++
		if counts[p] > counts[best] {
			best = p
		}
	}
	return best
}
