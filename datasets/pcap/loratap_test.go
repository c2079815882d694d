package pcap_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// A LoRaTap header: version 0, and what version 1 adds to one of 35 bytes.
const (
	tap0 = "00 00 000f 33be27a0 01 07 28 ff ff 14 34 "
	tap1 = "01 00 0023 33be27a0 01 0c 28 ff ff ec 34 0000024b0b031c97 00000000 08 06 000000000000 "
)

// radio0 and radio1 are what they say.
var (
	radio0 = flow.Radio{Frequency: 868_100_000, Bandwidth: 125, SpreadingFactor: 7, RSSI: -99, SNR: 5, Port: flow.NoPort}
	radio1 = flow.Radio{Gateway: 0x24b0b031c97, Frequency: 868_100_000, Bandwidth: 125, SpreadingFactor: 12, CodeRate: 6, CRC: 1, RSSI: -129, SNR: -5, Port: flow.NoPort}
)

// loRaTapRows are uplinks, with the length of header and payload.
var loRaTapRows = []struct {
	name, tap, frame string
	want             func(r *flow.Radio)
	length           [3]int32 // frame, header, payload
}{
	{"no payload", tap0, "40 78560412 00 0a01 01 01020304", func(r *flow.Radio) { r.MType, r.Address, r.Counter, r.Port = 2, 0x12045678, 266, 1 }, [3]int32{13, 9, 0}},
	{"version 1", tap1, "80 78560412 80 ffff 0a aabbcc 01020304", func(r *flow.Radio) { r.MType, r.Address, r.Counter, r.Port = 4, 0x12045678, 65535, 10 }, [3]int32{16, 9, 3}},
	{"without port", tap0, "40 78560412 00 0000 01020304", func(r *flow.Radio) { r.MType, r.Address = 2, 0x12045678 }, [3]int32{12, 8, 0}},
	{"MAC commands", tap1, "40 78560412 02 0000 0302 05 aabb 01020304", func(r *flow.Radio) { r.MType, r.Address, r.Port = 2, 0x12045678, 5 }, [3]int32{17, 11, 2}},
	{"join request", tap1, "00 0102030405060708 1112131415161718 aabb 01020304", func(*flow.Radio) {}, [3]int32{23, 9, 10}},
	{"proprietary", tap0, "e0 01", func(r *flow.Radio) { r.MType = 7 }, [3]int32{2, 2, 0}},
	{"MAC commands beyond the frame", tap0, "40 78560412 0f 0000 01020304", func(r *flow.Radio) { r.MType = 2 }, [3]int32{12, 9, 0}},
}

func TestLoRaTap(t *testing.T) {
	for _, row := range loRaTapRows {
		want := radio0
		if row.tap == tap1 {
			want = radio1
		}
		row.want(&want)
		record := unhex(t, row.tap+row.frame)
		p, err := decodeOne(t, 270, record, 0)
		if err != nil || p.Radio == nil || *p.Radio != want {
			t.Errorf("%s: %+v, %v, want %+v", row.name, p.Radio, err, want)
			continue
		}
		if got := [3]int32{p.Length, p.HeaderLength, p.PayloadLength}; got != row.length || p.Captured != p.Length {
			t.Errorf("%s: lengths %v, captured %d, want %v", row.name, got, p.Captured, row.length)
		}
		if p.Application != flow.LoRaWAN || !bytes.Equal(p.Payload, unhex(t, row.frame)) || p.Layers[0] != (flow.Layer{Name: flow.LayerLoRaWAN, Length: p.Length}) {
			t.Errorf("%s: %+v", row.name, p)
		}
		cutUplink(t, row.name, record, p)
	}
}

// cutUplink captures ever less of an uplink: no damage, and what can still be seen
// does not change.
func cutUplink(t *testing.T, name string, record []byte, whole flow.Packet) {
	t.Helper()
	tap := len(record) - int(whole.Length)
	for n := 1; n < len(record); n++ {
		p, err := decodeOne(t, 270, record, n)
		if err != nil {
			t.Fatalf("%s, %d bytes captured: %v", name, n, err)
		}
		if (p.Radio != nil) != (n > tap) {
			t.Fatalf("%s, %d bytes captured: radio %+v", name, n, p.Radio)
		}
		if p.Radio == nil {
			continue
		}
		if p.Length != whole.Length || int(p.Captured) != n-tap || p.Radio.Frequency != whole.Radio.Frequency || p.Radio.MType != whole.Radio.MType {
			t.Fatalf("%s, %d bytes captured: %+v", name, n, p)
		}
		if n-tap >= int(whole.HeaderLength) && (*p.Radio != *whole.Radio || p.HeaderLength != whole.HeaderLength || p.PayloadLength != whole.PayloadLength) {
			t.Fatalf("%s, %d bytes captured: %+v, whole %+v", name, n, p.Radio, whole.Radio)
		}
	}
}

// Devices at gateways are flows, however long they are silent.
func TestDevices(t *testing.T) {
	b := classic(binary.LittleEndian, micro, 4, 270)
	frames := []string{
		tap1 + "40 01000000 00 0000 01 01020304", // a device
		tap1 + "40 02000000 00 0000 01 01020304", // another
		tap0 + "40 01000000 00 0000 01 01020304", // the first at another gateway
		tap1 + "40 01000000 00 0100 01 01020304", // the first again
		tap1 + "60 01000000 00 0100 01 01020304", // a downlink to it
		tap1 + "00 0102030405060708 1112131415161718 aabb 01020304",
		tap1 + "00 0102030405060708 1112131415161718 aabc 01020304",
	}
	for i, text := range frames {
		frame := unhex(t, text)
		b.u32(base+uint32(i)*86400, 0, uint32(len(frame)), uint32(len(frame))).raw(frame...)
	}
	var got []int64
	for p, err := range new(flow.Assembler).Label(pcap.Packets(bytes.NewReader(b.data), "devices")) {
		if err != nil || p.Direction != flow.Forward {
			t.Fatalf("%+v, %v", p, err)
		}
		got = append(got, p.FlowID)
	}
	for i, want := range []int64{0, 1, 2, 0, 3, 4, 4} {
		if i >= len(got) || got[i] != want {
			t.Fatalf("flows %v", got)
		}
	}
}
