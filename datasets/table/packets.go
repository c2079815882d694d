package table

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// packetColumns are the columns of a packet table, in order. They are written by
// packetBatch.
var packetColumns = slices.Concat(
	[]rowColumn[flow.Packet]{
		number("number", kindInt64, func(p *flow.Packet) *int64 { return &p.Number }),
		number("time", kindTime, func(p *flow.Packet) *int64 { return &p.Time }),
		number("length", kindInt32, func(p *flow.Packet) *int32 { return &p.Length }),
		number("captured", kindInt32, func(p *flow.Packet) *int32 { return &p.Captured }),
		number("header_length", kindInt32, func(p *flow.Packet) *int32 { return &p.HeaderLength }),
		number("payload_length", kindInt32, func(p *flow.Packet) *int32 { return &p.PayloadLength }),
		{"mac_src", kindText, setText(parseMAC, func(p *flow.Packet, v flow.MAC) { p.SrcMAC = v }), nil},
		{"mac_dst", kindText, setText(parseMAC, func(p *flow.Packet, v flow.MAC) { p.DstMAC = v }), nil},
	},
	tupleColumns(func(p *flow.Packet) *flow.FiveTuple { return &p.Tuple }),
	[]rowColumn[flow.Packet]{
		number("ttl", kindUint8, func(p *flow.Packet) *uint8 { return &p.TTL }),
		{"fragment", kindBool, setBool(func(p *flow.Packet, v bool) { p.Fragment = v }), nil},
		{"flags", kindUint8, setNumber(func(p *flow.Packet, v uint8) { p.Flags = flow.TCPFlags(v) }), nil},
		number("seq", kindUint32, func(p *flow.Packet) *uint32 { return &p.Seq }),
		number("ack", kindUint32, func(p *flow.Packet) *uint32 { return &p.Ack }),
		number("window", kindUint16, func(p *flow.Packet) *uint16 { return &p.Window }),
		number("mss", kindUint16, func(p *flow.Packet) *uint16 { return &p.MSS }),
		{"dont_fragment", kindBool, setBool(func(p *flow.Packet, v bool) { p.DontFragment = v }), nil},
		number("ip_id", kindUint16, func(p *flow.Packet) *uint16 { return &p.ID }),
		{"tcp_options", kindText, setText(parseOptions, func(p *flow.Packet, v flow.TCPOptions) { p.Options = v }), nil},
		number("timestamp", kindUint32, func(p *flow.Packet) *uint32 { return &p.Stamp }),
		applicationColumn(func(p *flow.Packet) *flow.Application { return &p.Application }),
		number("flow_id", kindInt64, func(p *flow.Packet) *int64 { return &p.FlowID }),
		{"direction", kindUint8, setNumber(func(p *flow.Packet, v uint8) { p.Direction = flow.Direction(v) }), nil},
	},
	layerColumns(), radioColumns,
	[]rowColumn[flow.Packet]{{"capture", kindText, setText(parseCapture, func(p *flow.Packet, v string) { p.Capture = v }), nil},
		{"encapsulation", kindText, setText(flow.ParseEncapsulation, func(p *flow.Packet, v *flow.Encapsulation) { p.Encapsulation = v }), nil},
		{"message", kindText, setText(flow.ParseMessage, func(p *flow.Packet, v *flow.Message) { p.Message = v }), nil}})

var packetFields = fieldsOf(packetColumns)

// PacketSource is where the packets of a table come from, which decides the columns that
// it has: one that a source never fills only makes a CSV file wider.
type PacketSource uint8

// The sources. Readers take a table of any of them.
const (
	AnySource     PacketSource = iota // all columns, also for one capture whose frames are encapsulated
	NetworkSource                     // one capture of frames: without radio metadata, the name of the capture, what was taken off its frames and messages
	RadioSource                       // one capture of LoRaWAN uplinks by radio: without addresses, ports, TCP fields, and what a NetworkSource is without but radio metadata
)

// columns returns the positions in packetColumns of the columns that a source has.
func (s PacketSource) columns() []int {
	var kept []int
	for i, f := range packetFields {
		radio := slices.ContainsFunc(radioColumns, func(c rowColumn[flow.Packet]) bool { return c.name == f.name })
		network := slices.Contains(networkColumns, f.name)
		switch {
		case s != AnySource && slices.Contains(rareColumns, f.name), s == NetworkSource && radio, s == RadioSource && network:
		default:
			kept = append(kept, i)
		}
	}
	return kept
}

// rareColumns are those that most captures leave empty.
var rareColumns = []string{"capture", "encapsulation", "message"}

