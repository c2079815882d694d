package lorawan

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// LoRaTapLinkType is the link type of LoRaTap captures.
const LoRaTapLinkType = 270

const (
	loRaTapHeader   = 15   // bytes of a version 0 header
	loRaTapExtended = 35   // of a version 1 header
	syncLoRaWAN     = 0x34 // sync word of public LoRaWAN networks
	rssiOffset      = -139 // dBm of a stored 0
	notAvailable    = 255
)

// The states of the checksum in the flags of a version 1 header.
const (
	crcGood = 1
	crcBad  = 2
	crcNone = 4
)

// AppendLoRaTap appends the uplink as a LoRaTap record to dst: of version 0,
// which every Wireshark reads, or of version 1, which keeps gateway, checksum and
// code rate and is read from Wireshark 4.2 on. The SNR is kept to a quarter of a
// dB, the RSSI to a dB, or a quarter of it where the SNR is negative; what does not
// fit is cut.
func AppendLoRaTap(dst []byte, u *Uplink, version uint8) ([]byte, error) {
	if version > 1 {
		return dst, fmt.Errorf("lorawan: LoRaTap version %d: want 0 or 1", version)
	}
	if u.Bandwidth <= 0 || u.Bandwidth%125 != 0 || u.Bandwidth/125 > math.MaxUint8 {
		return dst, fmt.Errorf("lorawan: LoRaTap keeps bandwidths in steps of 125 kHz, not %d kHz", u.Bandwidth)
	}
	if u.SpreadingFactor < 0 || u.SpreadingFactor > 12 {
		return dst, fmt.Errorf("lorawan: spreading factor %d: want 0 to 12", u.SpreadingFactor)
	}
	snr := int8(max(math.MinInt8, min(math.MaxInt8, math.Round(u.SNR*4))))
	scale := 1.0
	if snr < 0 {
		scale = 4
	}
	rssi := byte(max(0, min(notAvailable-1, math.Round(scale*(u.RSSI-rssiOffset)))))
	length := uint16(loRaTapHeader)
	if version == 1 {
		length = loRaTapExtended
	}
	dst = append(dst, version, 0)
	dst = binary.BigEndian.AppendUint16(dst, length)
	dst = binary.BigEndian.AppendUint32(dst, u.Frequency)
	dst = append(dst, byte(u.Bandwidth/125), byte(u.SpreadingFactor), rssi, notAvailable, notAvailable, byte(snr), syncLoRaWAN)
	if version == 1 {
		var err error
		if dst, err = appendLoRaTapExtension(dst, u); err != nil {
			return dst, err
		}
	}
	return append(dst, u.Physical...), nil
}

// appendLoRaTapExtension appends what version 1 adds: gateway, microsecond
// counter, flags, code rate, and rate, channels and tag, which an uplink has not.
func appendLoRaTapExtension(dst []byte, u *Uplink) ([]byte, error) {
	gateway, err := hex.DecodeString(u.Gateway)
	if err != nil || len(gateway) != 8 {
		return dst, fmt.Errorf("lorawan: gateway %q: want sixteen hexadecimal digits", u.Gateway)
	}
	state := byte(crcNone)
	switch {
	case u.CRC > 0:
		state = crcGood
	case u.CRC < 0:
		state = crcBad
	}
	dst = append(dst, gateway...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(u.Time/1000))
	return append(dst, state<<3, byte(max(0, u.CodeRate)), 0, 0, 0, 0, 0, 0), nil
}
