package lorawan

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan/lorawantest"
	"github.com/necstgen/necstgen/datasets/pcap"
)

func stream[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// exampleFrame is the frame of the lora-packet library's documentation, which
// holds the text "test" under the two test keys.
const exampleFrame = "40f17dbe4900020001954378762b11ff0d"

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPublishedFrame(t *testing.T) {
	physical := unhex(t, exampleFrame)
	f, err := ParseFrame(physical)
	if err != nil {
		t.Fatal(err)
	}
	want := Frame{Address: 0x49be7df1, Counter: 2, Port: 1, Payload: unhex(t, "95437876")}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("frame %+v, want %+v", f, want)
	}
	if ok, err := lorawantest.CheckMIC(physical, 2, TestNetworkKey); err != nil || !ok {
		t.Errorf("integrity code is refused: %v", err)
	}
	clear, err := lorawantest.Decrypt(physical, f.Payload, 2, TestApplicationKey)
	if err != nil || string(clear) != "test" {
		t.Errorf("payload %q, %v, want test", clear, err)
	}
	f.Payload = []byte("test")
	built, err := AppendFrame(nil, f, TestNetworkKey, TestApplicationKey)
	if err != nil || !bytes.Equal(built, physical) {
		t.Errorf("built %x, %v, want %x", built, err, physical)
	}
}

func TestFrames(t *testing.T) {
	for _, f := range []Frame{
		{Address: 1, Counter: 70000, Port: 10, Payload: []byte("hello"), ADR: true},
		{Address: 0xffffffff, Confirmed: true, Counter: 65535, Port: 255, Payload: bytes.Repeat([]byte{7}, 200), ACK: true},
		{Address: 0x26012682, Down: true, Counter: 3, Port: 0, Payload: []byte{2}},
		{Address: 5, Down: true, Confirmed: true, Port: MissingPort},
	} {
		b, err := AppendFrame([]byte("x"), f, TestNetworkKey, TestApplicationKey)
		if err != nil {
			t.Fatal(err)
		}
		b = b[1:]
		got, err := ParseFrame(b)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := lorawantest.CheckMIC(b, f.Counter, TestNetworkKey); err != nil || !ok {
			t.Errorf("%+v: integrity code is refused: %v", f, err)
		}
		if ok, _ := lorawantest.CheckMIC(b, f.Counter+65536, TestNetworkKey); ok {
			t.Errorf("%+v: the counter's high bits do not count", f)
		}
		key := TestApplicationKey
		if f.Port == 0 {
			key = TestNetworkKey
		}
		clear, err := lorawantest.Decrypt(b, got.Payload, f.Counter, key)
		if err != nil || !bytes.Equal(clear, f.Payload) {
			t.Errorf("%+v: payload %q, %v", f, clear, err)
		}
		f.Counter, f.Payload, got.Payload = f.Counter&0xffff, nil, nil
		if !reflect.DeepEqual(got, f) {
			t.Errorf("got %+v, want %+v", got, f)
		}
		b[len(b)-1]++
		if ok, _ := lorawantest.CheckMIC(b, f.Counter, TestNetworkKey); ok {
			t.Errorf("%+v: a changed frame passes", f)
		}
	}
	if n, ok := payloadFor(17); n != 4 || !ok {
		t.Errorf("payload of a frame of 17 bytes: %d", n)
	}
	if _, ok := payloadFor(12); ok {
		t.Error("there is a frame of 12 bytes with a port")
	}
}

