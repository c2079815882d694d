package flow

import "fmt"

// Radio is what a LoRaWAN gateway noted of a frame, and what the frame's header
// says. A packet that carries it is an uplink: its flow is what one gateway heard
// of one device, its Length the bytes of the PHYPayload (D05), its HeaderLength
// MHDR, FHDR and FPort, its PayloadLength the encrypted FRMPayload; the message
// integrity code of 4 bytes is in neither.
type Radio struct {
	Gateway uint64 // EUI-64
	Address uint32 // DevAddr; 0 where the frame has none
	Counter uint32 // of frames, the low 16 bits as sent
	Port    int16  // FPort, NoPort without one
	MType   uint8  // message type: 0 join request, 2 unconfirmed data up, 4 confirmed data up (TS001-1.0.4, 4.2.1)

	Frequency       uint32  // Hz
	SpreadingFactor uint8   // 7 to 12; 0: not noted
	Bandwidth       uint16  // kHz; 0: not noted
	CodeRate        uint8   // 5 stands for 4/5, 8 for 4/8; 0: not noted
	CRC             int8    // 1 good, -1 bad, 0 none
	RSSI            float32 // dBm
	SNR             float32 // dB
}

// NoPort is the Port of a frame without an FPort field.
const NoPort = -2

// Device names the conversation: gateway and device.
func (r *Radio) Device() string { return fmt.Sprintf("%016x/%08x", r.Gateway, r.Address) }
