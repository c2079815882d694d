package analysis

import (
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity"
)

// need is something that an analysis needs of a side.
type need struct {
	words string
	lack  func(s *Side) string // why the side has none; empty: it has
}

var (
	needPackets = need{"packets", func(s *Side) string {
		if len(s.Traffic.Sample) == 0 {
			return "there are no packets, only a table of flows"
		}
		return ""
	}}
	needFlows = need{"flows", func(s *Side) string {
		if s.Traffic.Timeline {
			return "the traffic is one timeline without flows"
		}
		return ""
	}}
	needTimes = need{"places in time", func(s *Side) string {
		if s.Traffic.Lacks&fidelity.NoStarts != 0 {
			return "the file does not say when its flows start"
		}
		return ""
	}}
	needAddresses = need{"addresses", func(s *Side) string {
		if s.Traffic.Lacks&fidelity.NoAddresses != 0 {
			return "the packets have no addresses and ports"
		}
		return ""
	}}
	needDevices = need{"devices", func(s *Side) string {
		if s.Traffic.Lacks&fidelity.NoDevices != 0 {
			return "the uplinks have no devices, counters and ports"
		}
		return ""
	}}
	needFlags = need{"TCP flags", func(s *Side) string {
		return without(s, func(p *flow.Packet) bool { return p.Flags != 0 }, "no packet has TCP flags")
	}}
	needTurns = need{"two directions", func(s *Side) string {
		return without(s, func(p *flow.Packet) bool { return p.Direction == flow.Backward }, "all packets go one way")
	}}
	needRadio = need{"radio metadata", func(s *Side) string {
		return without(s, func(p *flow.Packet) bool { return p.Radio != nil }, "no packet is a LoRaWAN uplink")
	}}
	needLayers = need{"layers", func(s *Side) string {
		return without(s, func(p *flow.Packet) bool { return p.Layers.Count() > 0 }, "the packets' layers are not known")
	}}
	needLatent = need{"the latent space of a run", func(s *Side) string {
		if s.Latent == nil {
			return "there is no run with a latent space to look at"
		}
		return ""
	}}
)

// without returns why, unless some packet of the sample has a property.
func without(s *Side, has func(p *flow.Packet) bool, why string) string {
	if lack := needPackets.lack(s); lack != "" {
		return lack
	}
	for _, f := range s.Traffic.Sample {
		for i := range f.Packets {
			if has(&f.Packets[i]) {
				return ""
			}
		}
	}
	return why
}
