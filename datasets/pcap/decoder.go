package pcap

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// decoder turns one record after the other into a packet. It never allocates
// for a good packet of a wired link.
type decoder struct {
	packet flow.Packet
	frame  []byte // captured, without the frame check sequence
	layers int
	cut    bool // the capture kept less than the wire carried
	wifi   *wifi

	// What is taken off frames, where unwrap says so.
	unwrap  bool
	whole   []byte             // the frame as it was captured
	network int                // where the last IP header begins
	below   int                // layers in front of it
	outer   []flow.OuterHeader // taken off this frame
	known   flow.Encapsulations
}

// maxWire is the longest frame that is believed. Offloading makes frames of 256
// KiB; a damaged record claims anything.
const maxWire = 1 << 24

// decode fills d.packet. A header that is cut by the snap length is no damage:
// what stands before it is decoded. A header that contradicts itself, or that
// the frame is too short for, is.
func (d *decoder) decode(r *record) error {
	frame, length := r.frame, r.length
	if r.fcs > 0 && length >= r.fcs {
		length -= r.fcs
		frame = frame[:min(len(frame), length)]
	}
	if length > maxWire {
		d.packet = flow.Packet{Time: r.time}
		return damagedf("%d bytes on the wire: want at most %d", length, maxWire)
	}
	length = max(length, len(frame))
	d.packet = flow.Packet{Time: r.time, Length: int32(length), Captured: int32(len(frame))}
	d.frame, d.whole, d.layers, d.cut = frame, frame, 0, len(frame) < length
	d.outer = d.outer[:0]
	err := d.link(r.link)
	if len(d.outer) > 0 {
		d.packet.Encapsulation = d.known.Of(d.outer)
	}
	flow.Identify(&d.packet)
	if r.odd != nil {
		err = r.odd
	}
	if err != nil {
		return errRecord{err}
	}
	return nil
}

// add appends a layer that starts at off.
func (d *decoder) add(name flow.LayerName, off int) {
	if d.layers < flow.MaxLayers {
		d.packet.Layers[d.layers] = flow.Layer{Name: name, Length: int32(len(d.frame) - off)}
		d.layers++
	}
}

// short returns the error for a header at off that the frame has no room for, or nil
// if the snap length has cut it. What is left is payload without a name.
func (d *decoder) short(header string, off, want int) error {
	d.raw(off, d.wire())
	if d.cut {
		return nil
	}
	return damagedf("%s header at byte %d: %d bytes are left, want %d", header, off, max(0, len(d.frame)-off), want)
}

// wire returns where the frame ended on the wire, which the snap length may have cut.
func (d *decoder) wire() int { return int(d.packet.Length) }

// raw makes what stands from off to end on the wire the payload and names it.
func (d *decoder) raw(off, end int) {
	if off < len(d.frame) {
		d.add(flow.LayerRaw, off)
	}
	d.payload(off, end, end-off)
}

// payload makes frame[off:end] the payload, of which the headers declare a
// length; behind end stands padding.
func (d *decoder) payload(off, end, declared int) {
	p := &d.packet
	off = min(off, len(d.frame))
	end = min(max(end, off), len(d.frame))
	p.HeaderLength, p.PayloadLength = int32(off), int32(max(0, declared))
	if off < end {
		p.Payload = d.frame[off:end:end]
	}
}

// padding names what the frame holds behind its payload. TCP and UDP leave that
// to flow.Identify, which names the payload first.
func (d *decoder) padding(end int) {
	if end < len(d.frame) {
		d.add(flow.LayerPadding, end)
	}
}

func (d *decoder) link(link linkType) error {
	switch link {
	case linkEthernet:
		return d.ethernet()
	case linkCooked:
		return d.cooked()
	case linkCooked2:
		return d.cooked2()
	case linkNull, linkLoop:
		return d.loopback()
	case linkPPP, linkPPPHDLC:
		return d.ppp(0, len(d.frame))
	case linkPPPEther:
		return d.pppoe(0)
	case linkLoRaTap:
		return d.loRaTap()
	case linkRaw12, linkRaw14, linkRaw, linkIPv4, linkIPv6:
		return d.rawIP(0)
	}
	return d.rareLink(link)
}

// rareLink decodes the link layers that few captures have.
func (d *decoder) rareLink(link linkType) error {
	switch link {
	case linkWiFi:
		return d.dot11(0, 0)
	case linkRadioTap:
		return d.radioTap()
	case linkPrism, linkAVS:
		return d.prism()
	case linkPPI:
		return d.ppi()
	case linkCiscoHDLC:
		return d.ciscoHDLC()
	case linkFDDI:
		return d.fddi()
	case linkNFLOG:
		return d.nflog()
	case linkPFLog:
		return d.pflog()
	case linkDot15d4:
		return d.dot15d4(0, 2)
	case linkDot15TAP:
		return d.dot15d4TAP()
	}
	return d.dot15d4(0, 0)
}

// rawIP decodes the IP version that the first byte gives.
func (d *decoder) rawIP(off int) error {
	if off >= len(d.frame) {
		return d.short("IP", off, 20)
	}
	switch version := d.frame[off] >> 4; version {
	case 4:
		return d.ip4(off, len(d.frame))
	case 6:
		return d.ip6(off, len(d.frame))
	default:
		d.raw(off, d.wire())
		return damagedf("IP version %d at byte %d: want 4 or 6", version, off)
	}
}

func (d *decoder) uint16(off int) int { return int(binary.BigEndian.Uint16(d.frame[off:])) }
