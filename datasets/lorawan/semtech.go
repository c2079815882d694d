package lorawan

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// SemtechPort is the UDP port of the packet forwarder protocol.
const SemtechPort = 1700

// pushData is the identifier of a PUSH_DATA datagram.
const pushData = 0

// pushHeader is the length of what stands before the JSON: version, token,
// identifier and the gateway's EUI.
const pushHeader = 12

// EUI is a gateway's identifier.
type EUI [8]byte

// String returns sixteen lower-case hexadecimal digits.
func (e EUI) String() string { return hex.EncodeToString(e[:]) }

// PushData is a datagram by which a gateway reports frames. A datagram that only
// reports its status has no uplink.
type PushData struct {
	Version uint8  // of the protocol: 1 or 2
	Token   uint16 // that the acknowledgement repeats
	Gateway EUI
	Uplinks []Uplink
	Damaged []error // *RowError of frames that could not be read
}

// receivedPacket is an element of rxpk.
type receivedPacket struct {
	Time       string          `json:"time,omitempty"`
	Timestamp  uint32          `json:"tmst"` // microseconds of the gateway's own counter
	Channel    uint8           `json:"chan"`
	Chain      uint8           `json:"rfch"`
	Frequency  float64         `json:"freq"` // MHz
	Status     int8            `json:"stat"`
	Modulation string          `json:"modu"`
	DataRate   json.RawMessage `json:"datr"` // "SF7BW125", or bits a second with FSK
	CodeRate   string          `json:"codr,omitempty"`
	RSSI       float64         `json:"rssi"`
	SNR        float64         `json:"lsnr"`
	Size       int32           `json:"size"`
	Data       string          `json:"data"`
}

// ParsePushData reads the payload of a datagram to port 1700. Arrival, in
// nanoseconds since 1970, is the time of frames that carry none.
func ParsePushData(datagram []byte, arrival int64) (*PushData, error) {
	if len(datagram) < pushHeader {
		return nil, fmt.Errorf("lorawan: datagram of %d bytes: PUSH_DATA has at least %d", len(datagram), pushHeader)
	}
	if datagram[0] != 1 && datagram[0] != 2 {
		return nil, fmt.Errorf("lorawan: datagram of protocol version %d: want 1 or 2", datagram[0])
	}
	if datagram[3] != pushData {
		return nil, fmt.Errorf("lorawan: datagram of type %d: want PUSH_DATA, %d", datagram[3], pushData)
	}
	p := &PushData{Version: datagram[0], Token: uint16(datagram[1])<<8 | uint16(datagram[2]), Gateway: EUI(datagram[4:12])}
	var body struct {
		Packets []json.RawMessage `json:"rxpk"`
	}
	if err := json.Unmarshal(datagram[pushHeader:], &body); err != nil {
		return nil, fmt.Errorf("lorawan: PUSH_DATA of gateway %s: %w", p.Gateway, err)
	}
	for i, text := range body.Packets {
		u, err := parseReceived(text, arrival)
		if err != nil {
			p.Damaged = append(p.Damaged, &RowError{Package: "lorawan", Name: "rxpk of gateway " + p.Gateway.String(), Line: i + 1, Number: int64(i), Err: err})
			continue
		}
		u.Gateway = p.Gateway.String()
		p.Uplinks = append(p.Uplinks, u)
	}
	return p, nil
}

