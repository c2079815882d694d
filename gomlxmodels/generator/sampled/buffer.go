package sampled

import "github.com/necstgen/necstgen/datasets/flow"

// flowBuffer is a flow while it is drawn and while it waits for its turn. Its packets
// are a tenth of a flow.Packet's size, and its memory is used again.
type flowBuffer struct {
	number  int64 // among those of its sampler
	id      int64 // of the flow
	start   int64
	proto   uint8 // of the first packet, and so of the flow
	packets []drawnPacket
	radio   []*flow.Radio // of each packet; empty if they are no uplinks
}

// drawnPacket is what was drawn of a packet.
type drawnPacket struct {
	time                    int64
	length, header, payload int32
	direction               flow.Direction
	flags                   flow.TCPFlags
}

// begin makes d the empty buffer of a flow.
func (d *flowBuffer) begin(f *scheduledFlow) {
	*d = flowBuffer{number: f.number, id: f.Number, start: f.Start, packets: d.packets[:0], radio: d.radio[:0]}
}

// add appends a packet.
func (d *flowBuffer) add(p *flow.Packet) {
	d.packets = append(d.packets, drawnPacket{p.Time, p.Length, p.HeaderLength, p.PayloadLength, p.Direction, p.Flags})
	if p.Radio != nil {
		d.radio = append(d.radio, p.Radio)
	}
}

// flow returns the buffer as a flow with memory of its own.
func (d *flowBuffer) flow(application flow.Application) *flow.Flow {
	f := &flow.Flow{ID: d.id, Application: application, Packets: make([]flow.Packet, len(d.packets))}
	f.Tuple.Proto = d.proto
	for i := range d.packets {
		from, p := &d.packets[i], &f.Packets[i]
		p.Time, p.Length, p.Captured = from.time, from.length, from.length
		p.HeaderLength, p.PayloadLength = from.header, from.payload
		p.Tuple.Proto, p.Flags = d.proto, from.flags
		p.Application, p.FlowID, p.Direction = application, d.id, from.direction
		if len(d.radio) > 0 {
			p.Radio = d.radio[i]
			p.Layers[0] = flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}
		}
	}
	return f
}
