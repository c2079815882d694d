package tcp

import (
	"bytes"
	"encoding/binary"
	"hash/crc64"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/payload"
)

// sender is what the law tests know of one side of a connection.
type sender struct {
	next    uint32 // next sequence number
	acked   uint32 // last acknowledged number of the other side
	begun   bool
	spoke   bool
	fin     bool
	reset   bool
	stamp   uint32
	stamped bool
	scale   uint8  // of its SYN
	opened  bool   // it has sent a SYN, so that the scale is known
	scales  bool   // its SYN has the window scale
	edge    uint32 // right edge of its last window
	opens   bool   // it has sent a window that is neither of a SYN nor of a RST
}

// wireLaws checks frames against TCP, IP and UDP, decoded by gopacket.
type wireLaws struct {
	t       *testing.T
	last    int64
	number  int64
	senders map[flow.FiveTuple]*sender
	tuples  map[flow.FiveTuple]int64 // forward tuple -> flow
}

func newWireLaws(t *testing.T) *wireLaws {
	return &wireLaws{t: t, senders: map[flow.FiveTuple]*sender{}, tuples: map[flow.FiveTuple]int64{}}
}

func (w *wireLaws) side(t flow.FiveTuple) *sender {
	if w.senders[t] == nil {
		w.senders[t] = new(sender)
	}
	return w.senders[t]
}

// check holds one frame against its Packet and against what came before.
func (w *wireLaws) check(f Frame) {
	t, p := w.t, &f.Packet
	t.Helper()
	if p.Time < w.last || p.Number != w.number {
		t.Fatalf("frame %d: number %d, time %d after %d", w.number, p.Number, p.Time, w.last)
	}
	w.last, w.number = p.Time, w.number+1
	if bare := p.HeaderLength + p.PayloadLength; int(p.Length) != len(f.Bytes) || p.Length != bare && p.Length != max(60, bare) {
		t.Fatalf("frame %d: %d bytes, Length %d, header %d, payload %d", p.Number, len(f.Bytes), p.Length, p.HeaderLength, p.PayloadLength)
	}
	forward := p.Tuple
	if p.Direction == flow.Backward {
		forward = forward.Reverse()
	}
	if owner, ok := w.tuples[forward]; ok && owner != p.FlowID {
		t.Fatalf("frame %d: flows %d and %d share %v", p.Number, owner, p.FlowID, forward)
	}
	w.tuples[forward] = p.FlowID
	decoded := gopacket.NewPacket(f.Bytes, layers.LayerTypeEthernet, gopacket.NoCopy)
	if failure := decoded.ErrorLayer(); failure != nil && failure.LayerType() != gopacket.LayerTypeDecodeFailure {
		t.Fatalf("frame %d: %v", p.Number, failure.Error())
	}
	ethernet := decoded.LinkLayer().(*layers.Ethernet)
	if !bytes.Equal(ethernet.SrcMAC, p.SrcMAC[:]) || !bytes.Equal(ethernet.DstMAC, p.DstMAC[:]) {
		t.Fatalf("frame %d: MACs %v to %v, packet says %v to %v", p.Number, ethernet.SrcMAC, ethernet.DstMAC, p.SrcMAC, p.DstMAC)
	}
	segment := w.network(decoded, p)
	switch transport := decoded.TransportLayer().(type) {
	case *layers.TCP:
		w.tcp(transport, p)
	case *layers.UDP:
		if int(transport.Length) != len(segment) || int(p.PayloadLength) != len(segment)-8 || uint16(transport.SrcPort) != p.Tuple.Src.Port() {
			t.Fatalf("frame %d: UDP length %d of %d", p.Number, transport.Length, len(segment))
		}
	default:
		t.Fatalf("frame %d: no transport layer", p.Number)
	}
}

