package wire

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// LoRaWAN uplinks. Their frames carry a valid integrity code under
// lorawan.TestNetworkKey (44024241ed4ce9a68c6a8bc055233fd3), their payloads are
// encrypted under lorawan.TestApplicationKey (ec925802ae430ca77fd3dd73cb2cc588):
// the published keys of the lora-packet library's example, so that anybody can check
// and read them. Device addresses are of the experimental networks 0x00 and 0x01
// (TS001-1.0.4, 6.1.1: 00000000 to 03ffffff), gateways' EUIs of the documentation
// range (RFC 9542, 2.2.3: 02-00-5e-ef-10-00-00-00 to -ff) and beyond it locally
// administered; neither is one of the training flows unless KeepTuples asks for them.
const (
	deviceBlocks = 1 << 14 // of 4096 addresses each
	blockDevices = 1 << 12
	gatewayBase  = 0x02005eef10000000
	gatewaysMost = 1 << 8
	gatewayLocal = 0x026e000000000000 // as localMAC
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

// air gives devices and gateways their addresses.
type air struct {
	random   *rand.Rand
	devices  map[uint32]uint32
	given    uint32 // devices so far
	blocks   []uint16
	gateways map[uint64]*gateway
	order    int
	used     map[uint64]bool // EUIs of the training flows
	key      uint32
	physical []byte // scratch
	datagram []byte
}

func newAir(plan *Plan, random *rand.Rand) *air {
	a := &air{random: random, devices: make(map[uint32]uint32), gateways: make(map[uint64]*gateway), used: make(map[uint64]bool)}
	for _, eui := range plan.InUse.Gateways {
		a.used[eui] = true
	}
	taken := make(map[uint16]bool)
	for _, b := range plan.InUse.Devices {
		taken[b] = true
	}
	for b := range uint16(deviceBlocks) {
		if !taken[b] {
			a.blocks = append(a.blocks, b)
		}
	}
	if len(a.blocks) == 0 { // a training capture of noise: the blocks are as good as any
		for b := range uint16(deviceBlocks) {
			a.blocks = append(a.blocks, b)
		}
	}
	return a
}

// device is the address that stands for a generated one; each 0 stands for a new device.
func (a *air) device(generated uint32) uint32 {
	if address, ok := a.devices[generated]; ok && generated != 0 {
		return address
	}
	if a.given == 0 {
		a.key = a.random.Uint32()
	}
	n := a.given % uint32(len(a.blocks)*blockDevices)
	a.given++
	address := uint32(a.blocks[n/blockDevices])*blockDevices + scatter(n%blockDevices, blockDevices, a.key+n/blockDevices)
	if generated != 0 {
		a.devices[generated] = address
	}
	return address
}

// gateway is the one that stands for a generated EUI.
func (a *air) gateway(generated uint64, keep bool) *gateway {
	g := a.gateways[generated]
	if g != nil {
		return g
	}
	g = &gateway{eui: generated, answer: int64(10e6 + a.random.Float64()*50e6)}
	for free := keep; !free; a.order++ {
		g.eui = gatewayBase + uint64(a.order)
		if a.order >= gatewaysMost {
			g.eui = gatewayLocal + uint64(a.order)
		}
		free = !a.used[g.eui]
	}
	a.gateways[generated] = g
	return g
}

// isUplinks tells flows of LoRaWAN uplinks.
func isUplinks(f *flow.Flow) bool { return len(f.Packets) > 0 && f.Packets[0].Radio != nil }

// admitUplinks makes a flow of uplinks a conversation.
func (f *Framer) admitUplinks(from *flow.Flow) error {
	if f.opts.Link == Ethernet && f.opts.MTU < pushMTU {
		return fmt.Errorf("wire: flow %d has uplinks, whose datagrams an MTU of %d does not hold: want at least %d, or link loratap", from.ID, f.opts.MTU, pushMTU)
	}
	c := f.recycle()
	c.id, c.app, c.proto, c.next, c.counts = from.ID, flow.LoRaWAN, flow.UDP, 0, &f.counts
	c.load(from, 0)
	c.uplinks, c.ends = c.uplinks[:0], [2]end{}
	for i := range from.Packets {
		p := &from.Packets[i]
		if p.Radio == nil {
			f.free = append(f.free, c)
			return fmt.Errorf("wire: flow %d: packet %d is no uplink as the others are", from.ID, i)
		}
		u := uplink{Radio: *p.Radio, length: p.Length, token: uint16(f.random.Uint32()) | tokenBits}
		u.mend(&f.counts, f.opts.Link)
		u.gateway = f.air.gateway(u.Gateway, f.opts.KeepTuples)
		if u.Gateway = u.gateway.eui; !f.opts.KeepTuples {
			u.Address = f.air.device(u.Address)
		}
		if f.opts.Link == Ethernet {
			f.join(u.gateway)
		}
		c.uplinks = append(c.uplinks, u)
		c.segments[i].echo = int32(i)
	}
	if f.opts.Link == Ethernet {
		c.answerUplinks()
	}
	f.push(c)
	return nil
}

// answerUplinks adds the server's PUSH_ACK of every datagram.
func (c *conversation) answerUplinks() {
	for i := range c.uplinks {
		c.segments = append(c.segments, segment{time: c.segments[i].time + c.uplinks[i].gateway.answer, dir: flow.Backward, echo: int32(i)})
	}
	slices.SortStableFunc(c.segments, func(a, b segment) int { return cmp.Compare(a.time, b.time) })
}

// join gives a gateway its host and port, and the server's, once: gateways take
// the pairs of the plan's service in turn.
func (f *Framer) join(g *gateway) {
	if g.ends[0].station != nil {
		return
	}
	s := f.sharing
	service := s.service(flow.LoRaWAN, flow.UDP, false)
	pair := service.Pairs[(len(f.air.gateways)-1)%len(service.Pairs)]
	client := s.newClient(pair, service)
	g.ends = [2]end{client, {station: s.stations[pair.Server], port: service.Port}}
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
	if b := u.Bandwidth; b != 125 && b != 250 && b != 500 && (link != Ethernet || b == 0 || b > 500) {
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
		at := int(f.random.Uint32() % ringSize)
		said.Payload = f.material.noise[at : at+int(u.length)-phyLeast]
		if f.opts.Payload == ZeroPayload {
			said.Payload = make([]byte, len(said.Payload))
		}
	}
	var err error
	f.air.physical, err = lorawan.AppendFrame(f.air.physical[:0], said, lorawan.TestNetworkKey, lorawan.TestApplicationKey)
	return f.air.physical, err
}

// received is the uplink as package lorawan writes it.
func (u *uplink) received(at int64, physical []byte) lorawan.Uplink {
	out := lorawan.Uplink{Time: at, Gateway: fmt.Sprintf("%016x", u.Gateway), Physical: physical, CRC: u.CRC, Frequency: u.Frequency,
		SpreadingFactor: int8(u.SpreadingFactor), Bandwidth: int16(u.Bandwidth), CodeRate: int8(u.CodeRate),
		RSSI: float64(u.RSSI), SNR: float64(u.SNR), Size: int32(len(physical))}
	if u.CodeRate == 0 {
		out.CodeRate = lorawan.Missing
	}
	return out
}

// loRaTapFrame makes the record of the conversation's next uplink. The Packet has
// what the record keeps: SNR to a quarter of a dB, RSSI to a dB or a quarter.
func (f *Framer) loRaTapFrame(c *conversation) error {
	g := &c.segments[c.next]
	u := &c.uplinks[g.echo]
	physical, err := f.frameOf(u)
	if err != nil {
		return fmt.Errorf("wire: flow %d: %w", c.id, err)
	}
	version := uint8(1)
	if f.opts.Link == LoRaTap0 {
		version = 0
	}
	said := u.received(g.time, physical)
	record, err := lorawan.AppendLoRaTap(f.buffer[:0], &said, version)
	if err != nil {
		return fmt.Errorf("wire: flow %d: %w", c.id, err)
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
func (f *Framer) datagramOf(c *conversation, g *segment) error {
	u := &c.uplinks[g.echo]
	if g.dir == flow.Backward {
		f.air.datagram = append(f.air.datagram[:0], pushVersion, byte(u.token>>8), byte(u.token), pushAck)
	} else {
		physical, err := f.frameOf(u)
		if err != nil {
			return fmt.Errorf("wire: flow %d: %w", c.id, err)
		}
		push := lorawan.PushData{Version: pushVersion, Token: u.token, Uplinks: []lorawan.Uplink{u.received(g.time, physical)}}
		binary.BigEndian.PutUint64(push.Gateway[:], u.Gateway)
		if f.air.datagram, err = lorawan.AppendPushData(f.air.datagram[:0], &push); err != nil {
			return fmt.Errorf("wire: flow %d: %w", c.id, err)
		}
	}
	g.payload = int32(len(f.air.datagram))
	c.datagram = f.air.datagram
	if c.ends[0].station != u.gateway.ends[0].station || c.ends[0].port != u.gateway.ends[0].port {
		c.ends = u.gateway.ends
		c.ipHeader = ipv4Header
		if c.ends[0].station.Address.Is6() {
			c.ipHeader = ipv6Header
		}
		c.connect()
	}
	return nil
}