// networkColumns are the columns that a packet without network addresses leaves empty.
var networkColumns = []string{"mac_src", "mac_dst", "ip_src", "ip_dst", "sport", "dport", "protocol", "ttl", "fragment", "flags", "seq", "ack", "window", "mss",
	"dont_fragment", "ip_id", "tcp_options", "timestamp"}

func layerColumns() []rowColumn[flow.Packet] {
	var columns []rowColumn[flow.Packet]
	for i := range flow.MaxLayers {
		columns = append(columns,
			rowColumn[flow.Packet]{fmt.Sprintf("layers_%d", i), kindText, setText(parseLayer, func(p *flow.Packet, v flow.LayerName) { p.Layers[i].Name = v }), nil},
			number(fmt.Sprintf("length_%d", i), kindInt32, func(p *flow.Packet) *int32 { return &p.Layers[i].Length }))
	}
	return columns
}

// packetBatch is up to batchRows rows of a packet table as columns. The arrays
// have a constant length so that a store costs no bounds check (40 of them a packet).
type packetBatch struct {
	kept                              []int // positions in packetFields of the table's columns; nil: all
	n                                 int
	number, time, flowID              [batchRows]int64
	length, captured, header, payload [batchRows]int32
	macSrc, macDst                    coder[flow.MAC]
	ipSrc, ipDst                      coder[netip.Addr]
	sport, dport, window, mss, ipID   [batchRows]uint16
	protocol, ttl, flags, direction   [batchRows]uint8
	fragment, dontFragment            [batchRows]bool
	seq, ack, timestamp               [batchRows]uint32
	options                           coder[flow.TCPOptions]
	application                       [batchRows]flow.Application
	layers                            [flow.MaxLayers][batchRows]uint8
	lengths                           [flow.MaxLayers][batchRows]int32
	radio                             *radioBatch // nil until an uplink comes
	capture                           coder[string]
	encapsulation                     coder[*flow.Encapsulation]
	message                           coder[said]
}

// add adds a packet to a batch that is not full.
func (b *packetBatch) add(p *flow.Packet) {
	i := uint(b.n) % batchRows
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
	b.dontFragment[i], b.ipID[i], b.timestamp[i] = p.DontFragment, p.ID, p.Stamp
	b.options.add(i, p.Options, hashOptions(p.Options), flow.TCPOptions.String)
	b.application[i], b.direction[i] = p.Application, uint8(p.Direction)
	for l := range p.Layers {
		b.layers[l][i], b.lengths[l][i] = uint8(p.Layers[l].Name), p.Layers[l].Length
	}
	b.capture.add(i, p.Capture, uint8(len(p.Capture)), textCapture)
	b.encapsulation.add(i, p.Encapsulation, hashEncapsulation(p.Encapsulation), (*flow.Encapsulation).String)
	message := saidBy(p)
	b.message.add(i, message, uint8(message.Kind>>8)^uint8(message.Kind)^hashAddr(message.Target), said.String)
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
		b.number[:n], timeColumn(b.time[:n]), b.length[:n], b.captured[:n], b.header[:n], b.payload[:n],
		b.macSrc.dictionary(n), b.macDst.dictionary(n), b.ipSrc.dictionary(n), b.ipDst.dictionary(n),
		b.sport[:n], b.dport[:n], b.protocol[:n], b.ttl[:n], b.fragment[:n],
		b.flags[:n], b.seq[:n], b.ack[:n], b.window[:n], b.mss[:n],
		b.dontFragment[:n], b.ipID[:n], b.options.dictionary(n), b.timestamp[:n],
		applicationNames(b.application[:n]), b.flowID[:n], b.direction[:n],
	}
	for l := range b.layers {
		values = append(values, enumColumn{b.layers[l][:n], textLayer}, b.lengths[l][:n])
	}
	values = append(append(values, b.radio.values(n)...), b.capture.dictionary(n), b.encapsulation.dictionary(n), b.message.dictionary(n))
	columns := make([]column, len(values))
	for i := range values {
		columns[i] = column{packetFields[i].name, values[i]}
	}
	if b.kept == nil {
		return columns
	}
	return taken(columns, b.kept)
}

// reset empties the batch.
func (b *packetBatch) reset() {
	b.n = 0
	b.macSrc.reset()
	b.macDst.reset()
	b.ipSrc.reset()
	b.ipDst.reset()
	b.options.reset()
	b.radio.reset()
	b.capture.reset()
	b.encapsulation.reset()
	b.message.reset()
}
