package table

import (
	"fmt"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// packetFields are the columns of a packet table, in order.
var packetFields = append([]field{
	{"number", kindInt64}, {"time", kindTime}, {"length", kindInt32}, {"captured", kindInt32},
	{"header_length", kindInt32}, {"payload_length", kindInt32},
	{"mac_src", kindText}, {"mac_dst", kindText}, {"ip_src", kindText}, {"ip_dst", kindText},
	{"sport", kindUint16}, {"dport", kindUint16}, {"protocol", kindUint8}, {"ttl", kindUint8}, {"fragment", kindBool},
	{"flags", kindUint8}, {"seq", kindUint32}, {"ack", kindUint32}, {"window", kindUint16}, {"mss", kindUint16},
	{"application", kindText}, {"flow_id", kindInt64}, {"direction", kindUint8},
}, append(layerFields(), radioFields...)...)

func layerFields() []field {
	var fields []field
	for i := range flow.MaxLayers {
		fields = append(fields, field{fmt.Sprintf("layers_%d", i), kindText}, field{fmt.Sprintf("length_%d", i), kindInt32})
	}
	return fields
}

// packetBatch is up to BatchRows rows of a packet table as columns. The arrays
// have a constant length so that a store costs no bounds check (40 of them a packet).
type packetBatch struct {
	n                                 int
	number, time, flowID              [BatchRows]int64
	length, captured, header, payload [BatchRows]int32
	macSrc, macDst                    coder[flow.MAC]
	ipSrc, ipDst                      coder[netip.Addr]
	sport, dport, window, mss         [BatchRows]uint16
	protocol, ttl, flags, direction   [BatchRows]uint8
	fragment                          [BatchRows]bool
	seq, ack                          [BatchRows]uint32
	application                       [BatchRows]uint8
	layers                            [flow.MaxLayers][BatchRows]uint8
	lengths                           [flow.MaxLayers][BatchRows]int32
	radio                             *radioBatch // nil until an uplink comes
}

// add adds a packet to a batch that is not full.
func (b *packetBatch) add(p *flow.Packet) {
	i := uint(b.n) % BatchRows
	b.n++
	b.number[i], b.time[i], b.flowID[i] = p.Number, p.Time, p.FlowID
	b.length[i], b.captured[i] = p.Length, p.Captured
	b.header[i], b.payload[i] = p.HeaderLength, p.PayloadLength
	b.macSrc.add(i, p.SrcMAC, hashMAC(&p.SrcMAC), textMAC)
	b.macDst.add(i, p.DstMAC, hashMAC(&p.DstMAC), textMAC)
	src, dst := p.Tuple.Src.Addr(), p.Tuple.Dst.Addr()
	b.ipSrc.add(i, src, hashAddr(src), textAddr)
	b.ipDst.add(i, dst, hashAddr(dst), textAddr)
	b.sport[i], b.dport[i] = p.Tuple.Src.Port(), p.Tuple.Dst.Port()
	b.protocol[i], b.ttl[i], b.fragment[i] = p.Tuple.Proto, p.TTL, p.Fragment
	b.flags[i], b.seq[i], b.ack[i] = uint8(p.Flags), p.Seq, p.Ack
	b.window[i], b.mss[i] = p.Window, p.MSS
	b.application[i], b.direction[i] = uint8(p.Application), uint8(p.Direction)
	for l := range p.Layers {
		b.layers[l][i], b.lengths[l][i] = uint8(p.Layers[l].Name), p.Layers[l].Length
	}
	if p.Radio != nil {
		if b.radio == nil {
			b.radio = new(radioBatch)
		}
		b.radio.add(int(i), p.Radio)
	}
}

func (b *packetBatch) rows() int { return b.n }

// columns are the batch's columns in the order of packetFields. They share its memory.
func (b *packetBatch) columns() []column {
	n := b.n
	values := []any{
		b.number[:n], times(b.time[:n]), b.length[:n], b.captured[:n], b.header[:n], b.payload[:n],
		b.macSrc.words(n), b.macDst.words(n), b.ipSrc.words(n), b.ipDst.words(n),
		b.sport[:n], b.dport[:n], b.protocol[:n], b.ttl[:n], b.fragment[:n],
		b.flags[:n], b.seq[:n], b.ack[:n], b.window[:n], b.mss[:n],
		names{b.application[:n], textApplication}, b.flowID[:n], b.direction[:n],
	}
	for l := range b.layers {
		values = append(values, names{b.layers[l][:n], textLayer}, b.lengths[l][:n])
	}
	values = append(values, b.radio.values(n)...)
	columns := make([]column, len(values))
	for i := range values {
		columns[i] = column{packetFields[i].name, values[i]}
	}
	return columns
}

// reset empties the batch.
func (b *packetBatch) reset() {
	b.n = 0
	b.macSrc.reset()
	b.macDst.reset()
	b.ipSrc.reset()
	b.ipDst.reset()
	b.radio.reset()
}