// network checks the IP header and the transport checksum, and returns the segment.
func (w *wireLaws) network(decoded gopacket.Packet, p *flow.Packet) []byte {
	t := w.t
	var segment []byte
	sum := uint32(p.Tuple.Proto)
	add := func(b []byte) {
		for i := 0; i+1 < len(b); i += 2 {
			sum += uint32(b[i])<<8 | uint32(b[i+1])
		}
		if len(b)%2 == 1 {
			sum += uint32(b[len(b)-1]) << 8
		}
	}
	switch ip := decoded.NetworkLayer().(type) {
	case *layers.IPv4:
		var header uint32
		for i := 0; i < 20; i += 2 {
			header += uint32(binary.BigEndian.Uint16(ip.Contents[i:]))
		}
		if header%0xffff != 0 || ip.TTL != p.TTL || ip.Flags != layers.IPv4DontFragment || ip.IHL != 5 {
			t.Fatalf("frame %d: IPv4 header %+v, sum %x", p.Number, ip, header)
		}
		segment = ip.Payload[:int(ip.Length)-20]
		add(ip.SrcIP.To4())
		add(ip.DstIP.To4())
		if !ip.SrcIP.Equal(p.Tuple.Src.Addr().AsSlice()) || !ip.DstIP.Equal(p.Tuple.Dst.Addr().AsSlice()) {
			t.Fatalf("frame %d: from %v to %v, packet says %v", p.Number, ip.SrcIP, ip.DstIP, p.Tuple)
		}
	case *layers.IPv6:
		if ip.HopLimit != p.TTL {
			t.Fatalf("frame %d: hop limit %d, want %d", p.Number, ip.HopLimit, p.TTL)
		}
		segment = ip.Payload[:ip.Length]
		add(ip.SrcIP)
		add(ip.DstIP)
	default:
		t.Fatalf("frame %d: no network layer", p.Number)
	}
	sum += uint32(len(segment))
	add(segment)
	if sum%0xffff != 0 {
		t.Fatalf("frame %d: transport checksum is wrong", p.Number)
	}
	return segment
}

// tcp checks one segment against both sides' state.
func (w *wireLaws) tcp(s *layers.TCP, p *flow.Packet) {
	t := w.t
	me, peer := w.side(p.Tuple), w.side(p.Tuple.Reverse())
	if s.Seq != p.Seq || s.Ack != p.Ack || s.Window != p.Window || s.SYN != (p.Flags&flow.SYN != 0) || s.FIN != (p.Flags&flow.FIN != 0) {
		t.Fatalf("frame %d: %+v is not %+v", p.Number, s, p)
	}
	if int(s.DataOffset)*4+14 != int(p.HeaderLength)-networkHeader(p) {
		t.Fatalf("frame %d: data offset %d, header %d", p.Number, s.DataOffset, p.HeaderLength)
	}
	if me.begun && s.Seq != me.next {
		t.Fatalf("frame %d: sequence number %d, want %d", p.Number, s.Seq, me.next)
	}
	if me.reset && !s.RST {
		t.Fatalf("frame %d: %v after its own RST", p.Number, p.Flags)
	}
	if s.SYN && me.begun {
		t.Fatalf("frame %d: second SYN of its side", p.Number)
	}
	if me.fin && (p.PayloadLength > 0 || s.FIN) {
		t.Fatalf("frame %d: %d bytes, %v after its own FIN", p.Number, p.PayloadLength, p.Flags)
	}
	if s.ACK {
		if peer.begun && int32(s.Ack-peer.next) > 0 {
			t.Fatalf("frame %d: acknowledges %d, %d sent", p.Number, s.Ack, peer.next)
		}
		if me.spoke && int32(s.Ack-me.acked) < 0 {
			t.Fatalf("frame %d: acknowledges %d after %d", p.Number, s.Ack, me.acked)
		}
		if peer.begun && !peer.spoke && !s.RST && s.Ack == 0 && !s.SYN {
			t.Fatalf("frame %d: acknowledges nothing", p.Number)
		}
		me.acked, me.spoke = s.Ack, true
	} else if s.Ack != 0 {
		t.Fatalf("frame %d: number %d without ACK flag", p.Number, s.Ack)
	}
	w.window(s, p, me, peer)
	for _, option := range s.Options {
		if option.OptionType == layers.TCPOptionKindTimestamps {
			stamp := binary.BigEndian.Uint32(option.OptionData)
			if me.stamped && int32(stamp-me.stamp) < 0 {
				t.Fatalf("frame %d: timestamp %d after %d", p.Number, stamp, me.stamp)
			}
			me.stamp, me.stamped = stamp, true
		}
	}
	me.next = s.Seq + uint32(p.PayloadLength)
	if s.SYN || s.FIN {
		me.next++
	}
	me.begun, me.fin, me.reset = true, me.fin || s.FIN, me.reset || s.RST
}

