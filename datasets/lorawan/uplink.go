// Package lorawan reads and writes what LoRaWAN gateways receive: the logs that
// NeCSTGen and LoED publish (CSV with base64 frames), the JSON of Semtech's
// packet forwarder (UDP port 1700), and LoRaTap capture records.
//
//   - [Read] is the stream of a file's uplinks as packets, whatever of these it holds.
//   - An [Uplink] is a frame as a gateway received it: [Log] reads them and [WriteLog]
//     writes them, [Packets] and [UplinkOf] turn them into packets and back.
//   - A [Frame] is what the radio carried; [Devices] counts who sent them.
//
// Frames are built and checked by github.com/brocaar/lorawan, of which this package
// and lorawantest are the importers.
//
// LoRaTap: https://github.com/eriknl/LoRaTap. Packet forwarder protocol:
// https://github.com/Lora-net/packet_forwarder, PROTOCOL.TXT.
package lorawan

import "github.com/necstgen/necstgen/datasets/csvrows"

// Values of fields that a record does not have, as NeCSTGen's tables write them.
const (
	Missing     = -1 // bandwidth, code rate, spreading factor, size
	MissingPort = -2 // FPort
)

// Uplink is a frame as a gateway received it.
type Uplink struct {
	Time     int64  // nanoseconds since 1970-01-01 UTC
	Gateway  string // EUI in lower-case hexadecimal
	Physical []byte // the PHYPayload; nil where it was not kept

	CRC             int8    // 1 good, -1 bad, 0 without
	Frequency       uint32  // Hz
	SpreadingFactor int8    // 7 to 12, or Missing
	Bandwidth       int16   // kHz, or Missing
	CodeRate        int8    // 5 stands for 4/5, or Missing
	RSSI            float64 // dBm
	SNR             float64 // dB
	Size            int32   // as the gateway's record states it, or Missing

	// What the frame's header says, Missing and MissingPort where there is none.
	MType   uint8  // message type: 2 unconfirmed data up, 4 confirmed data up
	Address string // device address, eight hexadecimal digits
	Counter int64  // low 16 bits of the frame counter
	Port    int16  // application port
}

// RowError is a record of a log or datagram that could not be read. It stands in
// the stream in the record's place, and reading goes on.
type RowError = csvrows.RowError
