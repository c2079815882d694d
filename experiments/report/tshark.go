package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/analysis"
)

// TsharkLine is a command line of tshark that shows to a user of Wireshark what the
// report says. What stands behind -Y, and what follows a comma of -z io,stat, is a display
// filter, which Wireshark's own filter bar takes too.
type TsharkLine struct {
	Level   string // of the scores that it shows
	Shows   string
	Command string // for the folder of the run
}

// captureName is the capture of a run.
const captureName = "generated.pcap"

// originalName is what Tshark calls the original's packets of the application.
const originalName = "original.pcap"

// Tshark returns the lines for the run's capture, and before them the one that cuts the
// same packets out of the original, if that is one capture at hand. A run without a
// capture has none.
func (a *Data) Tshark() []TsharkLine {
	if !a.Manifest.Has(captureName) || a.Generated.Packets == 0 {
		return nil
	}
	var all []TsharkLine
	if line, ok := a.originalLine(); ok {
		all = append(all, line)
	}
	add := func(level, shows, arguments string) {
		all = append(all, TsharkLine{level, shows, "tshark -n -r " + captureName + " " + arguments})
	}
	protocols := a.protocols()
	add("packet", "the lengths of the frames, in classes", "-q -z plen,tree")
	add("packet", "the layers, with packets and bytes", "-q -z io,phs")
	if protocols[flow.TCP] {
		add("order", "how many segments open connections, answer, close and reset", "-q -z io,stat,0,"+
			"'tcp.flags.syn == 1 && tcp.flags.ack == 0','tcp.flags.syn == 1 && tcp.flags.ack == 1','tcp.flags.fin == 1','tcp.flags.reset == 1'")
	}
	for _, p := range transports {
		if protocols[p.number] {
			add("flow", "the conversations over "+strings.ToUpper(p.name)+", with packets, bytes, start and duration", "-q -z conv,"+p.name)
		}
	}
	add("load", a.totals(), "-q -z io,stat,0")
	add("load", "packets and bytes in each second", "-q -z io,stat,1")
	for _, p := range transports {
		if protocols[p.number] {
			add("classifier", "the gaps: seconds since the packet before in the same conversation", fmt.Sprintf("-Y %s -T fields -e %s.stream -e %s.time_delta", p.name, p.name, p.name))
		}
	}
	if protocols[flow.TCP] {
		add("classifier", "header fields: time to live, receive window and segment size where connections open",
			"-Y 'tcp.flags.syn == 1' -T fields -e ip.src -e ip.ttl -e ipv6.src -e ipv6.hlim -e tcp.window_size_value -e tcp.options.mss_val")
		add("tools", "retransmissions, segments out of order, duplicate acknowledgements and closed windows", "-q -z io,stat,0,"+
			"tcp.analysis.retransmission,tcp.analysis.out_of_order,tcp.analysis.duplicate_ack,tcp.analysis.zero_window")
	}
	if a.uplinks() {
		add("radio", "frequency in Hz and spreading factor of each uplink", "-T fields -e loratap.channel.frequency -e loratap.channel.sf")
	}
	add("tools", "notes, warnings and errors, with how often each comes", "-q -z expert,note")
	return all
}

// totals counts what was generated; of uplinks the bytes of the records differ.
func (a *Data) totals() string {
	text := fmt.Sprintf("all %s packets", thousands(a.Generated.Packets))
	if !a.uplinks() {
		text += fmt.Sprintf(" and %s bytes", thousands(a.Generated.Bytes))
	}
	return text
}

// transport is a transport protocol whose flows tshark lists.
type transport struct {
	number uint8
	name   string // of its fields
}

var transports = []transport{{flow.TCP, "tcp"}, {flow.UDP, "udp"}}

// protocols is the set of the generated packets' IP protocols.
func (a *Data) protocols() map[uint8]bool {
	set := make(map[uint8]bool)
	for _, f := range a.Generated.Sample {
		for i := range f.Packets {
			set[f.Packets[i].Tuple.Proto] = true
		}
	}
	return set
}

// uplinks reports whether the generated packets are uplinks as LoRaTap records, which no IP
// packet carries.
func (a *Data) uplinks() bool {
	return slices.ContainsFunc(a.Generated.Sample, func(f *flow.Flow) bool { return f.Packets[0].Radio != nil && f.Packets[0].Tuple.Proto == 0 })
}

// mostPorts is the number of services that a filter names at most.
const mostPorts = 12

// originalLine cuts the learnt and held-out packets out of the original, so that the
// other lines can be asked about both. There is none where the original is no single
// capture, or has so many services that ports do not tell it from other traffic.
func (a *Data) originalLine() (line TsharkLine, ok bool) {
	var paths []string
	for _, in := range a.Manifest.Inputs {
		if _, isTable := table.FormatOf(in.Path); in.Name == "data" && in.Path != "" && isTable != nil {
			paths = append(paths, in.Path)
		}
	}
	filter := a.serviceFilter()
	if len(paths) != 1 || filter == "" {
		return line, false
	}
	return TsharkLine{"packet", fmt.Sprintf("the original's packets of %s, for all lines below with %s in place of %s; the path is as the run was given it", a.Manifest.Config.Data.Application, originalName, captureName),
		fmt.Sprintf("tshark -n -r %s -Y '%s' -w %s", Quote(paths[0]), filter, originalName)}, true
}

// serviceFilter is a display filter of the real flows: their services, and the time from
// their first packet to their last one where a part of the original was learnt. It is empty
// where they have no ports, or too many.
func (a *Data) serviceFilter() string {
	services := make(map[string]bool)
	for _, t := range []*analysis.Traffic{a.Training, a.HeldOut} {
		for _, f := range t.Sample {
			at := slices.IndexFunc(transports, func(p transport) bool { return p.number == f.Tuple.Proto })
			if at < 0 {
				return ""
			}
			services[fmt.Sprintf("%s.port == %d", transports[at].name, f.Tuple.Dst.Port())] = true
		}
	}
	if len(services) == 0 || len(services) > mostPorts {
		return ""
	}
	filter := strings.Join(sortedKeys(services), " || ")
	if d := a.Manifest.Config.Data; d.From.IsZero() && d.To.IsZero() && d.Limit == 0 {
		return filter
	}
	first, last := min(a.Training.First, a.HeldOut.First), max(a.Training.Last, a.HeldOut.Last)
	return fmt.Sprintf("(%s) && frame.time_epoch >= %d.%09d && frame.time_epoch <= %d.%09d", filter, first/1e9, first%1e9, last/1e9, last%1e9)
}
