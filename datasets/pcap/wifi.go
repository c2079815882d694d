package pcap

import (
	"encoding/binary"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/necstgen/necstgen/datasets/flow"
)

// wifi holds gopacket's layers for the headers of IEEE 802.11. What the frame
// carries is decoded as on every other link.
type wifi struct {
	radio    layers.RadioTap
	frame    layers.Dot11
	ofRadio  *gopacket.DecodingLayerParser // the parsers recover what these layers panic on
	ofFrame  *gopacket.DecodingLayerParser
	found    []gopacket.LayerType
	followed []byte
}

// newWiFi makes the parsers.
func newWiFi() *wifi {
	w := new(wifi)
	w.ofRadio = gopacket.NewDecodingLayerParser(layers.LayerTypeRadioTap, &w.radio)
	w.ofFrame = gopacket.NewDecodingLayerParser(layers.LayerTypeDot11, &w.frame)
	w.ofRadio.IgnoreUnsupported, w.ofFrame.IgnoreUnsupported = true, true
	return w
}

// parse decodes one header and reports whether it is whole. Four bytes follow it:
// Dot11 takes them for the frame check sequence, which it expects in every frame.
func (w *wifi) parse(parser *gopacket.DecodingLayerParser, b []byte) bool {
	w.radio, w.frame = layers.RadioTap{}, layers.Dot11{} // they keep what a header does not name
	w.followed = append(append(w.followed[:0], b...), 0, 0, 0, 0)
	err := parser.DecodeLayers(w.followed, &w.found)
	return err == nil && len(w.found) > 0
}

// The bits of a radiotap or PPI header's flags.
const (
	radioTapPadded = 0x20 // the 802.11 header is padded to whole words
	ppiFCS         = 0x01
)

// radioTap decodes the header of most captures of 802.11 (https://www.radiotap.org).
func (d *decoder) radioTap() error {
	b := d.frame
	if len(b) < 8 {
		return d.short("radiotap", 0, 8)
	}
	header := int(binary.LittleEndian.Uint16(b[2:]))
	if header < 8 || header > len(b) {
		return d.short("radiotap", 0, max(8, header))
	}
	d.add(flow.LayerRadioTap, 0)
	if d.wifi == nil {
		d.wifi = newWiFi()
	}
	d.wifi.parse(d.wifi.ofRadio, b[:header]) // the flags come before what it may fail on
	flags := d.wifi.radio.Flags
	if flags.FCS() {
		d.trim(4)
	}
	word := 0
	if flags&radioTapPadded != 0 {
		word = 4
	}
	return d.dot11(header, word)
}

// trim takes a frame check sequence off the frame's end.
func (d *decoder) trim(n int) {
	length := max(0, d.wire()-n)
	d.packet.Length = int32(length)
	d.frame = d.frame[:min(len(d.frame), length)]
	d.whole = d.frame
	d.packet.Captured = int32(len(d.frame))
	d.cut = len(d.frame) < length
	for i := range d.layers { // those that are named already
		d.packet.Layers[i].Length = min(d.packet.Layers[i].Length, int32(len(d.frame)))
	}
}

// prism decodes the older header of Prism chips, or the one of AVS that took its place
// in the same captures.
func (d *decoder) prism() error {
	const avs = 0x80211000 // and a version
	b := d.frame
	if len(b) < 8 {
		return d.short("Prism", 0, 8)
	}
	header := int(binary.LittleEndian.Uint32(b[4:]))
	if binary.BigEndian.Uint32(b)&^0xfff == avs {
		header = int(binary.BigEndian.Uint32(b[4:]))
	}
	if header < 8 || header > len(b) {
		return d.short("Prism", 0, min(max(8, header), windowSize))
	}
	d.add(flow.LayerPrism, 0)
	return d.dot11(header, 0)
}

// dot11 decodes IEEE 802.11, 9.2. Data that is whole and not encrypted has an LLC header;
// of an aggregate of several MSDUs the first is decoded. word is what the header's
// length is rounded up to.
func (d *decoder) dot11(off, word int) error {
	if off+10 > len(d.frame) {
		return d.short("802.11", off, 10)
	}
	if d.wifi == nil {
		d.wifi = newWiFi()
	}
	whole := d.wifi.parse(d.wifi.ofFrame, d.frame[off:])
	f := &d.wifi.frame
	header := len(f.Contents)
	if !whole || off+header > len(d.frame) {
		return d.short("802.11", off, max(24, header))
	}
	d.add(flow.LayerDot11, off)
	d.dot11Addresses(f)
	next := off + header
	if word > 0 {
		next = off + (header+word-1)/word*word
	}
	const noData = 4 // of the type: null frames
	if f.Type.MainType() != layers.Dot11TypeData || f.Type>>2&noData != 0 || f.Flags.WEP() || f.FragmentNumber > 0 {
		d.raw(next, d.wire())
		return nil
	}
	if f.Type.QOS() && d.frame[d.qosAt(off, f)]&0x80 != 0 { // an A-MSDU
		next += 14
	}
	if next > len(d.frame) {
		return d.short("LLC", min(next, len(d.frame)), 3)
	}
	return d.llc(next, d.wire())
}

// qosAt returns where the QoS control field stands: behind the addresses.
func (d *decoder) qosAt(off int, f *layers.Dot11) int {
	if f.Flags.ToDS() && f.Flags.FromDS() {
		return off + 30
	}
	return off + 24
}

// dot11Addresses takes source and destination: which of the addresses these are,
// the direction to and from the access point says (table 9-60).
func (d *decoder) dot11Addresses(f *layers.Dot11) {
	set := func(to *flow.MAC, from []byte) {
		if len(from) == len(to) {
			*to = flow.MAC(from)
		}
	}
	dst, src := f.Address1, f.Address2
	if f.Type.MainType() == layers.Dot11TypeData {
		switch to, from := f.Flags.ToDS(), f.Flags.FromDS(); {
		case to && from:
			dst, src = f.Address3, f.Address4
		case to:
			dst = f.Address3
		case from:
			src = f.Address3
		}
	}
	set(&d.packet.DstMAC, dst)
	set(&d.packet.SrcMAC, src)
}

// ppi decodes the Per-Packet Information header, of which captures of 802.11 and raw IP
// are decoded.
func (d *decoder) ppi() error {
	b := d.frame
	if len(b) < 8 {
		return d.short("PPI", 0, 8)
	}
	header := int(binary.LittleEndian.Uint16(b[2:]))
	if header < 8 || header > len(b) {
		return d.short("PPI", 0, max(8, header))
	}
	d.add(flow.LayerPPI, 0)
	switch linkType(binary.LittleEndian.Uint32(b[4:])) {
	case linkWiFi:
		const common = 2 // the field with what all of 802.11 has
		for at := 8; at+4 <= header; {
			kind, length := binary.LittleEndian.Uint16(b[at:]), int(binary.LittleEndian.Uint16(b[at+2:]))
			if kind == common && at+14 <= header && b[at+12]&ppiFCS != 0 {
				d.trim(4)
			}
			at += 4 + length
		}
		return d.dot11(header, 0)
	case linkRaw, linkRaw12, linkIPv4, linkIPv6:
		return d.rawIP(header)
	}
	d.raw(header, d.wire())
	return nil
}
