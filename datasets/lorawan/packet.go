package lorawan

import (
	"fmt"
	"hash/fnv"
	"iter"
	"strconv"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Packets turns uplinks into packets, as flow assembly and all that follows it
// take them: with Radio, and the PHYPayload for the Payload. A downlink that a
// gateway heard of another is a packet without Radio, the device's address in the
// last four bytes of DstMAC, as package pcap has it. A gateway whose name is no EUI
// in hexadecimal gets a number from it. Errors pass.
func Packets(uplinks iter.Seq2[Uplink, error]) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		var number int64
		for u, err := range uplinks {
			p := flow.Packet{Number: number}
			number++
			if err == nil && !u.packet(&p) {
				p.DstMAC = flow.MAC{2: byte(p.Radio.Address >> 24), 3: byte(p.Radio.Address >> 16), 4: byte(p.Radio.Address >> 8), 5: byte(p.Radio.Address)}
				p.Radio = nil
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// packet makes p the packet of an uplink and reports whether it is one. What the
// uplink says of its frame comes before what the frame says.
func (u *Uplink) packet(p *flow.Packet) bool {
	r := u.radio()
	said := *r
	length := int32(len(u.Physical))
	if length == 0 {
		length = max(0, u.Size)
	}
	p.Time = u.Time
	p.SetUplink(r, u.Physical, length)
	r.MType, r.Address, r.Counter, r.Port = said.MType, said.Address, said.Counter, said.Port
	return !r.Downlink()
}

// radio returns what a packet keeps of an uplink.
func (u *Uplink) radio() *flow.Radio {
	r := &flow.Radio{Counter: uint32(max(0, u.Counter)), Port: max(flow.NoPort, u.Port), MType: u.MType,
		Frequency: u.Frequency, SpreadingFactor: uint8(max(0, u.SpreadingFactor)), Bandwidth: uint16(max(0, u.Bandwidth)),
		CodeRate: uint8(max(0, u.CodeRate)), CRC: u.CRC, RSSI: float32(u.RSSI), SNR: float32(u.SNR)}
	var err error
	if r.Gateway, err = strconv.ParseUint(u.Gateway, 16, 64); err != nil && u.Gateway != "" {
		h := fnv.New64a()
		h.Write([]byte(u.Gateway))
		r.Gateway = h.Sum64()
	}
	if address, err := strconv.ParseUint(u.Address, 16, 32); err == nil {
		r.Address = uint32(address)
	}
	return r
}

// fromRadio returns the uplink of which a packet keeps the radio metadata.
func fromRadio(r *flow.Radio) Uplink {
	orMissing := func(v int) int {
		if v == 0 {
			return Missing
		}
		return v
	}
	u := Uplink{Gateway: fmt.Sprintf("%016x", r.Gateway), CRC: r.CRC, Frequency: r.Frequency,
		SpreadingFactor: int8(orMissing(int(r.SpreadingFactor))), Bandwidth: int16(orMissing(int(r.Bandwidth))), CodeRate: int8(orMissing(int(r.CodeRate))),
		RSSI: float64(r.RSSI), SNR: float64(r.SNR), MType: r.MType, Counter: int64(r.Counter), Port: r.Port}
	data := r.MType >= 2 && r.MType <= 5
	if data || r.Address != 0 {
		u.Address = fmt.Sprintf("%08x", r.Address)
	}
	if !data && r.Counter == 0 {
		u.Counter = Missing
	}
	return u
}

// UplinksOf yields the uplinks that packets with Radio stand for, as UplinkOf does. Errors
// pass.
func UplinksOf(packets iter.Seq2[flow.Packet, error]) iter.Seq2[Uplink, error] {
	return func(yield func(Uplink, error) bool) {
		for p, err := range packets {
			var u Uplink
			if err == nil {
				u = UplinkOf(&p)
			}
			if !yield(u, err) {
				return
			}
		}
	}
}

// UplinkOf returns the uplink that a packet with Radio stands for. Where the packet has
// no Payload (out of a table, or generated) a data frame is built, of the packet's
// length, its payload zeros, under the test keys; other frames are nil then.
func UplinkOf(p *flow.Packet) Uplink {
	u := fromRadio(p.Radio)
	u.Time, u.Size = p.Time, p.Length
	if u.Physical = append([]byte(nil), p.Payload...); len(u.Physical) > 0 {
		return u
	}
	u.Physical = nil
	if !(p.Radio.MType == 2 || p.Radio.MType == 4) {
		return u
	}
	f := Frame{Confirmed: p.Radio.MType == 4, Address: p.Radio.Address, Counter: p.Radio.Counter, Port: p.Radio.Port}
	if n, ok := payloadFor(int(p.Length)); ok && f.Port != MissingPort {
		f.Payload = make([]byte, n)
	}
	if physical, err := AppendFrame(nil, f, TestNetworkKey, TestApplicationKey); err == nil {
		u.Physical = physical
	}
	return u
}

// PacketError is a datagram, record or row of a log that could not be read as the LoRaWAN
// message that it claims to be, or as an uplink. It stands in the stream beside its packet.
type PacketError struct {
	Number int64 // of the packet in its capture, from 0
	Err    error
}

// Error names the packet.
func (e *PacketError) Error() string { return fmt.Sprintf("lorawan: packet %d: %v", e.Number, e.Err) }

// Unwrap returns the cause.
func (e *PacketError) Unwrap() error { return e.Err }

// RecordNumber returns Number: the error belongs to one record, not to the capture.
func (e *PacketError) RecordNumber() int64 { return e.Number }

// maxSkew is how far a gateway's clock may be from the capture's for its times to
// be believed.
const maxSkew = int64(time.Minute)

// Uplinks replaces each PUSH_DATA datagram of Semtech's packet forwarder (UDP port
// 1700) by the uplinks that it carries; they have its Number, and the time that the
// gateway noted, unless that is more than a minute from the capture's. All other
// packets pass as they are: those of LoRaTap captures are uplinks already, and a
// datagram without uplinks (a status, an acknowledgement, a downlink) remains one. A
// datagram that cannot be read is a *PacketError beside its packet, unless the
// capture has cut it; so is a row of a gateway's log that is no uplink. Other errors pass.
func Uplinks(packets iter.Seq2[flow.Packet, error]) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for p, err := range packets {
			if err == nil && p.Radio == nil && p.Layers[0].Name == flow.LayerLoRaWAN {
				to := p.DstMAC
				err = &PacketError{p.Number, fmt.Errorf("row of a downlink to device %02x that the gateway heard of another: is no uplink", to[2:])}
			}
			if err != nil || !isPushData(&p) {
				if !yield(p, err) {
					return
				}
				continue
			}
			if !yieldUplinks(&p, yield) {
				return
			}
		}
	}
}

// isPushData reports whether p is a whole PUSH_DATA datagram.
func isPushData(p *flow.Packet) bool {
	return p.Tuple.Proto == flow.UDP && p.Tuple.Dst.Port() == SemtechPort && p.Radio == nil &&
		len(p.Payload) > pushHeader && len(p.Payload) == int(p.PayloadLength) &&
		(p.Payload[0] == 1 || p.Payload[0] == 2) && p.Payload[3] == pushData && p.Payload[pushHeader] == '{'
}

func yieldUplinks(datagram *flow.Packet, yield func(flow.Packet, error) bool) bool {
	push, err := ParsePushData(datagram.Payload, datagram.Time)
	if err != nil {
		return yield(*datagram, &PacketError{datagram.Number, err})
	}
	any := false
	for _, err := range push.Damaged {
		any = true
		if !yield(flow.Packet{Number: datagram.Number, Time: datagram.Time}, &PacketError{datagram.Number, err}) {
			return false
		}
	}
	for i := range push.Uplinks {
		u := &push.Uplinks[i]
		if skew := u.Time - datagram.Time; skew > maxSkew || skew < -maxSkew {
			u.Time = datagram.Time
		}
		p := flow.Packet{Number: datagram.Number}
		if !u.packet(&p) {
			continue
		}
		any = true
		if !yield(p, nil) {
			return false
		}
	}
	return any || yield(*datagram, nil)
}
