package necstgencsv

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net"
	"net/netip"
	"strings"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// packetRow is a row of a packet file: the packet, and what the authors computed.
type packetRow struct {
	// Packet has its layers, addresses and Capture; Captured is Length. HeaderLength and
	// PayloadLength follow from the layers' lengths by the corrected rule (D09).
	// FlowID is the file's, made unique across captures (D07).
	Packet flow.Packet

	// The rest is the authors', not a number where the file has no such column.
	Dynamics      feature.Dynamics
	PayloadLayers float64 // index of the first layer that is None
	HeaderLength  float64 // bytes before the last dissected layer
	PayloadLength float64
	CountPackets  float64 // Google Home: frames that a merged record stands for
}

// Packets reads a packet file, df_week*_*.csv or raw/df_raw_*.csv. A row that
// cannot be read is a *RowError in the stream, and reading goes on.
//
// Lengths are the corrected ones (D09): a header is that of link, network and transport
// layer, whatever the dissector took for the payload, and Ethernet's padding is
// neither. Capture is the column filename; flow ids that two captures share are told
// apart (D07).
//
// Direction is backward where the source port is the application's service port
// (25 and 587, 80, 161), or else where the source is not the source of the first
// packet of the flow; it needs flow ids.
func Packets(r io.Reader, name string) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		packetRows(r, name)(func(row *packetRow, err error) bool {
			if err != nil {
				return yield(flow.Packet{}, err)
			}
			return yield(row.Packet, nil)
		})
	}
}

// packetRows is Packets with the authors' features. The row is valid until the next.
func packetRows(r io.Reader, name string) iter.Seq2[*packetRow, error] {
	return func(yield func(*packetRow, error) bool) {
		s, err := openRows(r, name, "layers_0", "length_0", "layers_1", "length_1", "timestamps", "length_total")
		if err != nil {
			yield(nil, err)
			return
		}
		reader := packetReader{rows: s, flows: flowIDs{ids: make(map[flowName]*flowState), taken: make(map[int64]bool)}, lengths: newLengths(), layers: make(map[string]flow.LayerName)}
		var row packetRow
		for {
			err := s.Next()
			if err == io.EOF {
				return
			}
			if err == nil {
				row = packetRow{}
				if err = reader.read(&row); err != nil {
					err = s.Wrong(err)
				}
			}
			if err != nil {
				if !yield(nil, err) || !isRow(err) {
					return
				}
				continue
			}
			if !yield(&row, nil) {
				return
			}
		}
	}
}

// packetReader is what the rows of a file have in common.
type packetReader struct {
	*rows
	flows   flowIDs
	lengths *lengths
	capture string                    // of the row before
	layers  map[string]flow.LayerName // of the names so far
}

// read reads the current row.
func (s *packetReader) read(row *packetRow) error {
	p := &row.Packet
	if name := s.Text("filename"); name != s.capture {
		s.capture = strings.Clone(name)
	}
	p.Capture = s.capture
	var err error
	if p.Time, err = parseSeconds(s.Text("timestamps")); err != nil {
		return fmt.Errorf("column timestamps: %w", err)
	}
	if err := s.readLayers(p); err != nil {
		return err
	}
	if err := s.readAddresses(p); err != nil {
		return err
	}
	flags, err := s.integer("flags", 0, math.MaxUint8)
	if err != nil {
		return err
	}
	p.Flags = flow.TCPFlags(flags)
	if p.Number = s.Number(); s.Text("num_packet") != "" {
		if p.Number, err = s.integer("num_packet", 0, math.MaxInt64); err != nil {
			return err
		}
	}
	if p.Application, err = application(s.Text("applications"), p); err != nil {
		return fmt.Errorf("column applications: %w", err)
	}
	s.lengths.set(p)
	if s.Text("flow_id") != "" {
		id, err := s.integer("flow_id", 0, math.MaxInt64)
		if err != nil {
			return err
		}
		s.flows.label(p, id)
	}
	return s.readFeatures(row)
}

func (s *packetReader) readLayers(p *flow.Packet) error {
	length, err := s.integer("length_total", 0, math.MaxInt32)
	if err != nil {
		return err
	}
	p.Length, p.Captured = int32(length), int32(length)
	for i := range p.Layers {
		if p.Layers[i].Name, err = s.layer(s.Text(layerColumns[i].name)); err != nil {
			return fmt.Errorf("column %s: %w", layerColumns[i].name, err)
		}
		length, err := s.integer(layerColumns[i].length, math.MinInt32, math.MaxInt32)
		if err != nil {
			return err
		}
		p.Layers[i].Length = int32(max(0, length))
	}
	return nil
}

// layer returns the layer of a name. A name that was met before costs no search and no
// memory: a row costs 3 allocations in place of 8.
func (s *packetReader) layer(name string) (flow.LayerName, error) {
	layer, ok := s.layers[name]
	if ok {
		return layer, nil
	}
	if err := layer.UnmarshalText([]byte(name)); err != nil {
		return layer, err
	}
	s.layers[strings.Clone(name)] = layer
	return layer, nil
}

