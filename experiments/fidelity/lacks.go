package fidelity

import (
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Lacks says what the packets of one side do not tell, as those of a generator's
// table. Scores that need it have a note in place of a value.
type Lacks uint8

// What packets may lack.
const (
	NoAddresses Lacks = 1 << iota // addresses and ports
	NoStarts                      // when flows start
	NoFlags                       // TCP flags
	NoPadding                     // which bytes of a frame are padding: they count as payload
	NoDevices                     // uplinks: device, counter, port and message type
	NoHeaders                     // what headers take and say beside addresses and ports: lengths are those of IP packets
)

// lacksWords say what is lacking, in the order of the bits.
var lacksWords = [...]string{"addresses and ports", "starts of flows", "TCP flags", "padding", "devices, counters, ports and message types", "lengths of headers and payloads"}

// String lists what is lacking.
func (l Lacks) String() string {
	var words []string
	for i, word := range lacksWords {
		if l&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}

// Remove takes from flows what others lack, so that both sides look alike to the
// scores that look at several things at once.
func (l Lacks) Remove(flows []*flow.Flow) {
	for _, f := range flows {
		for i := range f.Packets {
			p := &f.Packets[i]
			if l&NoHeaders != 0 {
				withoutHeaders(p)
			}
			if l&NoFlags != 0 {
				p.Flags = 0
			}
			if r := p.Radio; r != nil && l&NoDevices != 0 {
				changed := *r
				changed.Address, changed.Counter, changed.Port, changed.MType = 1, 0, 1, 2
				p.Radio = &changed
			} else if r == nil && l&NoPadding != 0 {
				p.PayloadLength = max(0, p.Length-p.HeaderLength)
			}
		}
	}
}

// withoutHeaders leaves of a packet its addresses, its times and, as its length, that of
// its IP packet. The rest counts as payload.
func withoutHeaders(p *flow.Packet) {
	if length := p.IPLength(); length > 0 {
		p.Length = length
	}
	p.HeaderLength, p.PayloadLength, p.Seq, p.Ack, p.Window, p.MSS, p.SrcMAC, p.DstMAC = 0, p.Length, 0, 0, 0, 0, flow.MAC{}, flow.MAC{}
	p.ID, p.DontFragment, p.Options, p.Stamp = 0, false, 0, 0
}

// needing marks measures that need something.
func needing(l Lacks, list []measure) []measure {
	for i := range list {
		list[i].needs |= l
	}
	return list
}
