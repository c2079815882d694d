package necstgencsv

import (
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Lengths of transport headers in bytes.
const (
	udpHeader        = 8  // ICMP's, too
	tcpHeader        = 20 // without options
	timestampsHeader = 32 // with time stamps, as RFC 7323 lays them out
	tcpMost          = 60 // with 40 bytes of options, which is all that fits
)

// timestampUse says whether the segments of a TCP connection carry time stamps. Its SYNs
// agree on them, and then all segments but resets have them (RFC 7323, 3.2).
type timestampUse uint8

const (
	undecided timestampUse = iota
	withTimestamps
	withoutTimestamps
)

// lengths tells header, payload and padding of a file's packets apart by the lengths
// of their layers, which count everything below, padding too (D09).
//
// The header of a TCP segment follows exactly where the layer behind TCP is the payload
// of that very segment, or is not there. Where the dissector puts TLS records together,
// the layer is a record, shorter or longer than the segment, and where it takes the options for
// data they are part of the layer. There the header is what the
// connection's other segments show, 32 bytes with time stamps or 20 without, and those
// of the connection before where it shows nothing.
type lengths struct {
	connections map[flow.FiveTuple]timestampUse
	latest      timestampUse // of the connection that showed it last; undecided counts as with
}

func newLengths() *lengths { return &lengths{connections: make(map[flow.FiveTuple]timestampUse)} }

// set sets the packet's HeaderLength and PayloadLength from its layers, tuple and flags.
func (l *lengths) set(p *flow.Packet) {
	at := slices.IndexFunc(p.Layers[:], func(layer flow.Layer) bool {
		return layer.Name == flow.LayerTCP || layer.Name == flow.LayerUDP || layer.Name == flow.LayerICMP
	})
	padding := paddingOf(&p.Layers)
	cut := max(0, p.Length-p.Layers[0].Length) // by the snap length, which the layers lack
	if at < 0 {
		p.PayloadLength = 0
		if last := lastLayer(&p.Layers); last.Name == flow.LayerRaw {
			p.PayloadLength = max(0, min(last.Length, p.Length-cut)+cut-padding)
		}
		p.HeaderLength = max(0, p.Length-padding-p.PayloadLength)
		return
	}
	whole := min(p.Layers[at].Length, p.Length-cut) + cut
	segment := max(0, whole-padding)
	header := min(udpHeader, segment)
	p.PayloadLength = segment - header
	if p.Layers[at].Name == flow.LayerTCP {
		header, p.PayloadLength = l.segment(p, at, segment, cut-padding)
	}
	p.HeaderLength = p.Length - whole + header
}

// paddingOf returns the length of the layer Padding, 0 without one.
func paddingOf(layers *flow.Layers) int32 {
	for _, layer := range layers {
		if layer.Name == flow.LayerPadding {
			return layer.Length
		}
	}
	return 0
}

// lastLayer returns the innermost layer before Padding.
func lastLayer(layers *flow.Layers) (last flow.Layer) {
	for _, layer := range layers {
		if layer.Name == flow.NoLayer || layer.Name == flow.LayerPadding {
			break
		}
		last = layer
	}
	return last
}

// segment returns the header and payload of a TCP segment of a length, whose layer TCP is
// that at the index. more is what the layers' lengths lack of those on the wire.
func (l *lengths) segment(p *flow.Packet, at int, length, more int32) (header, payload int32) {
	if length < tcpHeader {
		return length, 0
	}
	var behind flow.Layer
	if next := at + 1; next < len(p.Layers) && p.Layers[next].Name != flow.NoLayer && p.Layers[next].Name != flow.LayerPadding {
		behind = p.Layers[next]
		behind.Length = max(0, behind.Length+more)
	}
	connection, _ := p.Tuple.Canonical()
	if p.Flags&flow.SYN != 0 && length <= tcpMost { // no payload; what is no whole number of words is padding
		header = length / 4 * 4
		l.decide(connection, header > timestampsHeader) // time stamps and the largest segment
		return header, 0
	}
	use := l.connections[connection]
	if use == undecided && p.Flags&flow.RST == 0 {
		use = l.learn(connection, p, length, behind)
	}
	told := length - behind.Length // the header, if the layer behind is the payload
	if behind.Name == flow.NoLayer && p.Flags&flow.PSH == 0 && length <= tcpMost {
		if length%4 != 0 { // padding that has no layer
			told = tcpHeader
		}
		return told, 0
	}
	switch header = l.usual(use, length); {
	case isHeader(told, use) && behind.Name != flow.NoLayer:
		header = told
	case use == withTimestamps && p.Flags == flow.ACK && isHeader(length, use): // selective acknowledgements
		header = length
	}
	return header, length - header
}

// isHeader reports whether a length may be that of the header of a segment that is no SYN.
// With time stamps, all that other options add is up to three selective
// acknowledgements (RFC 2018) of 12, 20 or 28 bytes.
func isHeader(length int32, use timestampUse) bool {
	if use == withTimestamps {
		return length == timestampsHeader || length == 44 || length == 52 || length == tcpMost
	}
	return length%4 == 0 && tcpHeader <= length && length <= tcpMost
}

// usual returns the length of the header without other options than time stamps.
func (l *lengths) usual(use timestampUse, length int32) int32 {
	if use == undecided {
		use = l.latest
	}
	if use == withoutTimestamps || length < timestampsHeader {
		return tcpHeader
	}
	return timestampsHeader
}

// learn returns what a segment that is no SYN shows of its connection: a segment
// that is shorter than a header with time stamps has none, and one that is as long, or
// whose payload leaves so much, has them.
func (l *lengths) learn(connection flow.FiveTuple, p *flow.Packet, length int32, behind flow.Layer) timestampUse {
	dissected := behind.Name != flow.NoLayer && behind.Name != flow.LayerRaw // the layer has a name of its own
	switch {
	case length < timestampsHeader:
		l.decide(connection, false)
	case length-behind.Length == timestampsHeader, p.Flags == flow.ACK && length == timestampsHeader && !dissected:
		l.decide(connection, true)
	}
	return l.connections[connection]
}

func (l *lengths) decide(connection flow.FiveTuple, timestamps bool) {
	use := withoutTimestamps
	if timestamps {
		use = withTimestamps
	}
	l.connections[connection], l.latest = use, use
}