// window checks that no side takes back what its windows have allowed, and that none sends
// more than the other's do (RFC 9293, 3.8.6). Without both SYNs nobody knows the scale.
func (w *wireLaws) window(s *layers.TCP, p *flow.Packet, me, peer *sender) {
	t := w.t
	t.Helper()
	me.opened = me.opened || s.SYN
	for _, option := range s.Options {
		if s.SYN && option.OptionType == layers.TCPOptionKindWindowScale {
			me.scale, me.scales = option.OptionData[0], true
		}
	}
	if end := s.Seq + uint32(p.PayloadLength); peer.opens && p.PayloadLength > 0 && int32(end-peer.edge) > 0 {
		t.Fatalf("frame %d: sends %d bytes more than the window allows", p.Number, int32(end-peer.edge))
	}
	if s.SYN || s.RST || !s.ACK || !me.opened || !peer.opened {
		return
	}
	window := uint32(s.Window)
	if me.scales && peer.scales {
		window <<= me.scale
	}
	edge := s.Ack + window
	if me.opens && int32(edge-me.edge) < 0 {
		t.Fatalf("frame %d: its window takes back %d bytes", p.Number, int32(me.edge-edge))
	}
	me.edge, me.opens = edge, true
}

func networkHeader(p *flow.Packet) int {
	if p.Tuple.Src.Addr().Is4() {
		return 20
	}
	return 40
}

// twoFamilies is address.Default with an IPv6 address for every other pair.
func twoFamilies() *address.Plan {
	p := address.Default()
	v4 := len(p.Hosts)
	for i, h := range p.Hosts {
		h.Address = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, 13: 1, 14: byte((i + 70000 - 1<<16) >> 8), 15: byte(i + 70000 - 1<<16)})
		p.Hosts = append(p.Hosts, h)
	}
	pairs := p.Services[0].Pairs
	for _, pair := range pairs {
		pairs = append(pairs, address.Pair{Client: pair.Client + v4, Server: pair.Server + v4, Flows: 1})
	}
	for i := range p.Services {
		p.Services[i].Pairs = pairs
	}
	return p
}

func TestLaws(t *testing.T) {
	for seed := range uint64(3) {
		for _, opts := range []Options{{}, {Complete: true}, {MTU: 576, Payload: payload.Random}, {MTU: 9000, Payload: payload.Zero}} {
			f, err := NewFramer(twoFamilies(), opts, rand.NewPCG(seed, 2))
			if err != nil {
				t.Fatal(err)
			}
			laws := newWireLaws(t)
			six := 0
			for frame, err := range f.Frames(flowtest.Sequence(flowtest.Ugly(1500, seed+10))) {
				if err != nil {
					t.Fatal(err)
				}
				laws.check(frame)
				if frame.Packet.Tuple.Src.Addr().Is6() {
					six++
				}
			}
			if laws.number < 20000 || six == 0 {
				t.Errorf("%d frames, %d of them IPv6: too few to say anything", laws.number, six)
			}
		}
	}
}

// Sequence numbers go on behind 4 GiB.
func TestSequenceWraps(t *testing.T) {
	f := newTestFramer(t, nil, Options{})
	if err := f.admit(flowtest.Plain(1, flowtest.Epoch, 30)); err != nil {
		t.Fatal(err)
	}
	c := f.open[0].c
	c.ends[0].isn, c.ends[1].isn = 1<<32-60, 1<<32-5000
	laws, wraps := newWireLaws(t), 0
	var last [2]uint32
	f.send(1<<63-1, func(frame Frame, err error) bool {
		p := &frame.Packet
		laws.check(frame)
		if p.Seq < last[p.Direction] {
			wraps++
		}
		last[p.Direction] = p.Seq
		return true
	})
	if wraps != 2 || laws.number != 30 {
		t.Errorf("%d frames, sequence numbers wrapped %d times, want 30 and 2", laws.number, wraps)
	}
}

// More than 4 GiB in one connection: numbers are taken modulo 2^32.
func TestGigabytes(t *testing.T) {
	big := flowtest.Plain(1, flowtest.Epoch, 61) // the last ACK is the client's
	data := int64(0)
	for i := range big.Packets {
		if p := &big.Packets[i]; p.PayloadLength > 1000 {
			p.PayloadLength = 1 << 29
			data += 1 << 29
		}
	}
	s := connection{counts: new(counts)}
	s.load(big, 0)
	s.makeTCP(limits{mtu: address.MaxMTU, ipHeader: ipv4Header})
	sent := [2]int64{}
	for i := range s.segments {
		g := &s.segments[i]
		sent[g.dir] += g.consumes()
		if unacked := int32(uint32(sent[1-g.dir]) - g.ack); g.flags&flow.ACK != 0 && unacked < 0 {
			t.Fatalf("segment %d acknowledges %d bytes that were not sent", i, -unacked)
		}
	}
	if sent[flow.Backward] != data+2 || data <= 1<<32 {
		t.Errorf("sent %d bytes, want %d and two flags, above 4 GiB", sent[flow.Backward], data)
	}
	if last := s.segments[len(s.segments)-1]; last.ack != uint32(data+2) {
		t.Errorf("the last segment acknowledges %d, want %d", last.ack, uint32(data+2))
	}
}

