package necstgencsv

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// googleHomeRow is a row as df_raw_TCP_GOOGLE_HOME.csv has them (algorithm.md 1.1, 1.5, 3
// and 12): length bytes of a frame with what stands behind TCP, a text as "Raw,1448" or "None,0", flags,
// capture and flow.
func googleHomeRow(capture, flow, number, length int, behind string, flags int, back bool) string {
	src, dst, ports := "10.0.0.2", "172.217.1.1", "40000,443"
	if back {
		src, dst, ports = dst, src, "443,40000"
	}
	name := fmt.Sprintf("media_%d_pcap_anonymize.pcap", capture)
	fifth := "None,0"
	if flags == 24 && strings.HasPrefix(behind, "Raw") {
		fifth = "handshake,512"
	}
	return fmt.Sprintf("Ether,%d,IP,%d,TCP,%d,%s,%d.%06d,%d,00:00:00:00:00:00,00:00:00:00:00:00,%s,%s,%d,%s,%s,%d,%s,None,0,GOOGLE_HOME,"+
		"0.0,0.0,66.0,66.0,1.0,1.0,4.0,54,12,%s%d,%d,%d.0\n",
		length, length-14, length-34, behind, 1564064034+capture*256, number*1000, length, src, dst, flags, ports, name, number, fifth, name, number, (length+1513)/1514, flow)
}

// A connection of TCP Google Home as a dissector that puts TLS records together names its
// segments, and as one that takes the options for data (the published header length is
// 54 in nearly every row) does.
func TestGoogleHomeLengths(t *testing.T) {
	type row struct {
		name            string
		length          int
		behind          string
		flags           int
		back            bool
		header, payload int32
	}
	connection := []row{
		{"SYN with 20 bytes of options", 74, "None,0", 2, false, 74, 0},
		{"its answer", 74, "None,0", 18, true, 74, 0},
		{"bare ACK", 66, "None,0", 16, false, 66, 0},
		{"whole record", 583, "Raw,517", 24, false, 66, 517},
		{"record that earlier segments began", 1514, "Raw,5216", 16, true, 66, 1448},
		{"record of an earlier segment's end", 1514, "Raw,61", 16, true, 66, 1448},
		{"record that leaves what may be a header without time stamps", 1514, "Raw,1460", 24, true, 66, 1448},
		{"nothing of a record that goes on", 1514, "None,0", 16, true, 66, 1448},
		{"the end of one that is held back", 70, "None,0", 24, true, 66, 4},
		{"merged by the network card", 17850, "Raw,61474", 16, true, 66, 17784},
		{"one selective acknowledgement", 78, "None,0", 16, false, 78, 0},
		{"data beside one", 1514, "Raw,1436", 24, false, 78, 1436},
		{"FIN", 66, "None,0", 17, false, 66, 0},
		{"reset without options", 54, "None,0", 4, true, 54, 0},
	}
	optionsAsData := []row{
		{"SYN", 74, "Raw,16", 2, false, 74, 0},
		{"SYN that shows the largest segment only", 74, "Raw,20", 18, true, 74, 0},
		{"bare ACK", 66, "Raw,12", 16, false, 66, 0},
		{"whole record", 583, "Raw,529", 24, false, 66, 517},
		{"selective acknowledgement", 78, "Raw,24", 16, false, 78, 0},
		{"records put together", 1514, "Raw,5228", 16, true, 66, 1448},
		{"FIN", 66, "Raw,12", 17, false, 66, 0},
	}
	for _, test := range []struct {
		name string
		rows []row
	}{
		{"with time stamps", connection},
		{"its middle", connection[3:]},
		{"from a bare ACK on", connection[2:]},
		{"options as data", optionsAsData},
		{"options as data from a bare ACK on", optionsAsData[2:]},
		{"without time stamps", []row{
			{"SYN with 12 bytes of options", 66, "None,0", 2, false, 66, 0},
			{"its answer, padded, without a layer of it", 60, "None,0", 18, true, 58, 0},
			{"bare ACK, padded", 60, "None,0", 16, false, 54, 0},
			{"bare ACK", 54, "None,0", 16, false, 54, 0},
			{"whole record", 571, "Raw,517", 24, false, 54, 517},
			{"records put together", 1514, "Raw,5216", 16, true, 54, 1460},
			{"selective acknowledgement", 66, "None,0", 16, false, 66, 0},
			{"one byte to keep it alive", 55, "Raw,1", 16, false, 54, 1},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var file strings.Builder
			file.WriteString(strings.Join(TCPGoogleHome.Columns(), ",") + "\n")
			for i, r := range test.rows {
				file.WriteString(googleHomeRow(1, 7, i, r.length, r.behind, r.flags, r.back))
			}
			i := 0
			for p, err := range Packets(strings.NewReader(file.String()), "df_raw_TCP_GOOGLE_HOME.csv") {
				if err != nil {
					t.Fatal(err)
				}
				if want := test.rows[i]; p.HeaderLength != want.header || p.PayloadLength != want.payload || p.Application != flow.TLS {
					t.Errorf("%s: header %d, payload %d of %v, want %d and %d of TLS", want.name, p.HeaderLength, p.PayloadLength, p.Application, want.header, want.payload)
				}
				i++
			}
			if i != len(test.rows) {
				t.Errorf("%d packets, want %d", i, len(test.rows))
			}
		})
	}
}