func TestRefusedFrames(t *testing.T) {
	for _, test := range []struct{ name, frame, want string }{
		{"empty", "", "frame of 0 bytes"},
		{"short", "40f17dbe49000200", "frame of 8 bytes"},
		{"long", strings.Repeat("40", 256), "frame of 256 bytes"},
		{"join request", "00dc0000d07ed5b3701e6fedf57ceeaf00c886030af2c9", "no data frame"},
		{"commands twice", "40f17dbe490102000700" + "01020304", "MAC commands both"},
		{"options beyond the end", "40f17dbe490f020001954378762b11ff0d", "frame"},
	} {
		if _, err := ParseFrame(unhex(t, test.frame)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	for _, f := range []Frame{{Port: 256}, {Port: MissingPort, Payload: []byte{1}}, {Port: 1, Options: 3}, {Port: 1, Payload: make([]byte, 250)}} {
		if _, err := AppendFrame(nil, f, TestNetworkKey, TestApplicationKey); err == nil {
			t.Errorf("%+v is built", f)
		}
	}
}

// uplinks are three receptions whose fields every format keeps.
func uplinks(t testing.TB) []Uplink {
	t.Helper()
	var list []Uplink
	for i := range 3 {
		physical, err := AppendFrame(nil, Frame{Address: 0x26012682 + uint32(i), Counter: uint32(100 + i), Port: 1, Payload: make([]byte, 6*i)}, TestNetworkKey, TestApplicationKey)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, Uplink{Time: 1587776483562519000 + int64(i)*1e9, Gateway: "0000024b0b031c97", Physical: physical, CRC: 1,
			Frequency: 867_500_000 + uint32(i)*200_000, SpreadingFactor: int8(7 + i), Bandwidth: 125, CodeRate: 5,
			RSSI: -78 - float64(i), SNR: 7.25 - 0.25*float64(i), Size: int32(len(physical)),
			MType: 2, Address: fmt.Sprintf("%08x", 0x26012682+i), Counter: int64(100 + i), Port: 1})
	}
	return list
}

func TestLogRoundTrip(t *testing.T) {
	want := uplinks(t)
	var out bytes.Buffer
	if err := WriteLog(&out, stream(want), feature.Compat{}); err != nil {
		t.Fatal(err)
	}
	var got []Uplink
	for u, err := range Log(&out, "log") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, u)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestGenerated(t *testing.T) {
	var packets []flow.Packet
	for p, err := range Packets(stream(uplinks(t)[:2])) {
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p)
	}
	packets[0].Decoded = &flow.Decoded{Length: 14, HeaderLength: 9, PayloadLength: 1, Gap: 0.5,
		Radio: &flow.Radio{SpreadingFactor: 9, Bandwidth: 125, CodeRate: 5, Frequency: 868_100_000, CRC: -1, SNR: 5, RSSI: -70}}
	var out bytes.Buffer
	if err := WriteGenerated(&out, stream(packets)); err != nil {
		t.Fatal(err)
	}
	want := strings.Join(generatedColumns(), ",") + `
0,0,0.5,0.5,125,7,4/5,8.675e+08,1,7.25,-78,13,9,4/5,125,9,8.681e+08,-1,14,5,-70,9,1
1,1,,,125,8,4/5,8.677e+08,1,7,-79,19,9,,,,,,,,,,
`
	if out.String() != want {
		t.Errorf("got %s, want %s", out.String(), want)
	}
}

