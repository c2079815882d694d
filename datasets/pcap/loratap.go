package pcap

import (
	"encoding/binary"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Lengths of LoRaTap headers, and what they mean by numbers.
const (
	loRaTapHeader   = 15   // bytes of version 0
	loRaTapExtended = 35   // bytes of version 1
	rssiOffset      = -139 // dBm of a stored 0
	rssiMissing     = 255
)

// The states of the checksum in the flags of a version 1 header.
const (
	crcGood = 1
	crcBad  = 2
)

// ReadLoRaTap reads the radio metadata of a LoRaTap record (version 0 or 1,
// https://github.com/eriknl/LoRaTap) and returns where the frame begins, 0 if the
// record has no such header. A version 0 header tells neither gateway nor checksum
// nor code rate.
func ReadLoRaTap(record []byte) (r flow.Radio, frame int) {
	if len(record) < loRaTapHeader {
		return r, 0
	}
	frame = int(binary.BigEndian.Uint16(record[2:]))
	if record[0] > 1 || frame < loRaTapHeader || frame > len(record) {
		return r, 0
	}
	r.Port = flow.NoPort
	r.Frequency = binary.BigEndian.Uint32(record[4:])
	r.Bandwidth, r.SpreadingFactor = 125*uint16(record[8]), min(record[9], 12)
	r.SNR = float32(int8(record[13])) / 4
	if record[10] != rssiMissing {
		scale := float32(1)
		if r.SNR < 0 {
			scale = 0.25
		}
		r.RSSI = rssiOffset + scale*float32(record[10])
	}
	if record[0] == 1 && frame >= loRaTapExtended {
		r.Gateway = binary.BigEndian.Uint64(record[15:])
		switch record[27] >> 3 & 7 {
		case crcGood:
			r.CRC = 1
		case crcBad:
			r.CRC = -1
		}
		if code := record[28]; code >= 5 && code <= 8 {
			r.CodeRate = code
		}
	}
	return r, frame
}

// loRaTap decodes a LoRaTap record: version, length, radio metadata, then the LoRa frame. An uplink
// becomes a packet with Radio. Of a downlink (TS001-1.0.4, 4.3.1) the device
// address stands in the last four bytes of DstMAC, so that flow assembly gives each
// device a flow.
func (d *decoder) loRaTap() error {
	b := d.frame
	if len(b) < 4 {
		return d.short("LoRaTap", 0, 4)
	}
	header := d.uint16(2)
	if header < 4 || len(b) < header {
		return d.short("LoRaTap", 0, max(4, header))
	}
	if radio, frame := ReadLoRaTap(b); frame > 0 && frame < len(b) {
		if radio.MType = b[frame] >> 5; !radio.Downlink() {
			d.packet.SetUplink(&radio, b[frame:len(b):len(b)], int32(d.wire()-frame))
			return nil
		}
	}
	d.add(flow.LayerLoRaTap, 0)
	d.add(flow.LayerLoRaWAN, header)
	d.payload(header, d.wire(), d.wire()-header)
	if phy := d.packet.Payload; len(phy) >= 5 && (phy[0]>>5 == 3 || phy[0]>>5 == 5) {
		d.packet.DstMAC = flow.MAC{2: phy[4], 3: phy[3], 4: phy[2], 5: phy[1]}
	}
	return nil
}
