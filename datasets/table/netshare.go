package table

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// NetShareColumns are the columns by which NetShare's layout of packets is recognised:
// the time in microseconds since 1970-01-01 UTC and the bytes of the IP packet.
var NetShareColumns = []string{"srcip", "dstip", "srcport", "dstport", "proto", "time", "pkt_len"}

// netSharePacket is a row of packets. Generators write its numbers with decimals.
type netSharePacket struct {
	src, dst     netip.Addr
	sport, dport float64
	proto        uint8
	time, length float64
	ttl          float64
}

var netShareColumns = []rowColumn[netSharePacket]{
	{"srcip", kindText, setText(parseNumberedAddr, func(r *netSharePacket, v netip.Addr) { r.src = v }), nil},
	{"dstip", kindText, setText(parseNumberedAddr, func(r *netSharePacket, v netip.Addr) { r.dst = v }), nil},
	float("srcport", func(r *netSharePacket) *float64 { return &r.sport }),
	float("dstport", func(r *netSharePacket) *float64 { return &r.dport }),
	{"proto", kindText, setText(parseProtocol, func(r *netSharePacket, v uint8) { r.proto = v }), nil},
	float("time", func(r *netSharePacket) *float64 { return &r.time }),
	float("pkt_len", func(r *netSharePacket) *float64 { return &r.length }),
	float("ttl", func(r *netSharePacket) *float64 { return &r.ttl }),
}

// ReadNetSharePackets reads packets in the layout of NetShare (Yin et al., SIGCOMM 2022:
// srcip, dstip, srcport, dstport, proto, time, pkt_len and more of the IPv4 header); the
// ending of path gives its format. Addresses are dotted or numbers, protocols TCP, UDP,
// ICMP or numbers. A packet has its five-tuple, its time, the time to live where there is
// one, and as Length that of the IP packet: the table does not say what the headers before
// and in it take, so HeaderLength and PayloadLength are those of the shortest headers. It
// has neither TCP flags nor a payload. Any error is the last element and names the file
// and the row. The stream can be read again.
func ReadNetSharePackets(path string) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		var number int64
		for n, err := range readRows(path, netShareColumns, NetShareColumns) {
			p := flow.Packet{Number: number}
			if err == nil {
				if err = n.packet(&p); err != nil {
					err = fmt.Errorf("table: %s: row %d: %w", path, number+1, err)
				}
			}
			if !yield(p, err) || err != nil {
				return
			}
			number++
		}
	}
}

// Bytes of the headers of IPv4, TCP and UDP without options.
const (
	ipv4Header = 20
	tcpHeader  = 20
	udpHeader  = 8
)

// packet makes a packet of the row. It refuses numbers that no packet has.
func (n *netSharePacket) packet(p *flow.Packet) error {
	if err := within(bounded{"time", n.time, 0, mostMicroseconds}, bounded{"pkt_len", n.length, ipv4Header, math.MaxUint16},
		bounded{"srcport", n.sport, 0, math.MaxUint16}, bounded{"dstport", n.dport, 0, math.MaxUint16}); err != nil {
		return err
	}
	p.Time = fromMicroseconds(n.time)
	p.Length = int32(math.Round(n.length))
	p.Captured = p.Length
	p.Tuple = flow.FiveTuple{Proto: n.proto, Src: netip.AddrPortFrom(n.src, uint16(math.Round(n.sport))), Dst: netip.AddrPortFrom(n.dst, uint16(math.Round(n.dport)))}
	if n.ttl >= 1 && n.ttl <= math.MaxUint8 {
		p.TTL = uint8(math.Round(n.ttl))
	}
	p.Layers[0] = flow.Layer{Name: flow.LayerIP, Length: p.Length}
	p.HeaderLength = ipv4Header
	switch n.proto {
	case flow.TCP:
		p.HeaderLength += tcpHeader
		p.Layers[1] = flow.Layer{Name: flow.LayerTCP, Length: p.Length - ipv4Header}
	case flow.UDP:
		p.HeaderLength += udpHeader
		p.Layers[1] = flow.Layer{Name: flow.LayerUDP, Length: p.Length - ipv4Header}
	}
	p.HeaderLength = min(p.HeaderLength, p.Length)
	p.PayloadLength = p.Length - p.HeaderLength
	flow.Identify(p)
	return nil
}

// bounded is a value of a column with what is allowed.
type bounded struct {
	column             string
	value, least, most float64
}

// within refuses the first value that is out of its bounds, or no number.
func within(values ...bounded) error {
	for _, v := range values {
		if !(v.value >= v.least && v.value <= v.most) {
			return fmt.Errorf("column %s: %v is out of range: want %g to %g", v.column, v.value, v.least, v.most)
		}
	}
	return nil
}

// mostMicroseconds is the latest time that NetShare's layouts can have.
const mostMicroseconds = math.MaxInt64 / 1001

// fromMicroseconds returns nanoseconds.
func fromMicroseconds(t float64) int64 {
	whole := math.Floor(t)
	return int64(whole)*1000 + int64(math.Round((t-whole)*1000))
}

// parseNumberedAddr parses an address in dots, or an IPv4 address as one number.
func parseNumberedAddr(text string) (netip.Addr, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil && !strings.Contains(strings.TrimSuffix(text, ".0"), ".") {
		if !(n >= 0 && n <= math.MaxUint32) {
			return netip.Addr{}, fmt.Errorf("%s is no IPv4 address: want 0 to %d, or dots", text, uint32(math.MaxUint32))
		}
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(n)))), nil
	}
	return netip.ParseAddr(text)
}

// protocolNames are the names of IP protocols in tables.
var protocolNames = map[string]uint8{"TCP": flow.TCP, "UDP": flow.UDP, "ICMP": flow.ICMP}

// parseProtocol parses the name or the number of an IP protocol.
func parseProtocol(text string) (uint8, error) {
	if n, ok := protocolNames[strings.ToUpper(text)]; ok {
		return n, nil
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(text, ".0"), 10, 8)
	if err != nil {
		return 0, fmt.Errorf("%q is no IP protocol: want TCP, UDP, ICMP or a number from 0 to 255", text)
	}
	return uint8(n), nil
}