func parseReceived(text json.RawMessage, arrival int64) (Uplink, error) {
	var in receivedPacket
	if err := json.Unmarshal(text, &in); err != nil {
		return Uplink{}, err
	}
	u := Uplink{Time: arrival, CRC: in.Status, RSSI: in.RSSI, SNR: in.SNR, Size: in.Size,
		SpreadingFactor: Missing, Bandwidth: Missing, CodeRate: Missing}
	if in.Time != "" {
		t, err := time.Parse(time.RFC3339Nano, in.Time)
		if err != nil {
			return u, err
		}
		if y := t.Year(); y < 1970 || y > 2200 {
			return u, fmt.Errorf("time %s is out of range", in.Time)
		}
		u.Time = t.UnixNano()
	}
	if !(in.Frequency >= 0 && in.Frequency < 4294) {
		return u, fmt.Errorf("frequency %v MHz is out of range", in.Frequency)
	}
	u.Frequency = uint32(math.Round(in.Frequency * 1e6))
	var err error
	if u.Physical, err = decodeBase64(in.Data); err != nil {
		return u, fmt.Errorf("data: %w", err)
	}
	if int(in.Size) != len(u.Physical) {
		return u, fmt.Errorf("size %d, but data holds %d bytes", in.Size, len(u.Physical))
	}
	if in.Modulation == "LORA" {
		if err := u.parseRate(in.DataRate, in.CodeRate); err != nil {
			return u, err
		}
	}
	u.describe()
	return u, nil
}

// parseRate reads "SF7BW125" and "4/5".
func (u *Uplink) parseRate(rate json.RawMessage, code string) error {
	var text string
	if err := json.Unmarshal(rate, &text); err != nil {
		return fmt.Errorf("data rate %s of a LoRa frame: want a text such as SF7BW125", rate)
	}
	factor, bandwidth, ok := strings.Cut(strings.TrimPrefix(text, "SF"), "BW")
	sf, err1 := strconv.ParseUint(factor, 10, 8)
	bw, err2 := strconv.ParseUint(bandwidth, 10, 15)
	if !ok || errors.Join(err1, err2) != nil || sf < 5 || sf > 12 {
		return fmt.Errorf("data rate %q: want a text such as SF7BW125", text)
	}
	u.SpreadingFactor, u.Bandwidth = int8(sf), int16(bw)
	switch code {
	case "4/5", "4/6", "4/7", "4/8":
		u.CodeRate = int8(code[2] - '0')
	case "", "OFF":
	default:
		return fmt.Errorf("code rate %q: want 4/5 to 4/8 or OFF", code)
	}
	return nil
}

// AppendPushData appends a datagram that reports the uplinks to dst. Times are
// written to the microsecond, as gateways do.
func AppendPushData(dst []byte, p *PushData) ([]byte, error) {
	if p.Version != 1 && p.Version != 2 {
		return dst, fmt.Errorf("lorawan: protocol version %d: want 1 or 2", p.Version)
	}
	packets := make([]receivedPacket, len(p.Uplinks))
	for i := range p.Uplinks {
		u := &p.Uplinks[i]
		if u.SpreadingFactor < 5 || u.SpreadingFactor > 12 || u.Bandwidth <= 0 {
			return dst, fmt.Errorf("lorawan: uplink %d: spreading factor %d and bandwidth %d kHz are no LoRa rate", i, u.SpreadingFactor, u.Bandwidth)
		}
		rate, err := json.Marshal(fmt.Sprintf("SF%dBW%d", u.SpreadingFactor, u.Bandwidth))
		if err != nil {
			return dst, err
		}
		packets[i] = receivedPacket{
			Time:      time.Unix(0, u.Time).UTC().Format("2006-01-02T15:04:05.000000Z"),
			Timestamp: uint32(u.Time / 1000), Frequency: float64(u.Frequency) / 1e6, Status: u.CRC, Modulation: "LORA", DataRate: rate,
			RSSI: u.RSSI, SNR: u.SNR, Size: int32(len(u.Physical)), Data: base64.StdEncoding.EncodeToString(u.Physical),
		}
		if u.CodeRate > 0 {
			packets[i].CodeRate = fmt.Sprintf("4/%d", u.CodeRate)
		}
	}
	body, err := json.Marshal(struct {
		Packets []receivedPacket `json:"rxpk"`
	}{packets})
	if err != nil {
		return dst, fmt.Errorf("lorawan: PUSH_DATA: %w", err)
	}
	dst = append(dst, p.Version, byte(p.Token>>8), byte(p.Token), pushData)
	dst = append(dst, p.Gateway[:]...)
	return append(dst, body...), nil
}