// layerColumns are the names of the columns of each layer.
var layerColumns = [flow.MaxLayers]struct{ name, length string }{
	{"layers_0", "length_0"}, {"layers_1", "length_1"}, {"layers_2", "length_2"},
	{"layers_3", "length_3"}, {"layers_4", "length_4"}, {"layers_5", "length_5"},
}

func (s *rows) readAddresses(p *flow.Packet) error {
	for _, end := range []struct {
		mac, ip, port string
		toMAC         *flow.MAC
		to            *netip.AddrPort
	}{
		{"mac_src", "ip_src", "sport", &p.SrcMAC, &p.Tuple.Src},
		{"mac_dst", "ip_dst", "dport", &p.DstMAC, &p.Tuple.Dst},
	} {
		if text := s.Text(end.mac); text != "" && text != "None" {
			mac, err := net.ParseMAC(text)
			if err != nil || len(mac) != 6 {
				return fmt.Errorf("column %s: %q is no link-layer address", end.mac, text)
			}
			*end.toMAC = flow.MAC(mac)
		}
		var addr netip.Addr
		if text := s.Text(end.ip); text != "" && text != "None" {
			var err error
			if addr, err = netip.ParseAddr(text); err != nil {
				return fmt.Errorf("column %s: %w", end.ip, err)
			}
		}
		port, err := s.integer(end.port, 0, math.MaxUint16)
		if err != nil {
			return err
		}
		if addr.IsValid() || port != 0 {
			*end.to = netip.AddrPortFrom(addr, uint16(port))
		}
	}
	for i := range p.Layers {
		switch p.Layers[i].Name {
		case flow.LayerTCP:
			p.Tuple.Proto = flow.TCP
		case flow.LayerUDP:
			p.Tuple.Proto = flow.UDP
		case flow.LayerICMP:
			p.Tuple.Proto = flow.ICMP
		default:
			continue
		}
		break
	}
	return nil
}

// application returns the application that the cell names. Google Home's rows, which say
// GOOGLE_HOME of TCP and UDP_GOOGLE_HOME of UDP, are of the protocols that they
// hold: TLS and QUIC.
func application(name string, p *flow.Packet) (flow.Application, error) {
	switch name {
	case "", "nan":
		return flow.Rules(p.Layers, p.Tuple.Src.Port(), p.Tuple.Dst.Port()), nil
	case "GOOGLE_HOME", "TCP_GOOGLE_HOME", "UDP_GOOGLE_HOME":
		switch p.Tuple.Proto {
		case flow.TCP:
			return flow.TLS, nil
		case flow.UDP:
			return flow.QUIC, nil
		}
		return flow.Unknown, fmt.Errorf("%s of a packet that is neither TCP nor UDP", name)
	}
	var a flow.Application
	err := a.UnmarshalText([]byte(name))
	return a, err
}

// flowIDs makes flow ids unique across captures.
type flowIDs struct {
	ids   map[flowName]*flowState
	taken map[int64]bool
	next  int64
}

type flowName struct {
	capture string
	id      int64
}

type flowState struct {
	id     int64
	client netip.AddrPort
}

func (f *flowIDs) label(p *flow.Packet, id int64) {
	state, ok := f.ids[flowName{p.Capture, id}]
	if !ok {
		if f.taken[id] { // by another capture
			for f.next = max(f.next, 1<<32); f.taken[f.next]; f.next++ {
			}
			state = &flowState{id: f.next}
		} else {
			state = &flowState{id: id}
		}
		f.taken[state.id] = true
		state.client = p.Tuple.Src
		f.ids[flowName{p.Capture, id}] = state
	}
	p.FlowID = state.id
	backward := p.Tuple.Src != state.client
	if port, ok := servicePort(p); ok {
		backward = port
	}
	if backward {
		p.Direction = flow.Backward
	}
}

// servicePort reports whether the packet comes from the service port of its
// application, for the three that have one in the original.
func servicePort(p *flow.Packet) (from, known bool) {
	src := p.Tuple.Src.Port()
	switch p.Application {
	case flow.HTTP:
		return src == 80, true
	case flow.SNMP:
		return src == 161, true
	case flow.SMTP:
		return src == 25 || src == 587, true
	}
	return false, false
}

func (s *rows) readFeatures(row *packetRow) error {
	d := &row.Dynamics
	var errs []error
	for _, f := range []struct {
		column string
		to     *float64
	}{
		{"time_diff", &d.TimeDiff}, {"rate", &d.Rate},
		{"rolling_rate_byte_sec", &d.ByteSecond}, {"rolling_rate_byte_min", &d.ByteMinute},
		{"rolling_rate_packet_sec", &d.PacketSecond}, {"rolling_rate_packet_min", &d.PacketMinute},
		{"payload_layers", &row.PayloadLayers}, {"header_length", &row.HeaderLength}, {"payload_length", &row.PayloadLength},
		{"count_pkt", &row.CountPackets},
	} {
		var err error
		if *f.to, err = s.float(f.column); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
