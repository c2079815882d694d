package tcp

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// Packet forwarder datagrams (PROTOCOL.TXT of Semtech's packet forwarder).
const (
	pushVersion = 2
	pushAck     = 1
	pushMTU     = 800 // IP bytes that hold every PUSH_DATA of one uplink
)

// tokenBits are set in all tokens: dissectors of RADIUS, which has port 1700 too,
// then read a length above the 4096 bytes that RADIUS allows (RFC 2865, 3).
const tokenBits = 0x80

// Lengths of a PHYPayload in bytes: with neither port nor payload, and the range
// of those that have both.
const (
	phyBare  = 12
	phyLeast = 13
	phyMost  = 255
)

// uplink is a packet of a flow as it will be sent.
type uplink struct {
	flow.Radio
	length  int32 // of the PHYPayload
	gateway *gateway
	token   uint16
}

// gateway is a gateway while frames are made.
type gateway struct {
	eui    uint64
	ends   [2]end // of its datagrams, set with Semtech alone
	answer int64  // nanoseconds from PUSH_DATA to PUSH_ACK
}

// loraChannel is what the uplinks of all flows share: their devices and gateways,
// and scratch memory. Frames carry a valid integrity code under
// lorawan.TestNetworkKey (44024241ed4ce9a68c6a8bc055233fd3), and their payloads are
// encrypted under lorawan.TestApplicationKey (ec925802ae430ca77fd3dd73cb2cc588):
// the published keys of the lora-packet library's example, so that anybody can check
// and read them.
type loraChannel struct {
	random   *rand.Rand
	ids      *address.RadioIDs
	gateways map[uint64]*gateway // by the generated EUI
	physical []byte              // scratch
	datagram []byte
}

func newLoRaChannel(plan *address.Plan, random *rand.Rand) *loraChannel {
	return &loraChannel{random: random, ids: address.NewRadioIDs(plan, random), gateways: make(map[uint64]*gateway)}
}

// gateway returns the one that stands for a generated EUI, which it has itself where
// that is to be kept.
func (l *loraChannel) gateway(generated uint64, keep bool) *gateway {
	g := l.gateways[generated]
	if g == nil {
		g = &gateway{eui: generated, answer: int64(10e6 + l.random.Float64()*50e6)}
		if !keep {
			g.eui = l.ids.Gateway(generated)
		}
		l.gateways[generated] = g
	}
	return g
}

// admitUplinks makes a flow of uplinks one of those that are being sent.
func (f *Framer) admitUplinks(from *flow.Flow) error {
	if f.opts.Link == Semtech && f.opts.MTU < pushMTU {
		return fmt.Errorf("tcp: flow %d has uplinks, whose datagrams an MTU of %d does not hold: want at least %d, or link loratap", from.ID, f.opts.MTU, pushMTU)
	}
	c := f.recycle()
	c.id, c.app, c.origin, c.proto, c.next, c.counts = from.ID, flow.LoRaWAN, from.Origin, flow.UDP, 0, &f.counts
	c.load(from, 0)
	c.uplinks, c.ends, c.messages = c.uplinks[:0], [2]end{}, nil
	for i := range from.Packets {
		p := &from.Packets[i]
		if p.Radio == nil {
			f.free = append(f.free, c)
			return fmt.Errorf("tcp: flow %d: packet %d is no uplink as the others are", from.ID, i)
		}
		u := uplink{Radio: *p.Radio, length: p.Length, token: uint16(f.random.Uint32()) | tokenBits}
		u.mend(&f.counts, f.opts.Link)
		u.gateway = f.radio.gateway(u.Gateway, f.opts.KeepTuples)
		if u.Gateway = u.gateway.eui; !f.opts.KeepTuples {
			u.Address = f.radio.ids.Device(u.Address)
		}
		if f.opts.Link == Semtech {
			f.join(u.gateway)
		}
		c.uplinks = append(c.uplinks, u)
		c.segments[i].echo = int32(i)
	}
	if f.opts.Link == Semtech {
		c.answerUplinks()
	}
	f.push(c)
	return nil
}

// answerUplinks adds the server's PUSH_ACK of every datagram.
func (c *openFlow) answerUplinks() {
	for i := range c.uplinks {
		c.segments = append(c.segments, segment{time: c.segments[i].time + c.uplinks[i].gateway.answer, dir: flow.Backward, echo: int32(i)})
	}
	slices.SortStableFunc(c.segments, func(a, b segment) int { return cmp.Compare(a.time, b.time) })
}

// join gives a gateway its host and port, and the server's, once.
func (f *Framer) join(g *gateway) {
	if g.ends[0].host != nil {
		return
	}
	ends := f.assigner.Gateway(len(f.radio.gateways) - 1)
	g.ends = [2]end{{host: ends.Client, port: ends.ClientPort}, {host: ends.Server, port: ends.ServerPort}}
}

