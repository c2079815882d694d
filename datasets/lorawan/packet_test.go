package lorawan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan/lorawantest"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// logOf, tapOf and semtechOf write uplinks in the three forms.
func logOf(t testing.TB, list []Uplink) []byte {
	var out bytes.Buffer
	if err := WriteLog(&out, stream(list), feature.Compat{}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tapOf(t testing.TB, list []Uplink) []byte {
	return captureOf(t, LoRaTapLinkType, len(list), func(i int) (int64, []byte) {
		record, err := AppendLoRaTap(nil, &list[i], 1)
		if err != nil {
			t.Fatal(err)
		}
		return list[i].Time, record
	})
}

func semtechOf(t testing.TB, list []Uplink) []byte {
	return captureOf(t, 1, len(list)+1, func(i int) (int64, []byte) {
		if i == len(list) {
			return list[i-1].Time + 1e9, datagram([]byte{2, 0, 1, 2, 0, 0, 2, 0x4b, 0xb, 3, 0x1c, 0x97}) // PULL_DATA
		}
		push := PushData{Version: 2, Gateway: EUI{0, 0, 2, 0x4b, 0xb, 3, 0x1c, 0x97}, Uplinks: list[i : i+1]}
		payload, err := AppendPushData(nil, &push)
		if err != nil {
			t.Fatal(err)
		}
		return list[i].Time + 1e6, datagram(payload)
	})
}

// datagram is an Ethernet frame with a UDP datagram from a gateway to its server.
func datagram(payload []byte) []byte {
	b := append(make([]byte, 12), 8, 0, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(28+len(payload)))
	b = append(b, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x9c, 0x40)
	b = binary.BigEndian.AppendUint16(b, SemtechPort)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return append(append(b, 0, 0), payload...)
}

func captureOf(t testing.TB, link, n int, frame func(int) (int64, []byte)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := pcap.NewWriter(&out, pcap.WriterOptions{LinkType: uint32(link)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		time, bytes := frame(i)
		if err := w.Write(time, bytes); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, content []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(content)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, content []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(content, nil)
}

// three are uplinks that every form keeps whole.
func three(t testing.TB) []Uplink {
	list := uplinks(t)
	for i := range list {
		list[i].RSSI, list[i].SNR = -80-float64(i), 6-float64(i)
	}
	return list
}

// The same receptions are the same packets out of each of the three forms, plain
// or compressed, and the uplinks that they stand for come back.
func TestRead(t *testing.T) {
	want := three(t)
	for name, content := range map[string][]byte{"log": logOf(t, want), "LoRaTap": tapOf(t, want), "Semtech": semtechOf(t, want)} {
		for form, bytesOf := range map[string]func(testing.TB, []byte) []byte{
			"plain": func(_ testing.TB, b []byte) []byte { return b }, "gzip": gzipped, "zstd": zipped} {
			t.Run(name+"/"+form, func(t *testing.T) {
				var got []Uplink
				for p, err := range Read(bytes.NewReader(bytesOf(t, content)), name) {
					if err != nil {
						t.Fatal(err)
					}
					u := &want[len(got)]
					if p.Radio == nil || p.Number != int64(len(got)) || p.Application != flow.LoRaWAN || p.Tuple != (flow.FiveTuple{}) ||
						int(p.Length) != len(u.Physical) || int(p.PayloadLength) != len(u.Physical)-13 || p.HeaderLength != 9 {
						t.Fatalf("packet %d: %+v", len(got), p)
					}
					got = append(got, UplinkOf(&p))
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v\nwant %+v", got, want)
				}
			})
		}
	}
}

func TestReadRefuses(t *testing.T) {
	down := three(t)[:1]
	down[0].Physical[0], down[0].MType = 0x60, 3
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "the capture is empty"},
		{"other text", []byte("time,length\n1,2\n"), "not a capture"},
		{"no uplink in a log", logOf(t, down), "no uplink"},
		{"no uplink in LoRaTap", tapOf(t, down), "no uplink"},
		{"no uplink on port 1700", semtechOf(t, down), "no uplink"},
		{"cut", tapOf(t, three(t))[:100], "cut inside a record"},
		{"damaged gzip", gzipped(t, logOf(t, three(t)))[:40], "unexpected EOF"},
	} {
		var last error
		for p, err := range Read(bytes.NewReader(test.content), "x") {
			if last = err; err == nil && p.Radio == nil {
				t.Errorf("%s: %+v", test.name, p)
			}
		}
		if last == nil || !strings.Contains(last.Error(), test.want) || isRecord(last) {
			t.Errorf("%s: error %v, want %q", test.name, last, test.want)
		}
	}
}

// packets are a stream of datagrams to port 1700 a second apart.
func packets(payloads ...string) iter.Seq2[flow.Packet, error] {
	var out bytes.Buffer
	w, _ := pcap.NewWriter(&out, pcap.WriterOptions{})
	for i, text := range payloads {
		_ = w.Write(1_587_776_483e9+int64(i)*1e9, datagram([]byte(text)))
	}
	_ = w.Close()
	return pcap.Packets(&out, "x")
}

func TestUplinks(t *testing.T) {
	const head = "\x02\x00\x01\x00\x00\x00\x02\x4b\x0b\x03\x1c\x97"
	received := func(time, data string, size int) string {
		return fmt.Sprintf(`{"time":%q,"tmst":1,"freq":868.1,"stat":1,"modu":"LORA","datr":"SF9BW125","codr":"4/6","rssi":-90,"lsnr":3,"size":%d,"data":%q}`, time, size, data)
	}
	const up, join, down = "QAEAAAAAAAABAQIDBA==", "AAECAwQFBgcIERITFBUWFxiquwECAwQ=", "YAEAAAAAAAABAQIDBA=="
	for _, test := range []struct {
		name    string
		payload string
		want    string // of each packet: address and seconds after the capture's, or - for a datagram, ! for an error
	}{
		{"one", head + `{"rxpk":[` + received("2020-04-25T01:01:23.5Z", up, 13) + `]}`, "00000001+0.5"},
		{"a clock that is wrong", head + `{"rxpk":[` + received("2020-04-25T01:03:23.5Z", up, 13) + `]}`, "00000001+0.0"},
		{"no clock", head + `{"rxpk":[` + received("", up, 13) + `]}`, "00000001+0.0"},
		{"two and a join request", head + `{"rxpk":[` + received("", up, 13) + "," + received("", join, 23) + "," + received("", up, 13) + `]}`, "00000001+0.0 00000000+0.0 00000001+0.0"},
		{"a downlink heard", head + `{"rxpk":[` + received("", down, 13) + "," + received("", up, 13) + `]}`, "00000001+0.0"},
		{"only a downlink heard", head + `{"rxpk":[` + received("", down, 13) + `]}`, "-"},
		{"a damaged one", head + `{"rxpk":[` + received("", up, 14) + "," + received("", up, 13) + `]}`, "! 00000001+0.0"},
		{"a status", head + `{"stat":{"rxnb":1}}`, "-"},
		{"no JSON", head + `{"rxpk":[`, "!"},
		{"not JSON", head + `rxpk`, "-"},
		{"PULL_DATA", "\x02\x00\x01\x02" + head[4:], "-"},
		{"PUSH_ACK", "\x02\x00\x01\x01", "-"},
		{"PULL_RESP", "\x02\x00\x01\x03" + `{"txpk":{"imme":true,"data":"` + down + `"}}`, "-"},
		{"version 3", "\x03" + head[1:] + `{"rxpk":[` + received("", up, 13) + `]}`, "-"},
	} {
		var got []string
		for p, err := range Uplinks(packets(test.payload)) {
			switch {
			case err != nil:
				if !isRecord(err) || !strings.Contains(err.Error(), "packet 0") {
					t.Errorf("%s: %v", test.name, err)
				}
				got = append(got, "!")
			case p.Radio == nil:
				if len(p.Payload) != len(test.payload) || p.Tuple.Proto != flow.UDP {
					t.Errorf("%s: %+v", test.name, p)
				}
				got = append(got, "-")
			default:
				got = append(got, fmt.Sprintf("%08x+%.1f", p.Radio.Address, float64(p.Time-1_587_776_483e9)/1e9))
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// The embedded capture's simulated gateways: every device at a gateway is a flow
// whose counters count.
func TestUplinksOfTestbed(t *testing.T) {
	r, err := testbed.OpenServices()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	capture, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	flows, damaged, err := flow.Collect(new(flow.Assembler).Flows(Read(bytes.NewReader(capture), testbed.ServicesName)))
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	devices, uplinks := map[string]bool{}, 0
	for _, f := range flows {
		r := f.Packets[0].Radio
		if devices[r.Device()] {
			t.Errorf("two flows of %s", r.Device())
		}
		devices[r.Device()] = true
		uplinks += len(f.Packets)
		var before *flow.Radio
		for _, p := range f.Packets {
			if p.Radio.Gateway != r.Gateway || p.Radio.Address != r.Address || p.Direction != flow.Forward || p.Radio.SpreadingFactor < 7 {
				t.Fatalf("%s: %+v", r.Device(), p.Radio)
			}
			if p.Radio.CRC < 0 {
				continue // bits are wrong, in the counter too
			}
			if before != nil && p.Radio.Counter <= before.Counter {
				t.Errorf("%s: counter %d behind %d", r.Device(), p.Radio.Counter, before.Counter)
			}
			before = p.Radio
		}
	}
	if len(flows) < 10 || uplinks < 1000 {
		t.Errorf("%d flows, %d uplinks", len(flows), uplinks)
	}
}

// A generated uplink has no frame: one is built, with the right length.
func TestUplinkOfGenerated(t *testing.T) {
	for _, length := range []int32{13, 30, 255} {
		p := flow.Packet{Time: 1, Length: length, Radio: &flow.Radio{Gateway: 7, Address: 0x26012682, Counter: 9, Port: 3, MType: 4, SpreadingFactor: 7}}
		u := UplinkOf(&p)
		f, err := ParseFrame(u.Physical)
		if err != nil || len(u.Physical) != int(length) || !f.Confirmed || f.Port != 3 || f.Counter != 9 || f.Address != 0x26012682 {
			t.Errorf("%+v, %v of %+v", f, err, u)
		}
		if ok, err := lorawantest.CheckMIC(u.Physical, 9, TestNetworkKey); !ok || err != nil {
			t.Errorf("integrity code: %v, %v", ok, err)
		}
	}
}

// A log without the device's columns is filled from its frames; what it has no
// frame for is what it says. (Found by FuzzRead.)
func TestReadShortLog(t *testing.T) {
	for _, test := range []struct{ name, log, want string }{
		{"frames alone", "time,physical_payload,gateway\n2020-04-25 01:01:23+00:00,QIImASYAVXkBl4VrQJm//ccHbA==,0000024b0b031c97\n", "0000024b0b031c97/26012682 2 31061 1"},
		{"no port column", "time,physical_payload,gateway,mtype,fcnt,device_address\n2020-04-25 01:01:23+00:00,QIImASYAVXkBl4VrQJm//ccHbA==,0000024b0b031c97,100,7,00000009\n", "0000024b0b031c97/00000009 4 7 1"},
		{"no frame, no type", "time,physical_payload,gateway,device_address\n2020-04-25 01:01:23+00:00,,0000024b0b031c97,1\n", "0000024b0b031c97/00000001 0 0 0"},
	} {
		for p, err := range Read(strings.NewReader(test.log), "x.csv") {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			r := p.Radio
			if got := fmt.Sprintf("%s %d %d %d", r.Device(), r.MType, r.Counter, max(0, r.Port)); got != test.want {
				t.Errorf("%s: %s, want %s", test.name, got, test.want)
			}
			if u := UplinkOf(&p); u.Address != r.Device()[17:] {
				t.Errorf("%s: uplink of %q", test.name, u.Address)
			}
		}
	}
}