// A download of more than 4 GiB, framed as it streams: sequence numbers wrap
// and every number adds up.
func TestGigabytesOnTheWire(t *testing.T) {
	if testing.Short() {
		t.Skip("4 GiB of frames take some seconds: not with -short")
	}
	const segments, size = 80_000, 65_400
	big := flowtest.Plain(1, flowtest.Epoch, 14)
	end := big.Packets[6:]
	big.Packets = big.Packets[:6:6]
	at := big.Packets[5].Time
	for i := range segments {
		p := flow.Packet{Time: at + int64(i)*1000, Direction: flow.Backward, Flags: flow.ACK, HeaderLength: 66, PayloadLength: size}
		if i%8 == 7 { // an acknowledgement of half a megabyte
			p.Direction, p.PayloadLength = flow.Forward, 0
		}
		big.Packets = append(big.Packets, p)
	}
	for i := range end {
		end[i].Time = at + segments*1000 + int64(i)
	}
	big.Packets = append(big.Packets, end...)
	f := newTestFramer(t, nil, Options{MTU: address.MaxMTU, Payload: payload.Zero})
	var next [2]uint32
	var acked uint32
	var begun [2]bool
	said, wraps, last := int64(0), 0, uint32(0)
	for frame, err := range f.Frames(flowtest.Sequence([]*flow.Flow{big})) {
		if err != nil {
			t.Fatal(err)
		}
		p := &frame.Packet
		if d := p.Direction; begun[d] && p.Seq != next[d] {
			t.Fatalf("frame %d: sequence number %d, want %d", p.Number, p.Seq, next[d])
		}
		next[p.Direction], begun[p.Direction] = p.Seq+uint32(p.PayloadLength), true
		if p.Flags&(flow.SYN|flow.FIN) != 0 {
			next[p.Direction]++
		}
		if p.Direction == flow.Forward {
			if p.Flags&flow.ACK != 0 && begun[1] && (int32(p.Ack-next[1]) > 0 || acked != 0 && int32(p.Ack-acked) < 0) {
				t.Fatalf("frame %d acknowledges %d after %d, sent is %d", p.Number, p.Ack, acked, next[1])
			}
			acked = p.Ack
			continue
		}
		said += int64(p.PayloadLength)
		if p.Seq < last {
			wraps++
		}
		last = p.Seq
	}
	if said <= 1<<32 || wraps < 1 || acked != next[1] {
		t.Errorf("%d bytes said, sequence numbers wrapped %d times, acknowledged %d of %d", said, wraps, acked, next[1])
	}
	if n := f.Repairs()[repairNames[segmentSplit]]; n != 0 {
		t.Errorf("repairs %v", f.Repairs())
	}
}

// The same seed gives the same bytes, another one others.
func TestSeed(t *testing.T) {
	digest := func(seed uint64) uint64 {
		f, err := NewFramer(nil, Options{Complete: true}, rand.NewPCG(seed, 0))
		if err != nil {
			t.Fatal(err)
		}
		table, sum := crc64.MakeTable(crc64.ECMA), uint64(0)
		for frame, err := range f.Frames(flowtest.Sequence(flowtest.Ugly(300, 4))) {
			if err != nil {
				t.Fatal(err)
			}
			sum = crc64.Update(sum, table, frame.Bytes)
		}
		return sum
	}
	if a, b := digest(1), digest(1); a != b {
		t.Errorf("one seed gives %x and %x", a, b)
	}
	if a, b := digest(1), digest(2); a == b {
		t.Errorf("two seeds both give %x", a)
	}
}

// The checksum of pieces of any length is that of the plain definition.
func TestChecksum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 300 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32()) | 0xf0*byte(n%2)
		}
		sum := uint32(n)
		for i, x := range b {
			sum += uint32(x) << (8 * (1 - i%2))
		}
		if got, want := fold(checksum16(uint32(n), b)), fold(sum); got != want {
			t.Fatalf("%d bytes: %04x, want %04x", n, got, want)
		}
	}
}