// Whatever is captured has the same header, payload and padding when it was written as
// a published file and read back: the lengths of its layers determine them.
func TestLengthsOfCaptures(t *testing.T) {
	for _, capture := range []struct {
		name string
		open func() (io.ReadCloser, error)
	}{{testbed.Name, testbed.Open}, {testbed.ServicesName, testbed.OpenServices}} {
		in, err := capture.open()
		if err != nil {
			t.Fatal(err)
		}
		var want []flow.Packet
		for p, err := range pcap.Packets(in, capture.name) {
			if err != nil {
				t.Fatal(err)
			}
			p.Payload = nil
			want = append(want, p)
		}
		var out bytes.Buffer
		if err := WritePackets(&out, Day, stream(want), Options{}); err != nil {
			t.Fatal(err)
		}
		i, padded := 0, 0
		for got, err := range Packets(&out, capture.name) {
			if err != nil {
				t.Fatal(err)
			}
			p := &want[i]
			if got.HeaderLength != p.HeaderLength || got.PayloadLength != p.PayloadLength || got.Padding() != p.Padding() {
				t.Fatalf("%s, packet %d %v: header %d, payload %d, padding %d, want %d, %d and %d", capture.name, i, p.Layers,
					got.HeaderLength, got.PayloadLength, got.Padding(), p.HeaderLength, p.PayloadLength, p.Padding())
			}
			if p.Padding() > 0 {
				padded++
			}
			i++
		}
		t.Logf("%s: %d packets, %d padded", capture.name, i, padded)
		if i != len(want) {
			t.Errorf("%s: %d packets, want %d", capture.name, i, len(want))
		}
	}
}

// The captures in a file stay apart: time features begin anew in each, and a five-tuple
// and a flow's number that two of them have name two flows.
func TestGoogleHomeCaptures(t *testing.T) {
	file := strings.Join(TCPGoogleHome.Columns(), ",") + "\n"
	for i := range 6 {
		file += googleHomeRow(1+i/3, 7, i%3, 66, "None,0", 16, i%2 == 1)
	}
	read := func() iter.Seq2[flow.Packet, error] { return Packets(strings.NewReader(file), "x.csv") }
	var out bytes.Buffer
	if err := WritePackets(&out, TCPGoogleHome, read(), Options{Application: "TCP_GOOGLE_HOME"}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{
		{"GOOGLE_HOME", "0.0", "1.0", "media_1_pcap_anonymize.pcap0", "7"}, {"GOOGLE_HOME", "0.001", "2.0", "media_1_pcap_anonymize.pcap1", "7"},
		{"GOOGLE_HOME", "0.001", "3.0", "media_1_pcap_anonymize.pcap2", "7"}, {"GOOGLE_HOME", "0.0", "1.0", "media_2_pcap_anonymize.pcap0", "4294967296"},
		{"GOOGLE_HOME", "0.001", "2.0", "media_2_pcap_anonymize.pcap1", "4294967296"}, {"GOOGLE_HOME", "0.001", "3.0", "media_2_pcap_anonymize.pcap2", "4294967296"},
	} {
		var got []string
		for _, column := range []string{"applications", "time_diff", "rolling_rate_packet_min", "unique_id", "flow_id"} {
			got = append(got, rows[i+1][slices.Index(rows[0], column)])
		}
		if !slices.Equal(got, want) {
			t.Errorf("row %d: %q, want %q", i, got, want)
		}
	}
	flows, _, err := flow.Collect(new(flow.Assembler).Flows(read()))
	if err != nil || len(flows) != 2 || len(flows[0].Packets) != 3 {
		t.Errorf("%d flows, error %v, want 2 of 3 packets", len(flows), err)
	}
	for _, err := range Packets(strings.NewReader(strings.ReplaceAll(file, "TCP", "Raw")), "x.csv") {
		if err == nil || !strings.Contains(err.Error(), "GOOGLE_HOME of a packet that is neither TCP nor UDP") {
			t.Errorf("error %v for a row without a transport", err)
		}
	}
}

// FuzzLengths: whatever a row says, header, payload and padding are parts of the frame, and
// what the connection has shown before changes only where the header ends.
func FuzzLengths(f *testing.F) {
	f.Add(int32(1514), int32(1514), int32(1480), int32(5216), uint8(16), uint8(flow.LayerRaw), uint8(flow.LayerTCP), true)
	f.Add(int32(60), int32(60), int32(26), int32(2), uint8(2), uint8(flow.LayerPadding), uint8(flow.LayerTCP), false)
	f.Add(int32(60), int32(42), int32(28), int32(0), uint8(0), uint8(0), uint8(flow.LayerARP), false)
	f.Add(int32(60), int32(33), int32(80), int32(34), uint8(16), uint8(flow.NoLayer), uint8(flow.LayerTCP), true) // a length without a layer
	f.Fuzz(func(t *testing.T, total, first, third, fourth int32, flags, name, transport uint8, timestamps bool) {
		if total < 0 || first < 0 || third < 0 || fourth < 0 {
			t.Skip() // not read
		}
		p := flow.Packet{Length: total, Flags: flow.TCPFlags(flags), Layers: flow.Layers{
			{Name: flow.LayerEther, Length: first}, {Name: flow.LayerIP, Length: first}, {Name: flow.LayerName(transport), Length: third}, {Name: flow.LayerName(name), Length: fourth}}}
		l := newLengths()
		l.decide(p.Tuple, timestamps)
		l.set(&p)
		if p.HeaderLength < 0 || p.PayloadLength < 0 || p.HeaderLength+p.PayloadLength+p.Padding() != p.Length {
			t.Fatalf("header %d, payload %d, padding %d of %+v", p.HeaderLength, p.PayloadLength, p.Padding(), p)
		}
		q := p
		newLengths().set(&q)
		if !p.Layers.Has(flow.LayerTCP) && (q.HeaderLength != p.HeaderLength || q.PayloadLength != p.PayloadLength) {
			t.Fatalf("header %d, payload %d, alone %d and %d, of %+v", p.HeaderLength, p.PayloadLength, q.HeaderLength, q.PayloadLength, p)
		}
	})
}
