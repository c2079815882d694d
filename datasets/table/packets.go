package table

import (
	"fmt"
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

// packetFields are the columns of a packet table, in the order of PacketColumns.
var packetFields = append([]field{
	{"number", kindInt64}, {"time", kindTime}, {"length", kindInt32}, {"captured", kindInt32},
	{"header_length", kindInt32}, {"payload_length", kindInt32},
	{"mac_src", kindText}, {"mac_dst", kindText}, {"ip_src", kindText}, {"ip_dst", kindText},
	{"sport", kindUint16}, {"dport", kindUint16}, {"protocol", kindUint8}, {"ttl", kindUint8}, {"fragment", kindBool},
	{"flags", kindUint8}, {"seq", kindUint32}, {"ack", kindUint32}, {"window", kindUint16}, {"mss", kindUint16},
	{"application", kindText}, {"flow_id", kindInt64}, {"direction", kindUint8},
}, layerFields()...)

func layerFields() []field {
	var fields []field
	for i := range flow.MaxLayers {
		fields = append(fields, field{fmt.Sprintf("layers_%d", i), kindText}, field{fmt.Sprintf("length_%d", i), kindInt32})
	}
	return fields
}

// PacketColumns are the names of the columns of a packet table, in order.
func PacketColumns() []string {
	names := make([]string, len(packetFields))
	for i, f := range packetFields {
		names[i] = f.name
	}
	return names
}

// packetBatch is a packet table's rows as columns.
type packetBatch struct {
	number, flowID                    []int64
	time                              times
	length, captured, header, payload []int32
	macSrc, macDst                    *coder[flow.MAC]
	ipSrc, ipDst                      *coder[netip.Addr]
	sport, dport, window, mss         []uint16
	protocol, ttl, flags, direction   []uint8
	fragment                          []bool
	seq, ack                          []uint32
	application                       *coder[flow.Application]
	layers                            [flow.MaxLayers]*coder[flow.LayerName]
	lengths                           [flow.MaxLayers][]int32
}

func newPacketBatch() *packetBatch {
	b := &packetBatch{
		macSrc: newCoder(hashMAC, textMAC), macDst: newCoder(hashMAC, textMAC),
		ipSrc: newCoder(hashAddr, textAddr), ipDst: newCoder(hashAddr, textAddr),
		application: newCoder(func(a flow.Application) uint8 { return uint8(a) }, flow.Application.String),
	}
	for i := range b.layers {
		b.layers[i] = newCoder(func(n flow.LayerName) uint8 { return uint8(n) }, flow.LayerName.String)
	}
	return b
}

func (b *packetBatch) rows() int { return len(b.number) }

func (b *packetBatch) add(p *flow.Packet) {
	b.number = append(b.number, p.Number)
	b.time = append(b.time, p.Time)
	b.length = append(b.length, p.Length)
	b.captured = append(b.captured, p.Captured)
	b.header = append(b.header, p.HeaderLength)
	b.payload = append(b.payload, p.PayloadLength)
	b.macSrc.add(p.SrcMAC)
	b.macDst.add(p.DstMAC)
	b.ipSrc.add(p.Tuple.Src.Addr())
	b.ipDst.add(p.Tuple.Dst.Addr())
	b.sport = append(b.sport, p.Tuple.Src.Port())
	b.dport = append(b.dport, p.Tuple.Dst.Port())
	b.protocol = append(b.protocol, p.Tuple.Proto)
	b.ttl = append(b.ttl, p.TTL)
	b.fragment = append(b.fragment, p.Fragment)
	b.flags = append(b.flags, uint8(p.Flags))
	b.seq = append(b.seq, p.Seq)
	b.ack = append(b.ack, p.Ack)
	b.window = append(b.window, p.Window)
	b.mss = append(b.mss, p.MSS)
	b.application.add(p.Application)
	b.flowID = append(b.flowID, p.FlowID)
	b.direction = append(b.direction, uint8(p.Direction))
	for i := range p.Layers {
		b.layers[i].add(p.Layers[i].Name)
		b.lengths[i] = append(b.lengths[i], p.Layers[i].Length)
	}
}

// columns are the batch's columns in the order of packetFields. They share its memory.
func (b *packetBatch) columns() []column {
	values := []any{
		b.number, b.time, b.length, b.captured, b.header, b.payload,
		b.macSrc.words, b.macDst.words, b.ipSrc.words, b.ipDst.words,
		b.sport, b.dport, b.protocol, b.ttl, b.fragment,
		b.flags, b.seq, b.ack, b.window, b.mss,
		b.application.words, b.flowID, b.direction,
	}
	for i := range b.layers {
		values = append(values, b.layers[i].words, b.lengths[i])
	}
	columns := make([]column, len(values))
	for i := range values {
		columns[i] = column{packetFields[i].name, values[i]}
	}
	return columns
}

// reset empties the batch, keeping the memory.
func (b *packetBatch) reset() {
	b.number, b.flowID, b.time = b.number[:0], b.flowID[:0], b.time[:0]
	b.length, b.captured, b.header, b.payload = b.length[:0], b.captured[:0], b.header[:0], b.payload[:0]
	b.macSrc.reset()
	b.macDst.reset()
	b.ipSrc.reset()
	b.ipDst.reset()
	b.sport, b.dport, b.window, b.mss = b.sport[:0], b.dport[:0], b.window[:0], b.mss[:0]
	b.protocol, b.ttl, b.flags, b.direction = b.protocol[:0], b.ttl[:0], b.flags[:0], b.direction[:0]
	b.fragment, b.seq, b.ack = b.fragment[:0], b.seq[:0], b.ack[:0]
	b.application.reset()
	for i := range b.layers {
		b.layers[i].reset()
		b.lengths[i] = b.lengths[i][:0]
	}
}