func TestPushDataRoundTrip(t *testing.T) {
	want := &PushData{Version: 2, Token: 0xabcd, Gateway: EUI{0, 0, 2, 0x4b, 0xb, 3, 0x1c, 0x97}, Uplinks: uplinks(t)}
	datagram, err := AppendPushData(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParsePushData(datagram, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := AppendPushData(nil, &PushData{Version: 2, Uplinks: []Uplink{{SpreadingFactor: Missing}}}); err == nil {
		t.Error("an uplink without a data rate is written")
	}
	if _, err := AppendPushData(nil, &PushData{}); err == nil {
		t.Error("a datagram of version 0 is written")
	}
}

func TestPushData(t *testing.T) {
	head := "\x02\x12\x34\x00\x00\x00\x02\x4b\x0b\x03\x1c\x97"
	const good = `{"time":"2019-05-27T12:42:40.117758Z","tmst":29641444,"chan":0,"rfch":1,"freq":868.1,"stat":1,"modu":"LORA","datr":"SF12BW125","codr":"4/5","lsnr":10.0,"rssi":-61,"size":23,"data":"QCQfBCaAAAABJD5j3dEiB1B9aI//04Y="}`
	change := func(old, new string) string { return head + `{"rxpk":[` + strings.Replace(good, old, new, 1) + `]}` }
	for _, test := range []struct{ name, datagram, want, damaged string }{
		{"good", change("", ""), "", ""},
		{"bare base64", change("04Y=", "04Y"), "", ""},
		{"status only", head + `{"stat":{"rxnb":2}}`, "", ""},
		{"empty", "", "datagram of 0 bytes", ""},
		{"version 3", "\x03" + change("", "")[1:], "protocol version 3", ""},
		{"pull data", head[:3] + "\x02" + head[4:], "of type 2", ""},
		{"no json", head + "{", "PUSH_DATA of gateway 0000024b0b031c97", ""},
		{"no list", head + `{"rxpk":3}`, "PUSH_DATA", ""},
		{"size", change(`"size":23`, `"size":24`), "", "size 24, but data holds 23 bytes"},
		{"data", change("QCQf", "Q*Qf"), "", "data:"},
		{"frequency", change("868.1", "-1"), "", "frequency -1 MHz"},
		{"rate", change("SF12BW125", "SF13BW125"), "", "data rate"},
		{"rate is a number", change(`"SF12BW125"`, `50000`), "", "data rate 50000"},
		{"code", change("4/5", "4/9"), "", "code rate"},
		{"time", change("2019-05-27T", "yesterday "), "", "parsing time"},
	} {
		p, err := ParsePushData([]byte(test.datagram), 42)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: error %v, want %q", test.name, err, test.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if damaged := errors.Join(p.Damaged...); test.damaged != "" && (damaged == nil || !strings.Contains(damaged.Error(), test.damaged)) {
			t.Errorf("%s: damaged %v, want %q", test.name, damaged, test.damaged)
		}
	}
	p, err := ParsePushData([]byte(change("", "")), 42)
	if err != nil || len(p.Uplinks) != 1 {
		t.Fatal(p, err)
	}
	u := p.Uplinks[0]
	if u.Time != 1558960960117758000 || u.Frequency != 868100000 || u.Address != "26041f24" || u.Counter != 0 || u.Port != 1 || u.MType != 2 {
		t.Errorf("uplink %+v", u)
	}
	if p, err := ParsePushData([]byte(change(`"time":"2019-05-27T12:42:40.117758Z",`, "")), 42); err != nil || p.Uplinks[0].Time != 42 {
		t.Errorf("a frame without time has not the arrival's: %v", err)
	}
}

// parseLoRaTap reads a LoRaTap record as package pcap reads it, with all that an
// uplink has. Version 0 tells neither gateway nor checksum nor code rate.
func parseLoRaTap(record []byte, time int64) (Uplink, error) {
	radio, frame := pcap.ReadLoRaTap(record)
	if frame == 0 {
		return Uplink{}, errors.New("no LoRaTap record")
	}
	u := fromRadio(&radio)
	if record[0] == 0 || frame < loRaTapExtended {
		u.Gateway = ""
	}
	u.Time, u.Size = time, int32(len(record)-frame)
	u.Physical = append([]byte(nil), record[frame:]...)
	u.describe()
	return u, nil
}

func TestLoRaTapRoundTrip(t *testing.T) {
	for i, want := range uplinks(t) {
		want.SNR -= 8 * float64(i%2) // negative SNR keeps quarters of a dB
		if want.SNR < 0 {
			want.RSSI = -120.25
		}
		for _, version := range []uint8{1, 0} {
			record, err := AppendLoRaTap(nil, &want, version)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parseLoRaTap(record, want.Time)
			if err != nil {
				t.Fatal(err)
			}
			if version == 0 {
				want.Gateway, want.CRC, want.CodeRate = "", 0, Missing // not in the header
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("version %d: got %+v, want %+v", version, got, want)
			}
		}
	}
}

func TestRefusedLoRaTap(t *testing.T) {
	good, err := AppendLoRaTap(nil, &uplinks(t)[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		bytes []byte
	}{
		{"empty", nil},
		{"short", good[:14]},
		{"version 2", append([]byte{2}, good[1:]...)},
		{"header shorter than itself", slices.Concat(good[:3], []byte{14}, good[4:])},
		{"header beyond the end", slices.Concat(good[:3], []byte{200}, good[4:])},
	} {
		if _, err := parseLoRaTap(test.bytes, 0); err == nil {
			t.Errorf("%s is read", test.name)
		}
	}
	for _, u := range []Uplink{{Bandwidth: 100}, {Bandwidth: Missing}, {Bandwidth: 125, SpreadingFactor: Missing}, {Bandwidth: 125, Gateway: "x"}} {
		if _, err := AppendLoRaTap(nil, &u, 1); err == nil {
			t.Errorf("%+v is written", u)
		}
	}
}

// Wireshark reads the LoRaTap records, and finds a LoRaWAN frame in each.
func TestLoRaTapByTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	path := filepath.Join(t.TempDir(), "loratap.pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	list := uplinks(t)
	w, err := pcap.NewWriter(f, pcap.WriterOptions{LinkType: LoRaTapLinkType})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		record, err := AppendLoRaTap(nil, &list[i], 0)
		if err == nil {
			err = w.Write(list[i].Time, record)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out, err := exec.Command(tshark, "-r", path, "-T", "fields", "-e", "loratap.channel.frequency", "-e", "loratap.channel.sf",
		"-e", "loratap.rssi.packet", "-e", "loratap.syncword", "-e", "lorawan.fhdr.fcnt", "-e", "lorawan.fport", "-e", "_ws.malformed").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, u := range list {
		want := fmt.Sprintf("%d\t%d\t%d\t0x34\t%d\t0x%02x", u.Frequency, u.SpreadingFactor, int(u.RSSI)-rssiOffset, u.Counter, u.Port)
		if i >= len(lines) || strings.TrimSpace(lines[i]) != want {
			t.Errorf("record %d: tshark says %q, want %q", i, lines, want)
		}
	}
}

func TestLog(t *testing.T) {
	header := strings.Join(logColumns, ",") + "\n"
	const good = "2020-04-25 01:01:23.562519+00:00,26012682,QIImASYAVXkBl4VrQJm//ccHbA==,0000024b0b031c97,1,867500000,7.0,125.0,4/5,-78,7.0,-1,10,31061,1.0\n"
	for _, test := range []struct{ name, row, want string }{
		{"good", good, ""},
		{"missing values", "2020-04-25 01:01:23+00:00,,,gw,,,,,,,,,,,\n", ""},
		{"time", strings.Replace(good, "2020", "20x0", 1), "column time"},
		{"year", strings.Replace(good, "2020", "9020", 1), "year 9020"},
		{"base64", strings.Replace(good, "QIIm", "Q?Im", 1), "column physical_payload"},
		{"type", strings.Replace(good, ",10,", ",12,", 1), "column mtype"},
		{"code rate", strings.Replace(good, "4/5", "5/5", 1), "column code_rate"},
		{"port", strings.Replace(good, "1.0\n", "256\n", 1), "column fport"},
		{"frequency", strings.Replace(good, "867500000", "-3", 1), "column frequency"},
		{"not a number", strings.Replace(good, "-78", "nan", 1), "column rssi"},
		{"short", "2020-04-25 01:01:23+00:00,\n", "wrong number of fields"},
	} {
		n := 0
		for u, err := range Log(strings.NewReader(header+test.row+good), "x.csv") {
			if n++; n == 2 {
				if err != nil || u.Counter != 31061 || u.CodeRate != 5 || u.MType != 2 || len(u.Physical) != 19 {
					t.Errorf("%s: reading did not go on: %+v, %v", test.name, u, err)
				}
				continue
			}
			var row *RowError
			if test.want == "" && err != nil || test.want != "" &&
				(err == nil || !strings.Contains(err.Error(), "x.csv:2: ") || !strings.Contains(err.Error(), test.want) || !errors.As(err, &row)) {
				t.Errorf("%s: error %v, want %q", test.name, err, test.want)
			}
		}
		if n != 2 {
			t.Errorf("%s: %d rows", test.name, n)
		}
	}
	for _, bad := range []string{"", "a,b\n"} {
		for _, err := range Log(strings.NewReader(bad), "x.csv") {
			if err == nil {
				t.Errorf("%q is read", bad)
			}
		}
	}
}

func TestLengths(t *testing.T) {
	physical := unhex(t, exampleFrame)
	for _, test := range []struct {
		name                   string
		physical               []byte
		compat                 feature.Compat
		total, header, payload int
	}{
		{"corrected", physical, feature.Compat{}, 17, 9, 4},
		{"as published", physical, feature.Original(), 40, 9, 24},
		{"missing frame as published", nil, feature.Original(), 19, 9, 3},
		{"missing frame", nil, feature.Compat{}, 0, 0, 0},
		{"no port", append(unhex(t, "40f17dbe49000200"), 1, 2, 3, 4), feature.Compat{}, 12, 8, 0},
		{"join request", make([]byte, 23), feature.Compat{}, 23, 9, 10},
	} {
		total, header, payload := Lengths(&Uplink{Physical: test.physical}, test.compat)
		if total != test.total || header != test.header || payload != test.payload {
			t.Errorf("%s: %d, %d, %d, want %d, %d, %d", test.name, total, header, payload, test.total, test.header, test.payload)
		}
	}
}

func ExampleParsePushData() {
	datagram := []byte("\x02\x00\x01\x00\x00\x00\x02\x4b\x0b\x03\x1c\x97" +
		`{"rxpk":[{"time":"2019-05-27T12:42:40.117758Z","freq":868.1,"stat":1,"modu":"LORA","datr":"SF12BW125","codr":"4/5","lsnr":10.0,"rssi":-61,"size":23,"data":"QCQfBCaAAAABJD5j3dEiB1B9aI//04Y="}]}`)
	p, err := ParsePushData(datagram, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	u := p.Uplinks[0]
	fmt.Println(p.Gateway, u.Address, u.SpreadingFactor, u.Port, base64.StdEncoding.EncodeToString(u.Physical[:4]))
	// Output: 0000024b0b031c97 26041f24 12 1 QCQfBA==
}
