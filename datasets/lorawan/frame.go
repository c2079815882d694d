package lorawan

import (
	"errors"
	"fmt"

	"github.com/brocaar/lorawan"
)

// Lengths of a frame's parts in bytes.
const (
	headerLength = 9 // MHDR, device address, FCtrl, FCnt and FPort
	micLength    = 4
)

// maxFrame is the longest LoRa frame.
const maxFrame = 255

// Key is an AES-128 key.
type Key [16]byte

// The keys of the example in the lora-packet library's documentation
// (https://github.com/anthonykirby/lora-packet), public since 2016: frames that
// are made here carry them, so that anybody can check and read them.
var (
	TestNetworkKey     = Key{0x44, 0x02, 0x42, 0x41, 0xed, 0x4c, 0xe9, 0xa6, 0x8c, 0x6a, 0x8b, 0xc0, 0x55, 0x23, 0x3f, 0xd3}
	TestApplicationKey = Key{0xec, 0x92, 0x58, 0x02, 0xae, 0x43, 0x0c, 0xa7, 0x7f, 0xd3, 0xdd, 0x73, 0xcb, 0x2c, 0xc5, 0x88}
)

// Frame is a LoRaWAN 1.0 data frame.
type Frame struct {
	Confirmed bool
	Down      bool
	Address   uint32
	ADR, ACK  bool
	Counter   uint32 // all 32 bits where a frame is built, 16 where it was parsed
	Options   int    // bytes of MAC commands in the header, which are not built
	Port      int16  // MissingPort: neither port nor payload
	Payload   []byte // encrypted where it was parsed
}

// ParseFrame reads a data frame. Join requests and other frames are refused.
func ParseFrame(physical []byte) (Frame, error) {
	phy, mac, err := parse(physical)
	if err != nil {
		return Frame{}, err
	}
	f := Frame{
		Confirmed: phy.MHDR.MType == lorawan.ConfirmedDataUp || phy.MHDR.MType == lorawan.ConfirmedDataDown,
		Down:      phy.MHDR.MType == lorawan.UnconfirmedDataDown || phy.MHDR.MType == lorawan.ConfirmedDataDown,
		ADR:       mac.FHDR.FCtrl.ADR, ACK: mac.FHDR.FCtrl.ACK,
		Counter: mac.FHDR.FCnt, Port: MissingPort,
	}
	for _, octet := range mac.FHDR.DevAddr {
		f.Address = f.Address<<8 | uint32(octet)
	}
	f.Options = int(physical[5] & 15)
	if mac.FPort != nil {
		f.Port = int16(*mac.FPort)
		f.Payload = physical[headerLength+f.Options : len(physical)-micLength]
	}
	return f, nil
}

func parse(physical []byte) (*lorawan.PHYPayload, *lorawan.MACPayload, error) {
	if len(physical) < headerLength-1+micLength {
		return nil, nil, fmt.Errorf("lorawan: frame of %d bytes: a data frame has at least %d", len(physical), headerLength-1+micLength)
	}
	if len(physical) > maxFrame {
		return nil, nil, fmt.Errorf("lorawan: frame of %d bytes: the longest has %d", len(physical), maxFrame)
	}
	switch mtype := lorawan.MType(physical[0] >> 5); mtype {
	case lorawan.UnconfirmedDataUp, lorawan.UnconfirmedDataDown, lorawan.ConfirmedDataUp, lorawan.ConfirmedDataDown:
	default:
		return nil, nil, fmt.Errorf("lorawan: frame of type %v is no data frame", mtype)
	}
	var phy lorawan.PHYPayload
	if err := phy.UnmarshalBinary(physical); err != nil {
		return nil, nil, fmt.Errorf("lorawan: frame: %w", err)
	}
	mac, ok := phy.MACPayload.(*lorawan.MACPayload)
	if !ok {
		return nil, nil, errors.New("lorawan: frame has no MAC payload")
	}
	if mac.FPort != nil && *mac.FPort == 0 && physical[5]&15 != 0 {
		return nil, nil, errors.New("lorawan: frame has MAC commands both in its header and on port 0")
	}
	return &phy, mac, nil
}

// AppendFrame appends the bytes of a frame to dst: the payload encrypted, the
// message integrity code (MIC) computed.
func AppendFrame(dst []byte, f Frame, network, application Key) ([]byte, error) {
	if f.Options != 0 {
		return dst, errors.New("lorawan: frames with MAC commands are not built")
	}
	mac := &lorawan.MACPayload{FHDR: lorawan.FHDR{
		DevAddr: lorawan.DevAddr{byte(f.Address >> 24), byte(f.Address >> 16), byte(f.Address >> 8), byte(f.Address)},
		FCtrl:   lorawan.FCtrl{ADR: f.ADR, ACK: f.ACK}, FCnt: f.Counter}}
	switch {
	case f.Port >= 0 && f.Port <= 255:
		port := uint8(f.Port)
		mac.FPort = &port
		mac.FRMPayload = []lorawan.Payload{&lorawan.DataPayload{Bytes: f.Payload}}
	case len(f.Payload) > 0 || f.Port != MissingPort:
		return dst, fmt.Errorf("lorawan: port %d: want 0 to 255, or %d without a payload", f.Port, MissingPort)
	}
	phy := lorawan.PHYPayload{MHDR: lorawan.MHDR{MType: f.messageType(), Major: lorawan.LoRaWANR1}, MACPayload: mac}
	key := application
	if f.Port == 0 {
		key = network
	}
	if err := phy.EncryptFRMPayload(lorawan.AES128Key(key)); err != nil {
		return dst, fmt.Errorf("lorawan: encrypt: %w", err)
	}
	var err error
	if f.Down {
		err = phy.SetDownlinkDataMIC(lorawan.LoRaWAN1_0, 0, lorawan.AES128Key(network))
	} else {
		err = phy.SetUplinkDataMIC(lorawan.LoRaWAN1_0, 0, 0, 0, lorawan.AES128Key(network), lorawan.AES128Key{})
	}
	if err != nil {
		return dst, fmt.Errorf("lorawan: integrity code: %w", err)
	}
	b, err := phy.MarshalBinary()
	if err != nil {
		return dst, fmt.Errorf("lorawan: frame: %w", err)
	}
	if len(b) > maxFrame {
		return dst, fmt.Errorf("lorawan: frame of %d bytes: the longest has %d", len(b), maxFrame)
	}
	return append(dst, b...), nil
}

func (f *Frame) messageType() lorawan.MType {
	switch {
	case f.Down && f.Confirmed:
		return lorawan.ConfirmedDataDown
	case f.Down:
		return lorawan.UnconfirmedDataDown
	case f.Confirmed:
		return lorawan.ConfirmedDataUp
	}
	return lorawan.UnconfirmedDataUp
}

// payloadFor returns the payload's length in a frame of a length in bytes without MAC
// commands, and whether there is such a frame.
func payloadFor(length int) (int, bool) {
	n := length - headerLength - micLength
	return max(0, n), n >= 0 && length <= maxFrame
}

// describe fills the fields of an uplink that its frame tells.
func (u *Uplink) describe() {
	u.MType, u.Address, u.Counter, u.Port = 0, "", Missing, MissingPort
	if len(u.Physical) == 0 {
		return
	}
	u.MType = u.Physical[0] >> 5
	f, err := ParseFrame(u.Physical)
	if err != nil {
		return
	}
	u.Address, u.Counter, u.Port = fmt.Sprintf("%08x", f.Address), int64(f.Counter), f.Port
}
