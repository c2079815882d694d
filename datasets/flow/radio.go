package flow

import "fmt"

// Radio is what a LoRaWAN gateway noted of a frame, and what the frame's header
// says. A packet that carries it is an uplink: its flow is what one gateway heard
// of one device, its Length the bytes of the PHYPayload (D05), its HeaderLength
// MHDR, FHDR and FPort, its PayloadLength the encrypted FRMPayload; the message
// integrity code of 4 bytes is in neither. Its Payload, where a reader gives one,
// is the whole PHYPayload as far as it was captured. It has no five-tuple and no
// MAC addresses.
type Radio struct {
	Gateway uint64 // EUI-64; 0 where the record does not tell it
	Address uint32 // DevAddr; 0 where the frame has none, as a join request
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

// Lengths of the parts of a LoRaWAN data frame in bytes (TS001-1.0.4, 4).
const (
	frameHeader = 9 // MHDR, DevAddr, FCtrl, FCnt and FPort, without MAC commands
	frameMIC    = 4
)

// Device names the conversation: gateway and device.
func (r *Radio) Device() string { return fmt.Sprintf("%016x/%08x", r.Gateway, r.Address) }

// Downlink reports whether gateways send messages of this type: what one gateway hears
// of another is no uplink.
func (r *Radio) Downlink() bool { return r.MType == 1 || r.MType == 3 || r.MType == 5 }

// readFrame takes message type, address, counter and port from the captured part
// of a PHYPayload of a length in bytes, and returns the lengths of the frame's
// header and of its FRMPayload. What is no data frame has no address, counter and
// port, and its header counts as the nine bytes of a data frame's.
func (r *Radio) readFrame(physical []byte, length int32) (header, payload int32) {
	r.MType, r.Address, r.Counter, r.Port = 0, 0, 0, NoPort
	header = min(frameHeader, length)
	payload = max(0, length-frameHeader-frameMIC)
	if len(physical) == 0 {
		return header, payload
	}
	r.MType = physical[0] >> 5
	if r.MType < 2 || r.MType > 5 || length < frameHeader-1+frameMIC || len(physical) < frameHeader-1 {
		return header, payload
	}
	end := frameHeader - 1 + int32(physical[5]&15) // behind the MAC commands
	if end > length-frameMIC {
		return header, payload // damaged
	}
	b := physical
	r.Address = uint32(b[4])<<24 | uint32(b[3])<<16 | uint32(b[2])<<8 | uint32(b[1])
	r.Counter = uint32(b[7])<<8 | uint32(b[6])
	if end == length-frameMIC {
		return end, 0
	}
	if int(end) < len(b) {
		r.Port = int16(b[end])
	}
	return end + 1, length - frameMIC - end - 1
}

// SetUplink makes p the packet of an uplink: its lengths, layers, application and
// payload, and in r what the frame's header says. Physical is the captured part of
// the PHYPayload, length its bytes on the air. Number and Time are left.
func (p *Packet) SetUplink(r *Radio, physical []byte, length int32) {
	length = max(length, int32(len(physical)))
	header, payload := r.readFrame(physical, length)
	*p = Packet{Number: p.Number, Time: p.Time, Length: length, Captured: int32(len(physical)),
		HeaderLength: header, PayloadLength: payload, Application: LoRaWAN, Radio: r, Payload: physical}
	p.Layers[0] = Layer{Name: LayerLoRaWAN, Length: int32(len(physical))}
}