// mend makes the radio fields and the length ones that a frame can have.
func (u *uplink) mend(counts *counts, link Link) {
	if u.MType != 2 && u.MType != 4 {
		u.MType = 2
		counts.add(uplinkType)
	}
	if u.Port < 0 || u.Port > 255 {
		if u.Port = flow.NoPort; u.length > phyBare {
			u.Port = 1
			counts.add(uplinkLength)
		}
	}
	length := phyBare
	if u.Port != flow.NoPort {
		length = int(max(phyLeast, min(phyMost, u.length)))
	}
	if length != int(u.length) {
		u.length = int32(length)
		counts.add(uplinkLength)
	}
	mended := false
	if b := u.Bandwidth; b != 125 && b != 250 && b != 500 && (link != Semtech || b == 0 || b > 500) {
		u.Bandwidth, mended = 125, true
	}
	for _, level := range []*float32{&u.RSSI, &u.SNR} {
		if !(math.Abs(float64(*level)) < 1000) {
			*level, mended = 0, true
		}
	}
	if s := u.SpreadingFactor; s < 5 || s > 12 {
		u.SpreadingFactor, mended = max(7, min(12, s)), true
	}
	if u.CodeRate != 0 && (u.CodeRate < 5 || u.CodeRate > 8) {
		u.CodeRate, mended = 5, true
	}
	if mended {
		counts.add(radioMended)
	}
}

// frameOf builds the PHYPayload of an uplink in scratch memory.
func (f *Framer) frameOf(u *uplink) ([]byte, error) {
	said := lorawan.Frame{Confirmed: u.MType == 4, Address: u.Address, Counter: u.Counter, Port: u.Port}
	if u.Port != flow.NoPort {
		said.Payload = f.pool.Noise(f.random.Uint32(), int(u.length)-phyLeast)
	}
	var err error
	f.radio.physical, err = lorawan.AppendFrame(f.radio.physical[:0], said, lorawan.TestNetworkKey, lorawan.TestApplicationKey)
	return f.radio.physical, err
}

// received returns the uplink as package lorawan writes it.
func (u *uplink) received(at int64, physical []byte) lorawan.Uplink {
	out := lorawan.Uplink{Time: at, Gateway: fmt.Sprintf("%016x", u.Gateway), Physical: physical, CRC: u.CRC, Frequency: u.Frequency,
		SpreadingFactor: int8(u.SpreadingFactor), Bandwidth: int16(u.Bandwidth), CodeRate: int8(u.CodeRate),
		RSSI: float64(u.RSSI), SNR: float64(u.SNR), Size: int32(len(physical))}
	if u.CodeRate == 0 {
		out.CodeRate = lorawan.Missing
	}
	return out
}

// loRaTapFrame makes the record of the flow's next uplink. The Packet has
// what the record keeps: SNR to a quarter of a dB, RSSI to a dB or a quarter.
func (f *Framer) loRaTapFrame(c *openFlow) error {
	g := &c.segments[c.next]
	u := &c.uplinks[g.echo]
	physical, err := f.frameOf(u)
	if err != nil {
		return fmt.Errorf("tcp: flow %d: %w", c.id, err)
	}
	version := uint8(1)
	if f.opts.Link == LoRaTap0 {
		version = 0
	}
	said := u.received(g.time, physical)
	record, err := lorawan.AppendLoRaTap(f.buffer[:0], &said, version)
	if err != nil {
		return fmt.Errorf("tcp: flow %d: %w", c.id, err)
	}
	out := &f.out
	out.Bytes = record
	f.stamp(&out.Packet, g)
	radio, at := pcap.ReadLoRaTap(record)
	out.Packet.SetUplink(&radio, record[at:], int32(len(record)-at))
	out.Packet.FlowID, out.Packet.Direction = c.id, flow.Forward
	return nil
}

// datagramOf composes the datagram of a segment in scratch memory: PUSH_DATA, or
// PUSH_ACK.
func (f *Framer) datagramOf(c *openFlow, g *segment) error {
	u := &c.uplinks[g.echo]
	if g.dir == flow.Backward {
		f.radio.datagram = append(f.radio.datagram[:0], pushVersion, byte(u.token>>8), byte(u.token), pushAck)
	} else {
		physical, err := f.frameOf(u)
		if err != nil {
			return fmt.Errorf("tcp: flow %d: %w", c.id, err)
		}
		push := lorawan.PushData{Version: pushVersion, Token: u.token, Uplinks: []lorawan.Uplink{u.received(g.time, physical)}}
		binary.BigEndian.PutUint64(push.Gateway[:], u.Gateway)
		if f.radio.datagram, err = lorawan.AppendPushData(f.radio.datagram[:0], &push); err != nil {
			return fmt.Errorf("tcp: flow %d: %w", c.id, err)
		}
	}
	g.payload = int32(len(f.radio.datagram))
	c.datagram = f.radio.datagram
	if c.ends[0].host != u.gateway.ends[0].host || c.ends[0].port != u.gateway.ends[0].port {
		c.ends = u.gateway.ends
		c.ipHeader = ipv4Header
		if c.ends[0].host.Address.Is6() {
			c.ipHeader = ipv6Header
		}
		c.connect()
	}
	return nil
}
