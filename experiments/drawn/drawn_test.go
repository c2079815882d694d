package drawn_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/drawn"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

const connected = "length_total_lstm,direction,flags,time_diff_lstm,header_length_lstm,flow_id\n" +
	"60,0,2,9,58,0\n60,1,18,0.5,58,0\n60,0,16,0.5,54,0\n200,0,24,1,54,0\n" + // 2 s
	"60,0,2,9,58,1\n60,1,18,1,58,1\n" + // 1 s
	"60,0,2,9,58,2\n"

// flowsOf draws the flows of a part.
func flowsOf(t *testing.T, part saved.Part, r generator.Request) []*flow.Flow {
	t.Helper()
	flows, damaged, err := flow.Collect(part.Generator.Flows(t.Context(), r))
	if err != nil || len(damaged) > 0 {
		t.Fatal(damaged, err)
	}
	return flows
}

// TestStarts: flows follow each other by the mean gap, or start as a table says.
func TestStarts(t *testing.T) {
	path := write(t, "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", connected)
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for _, test := range []struct {
		name   string
		starts string // table
		begin  int64
		want   []float64 // seconds behind it
	}{
		{"one after the other", "", first, []float64{0, 2.75, 4.5}}, // the mean of four gaps is 0.75 s
		{"generated table", "count_total,time_diff\n1,7\n1,0.5\n1,0.25\n9,9\n", first, []float64{0, 0.5, 0.75}},
		{"real table", "flow_id_count,timestamps_min\n1,102\n1,100\n1,101.5\n", 100e9, []float64{0, 1.5, 2}},
	} {
		o := drawn.Options{}
		if test.starts != "" {
			o.Starts = write(t, "starts.csv", test.starts)
		}
		part, damaged, err := drawn.Open(path, o)
		if err != nil || len(damaged) > 0 {
			t.Fatal(damaged, err)
		}
		if part.Traffic.Flows != 3 || part.Traffic.Packets != 7 || part.Traffic.Start != test.begin || part.Traffic.Application != flow.HTTP {
			t.Errorf("%s: %+v", test.name, part.Traffic)
		}
		for i, f := range flowsOf(t, part, generator.Request{Flows: 9, Start: part.Traffic.Start}) {
			if got := float64(f.Start()-test.begin) / 1e9; got != test.want[i] {
				t.Errorf("%s: flow %d starts after %g s, want %g", test.name, i, got, test.want[i])
			}
		}
	}
}

// TestRequests: a request bounds, moves and condenses the flows, which stay as they are.
func TestRequests(t *testing.T) {
	part, _, err := drawn.Open(write(t, "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", connected), drawn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		r     generator.Request
		count int
		last  float64 // start of the last, in seconds
	}{
		{"all", generator.Request{Flows: 100}, 3, 4.5},
		{"two", generator.Request{Flows: 2}, 2, 2.75},
		{"three seconds", generator.Request{Duration: 3 * time.Second}, 2, 2.75},
		{"twice as dense", generator.Request{Flows: 100, RateFactor: 2}, 3, 2.25},
	} {
		test.r.Start = 77e9
		flows := flowsOf(t, part, test.r)
		if len(flows) != test.count || flows[0].Start() != 77e9 || float64(flows[len(flows)-1].Start()-77e9)/1e9 != test.last {
			t.Errorf("%s: %d flows from %d, the last at %d", test.name, len(flows), flows[0].Start(), flows[len(flows)-1].Start())
		}
		if flows[0].Duration() != 2*time.Second {
			t.Errorf("%s: the first flow lasts %v, want 2s", test.name, flows[0].Duration())
		}
	}
	for _, err := range part.Generator.Flows(t.Context(), generator.Request{}) {
		if err == nil {
			t.Error("a request without a bound is taken")
		}
	}
}

// TestPadding: a TCP frame that Ethernet has padded carries nothing, unless it pushes.
func TestPadding(t *testing.T) {
	part, _, err := drawn.Open(write(t, "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", connected+"60,0,24,0,54,2\n60,1,16,0,54,2\n61,1,16,0,54,2\n"), drawn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []int32
	for _, f := range flowsOf(t, part, generator.Request{Flows: 9, Start: 1}) {
		for _, p := range f.Packets {
			got = append(got, p.PayloadLength)
			if p.Tuple.Proto != flow.TCP || p.Application != flow.HTTP || p.FlowID != f.ID {
				t.Errorf("%+v", p)
			}
		}
	}
	want := []int32{0, 0, 0, 146, 0, 0, 0, 6, 0, 7}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("payloads %v, want %v", got, want)
			break
		}
	}
}

// capture writes the capture of a part and returns its name.
func capture(t *testing.T, part saved.Part, options tcp.Options) (path string, repairs map[string]int) {
	t.Helper()
	source, err := saved.New(part)
	if err != nil {
		t.Fatal(err)
	}
	framer, err := tcp.NewFramer(part.Plan, options, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{LinkType: options.Link.Type()})
	if err != nil {
		t.Fatal(err)
	}
	for frame, err := range framer.Frames(source.Flows(t.Context(), saved.Amount{Flows: int(part.Traffic.Flows)})) {
		if err == nil {
			err = w.Write(frame.Packet.Time, frame.Bytes)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "out.pcap", file.String()), framer.Repairs()
}

// TestUnpaddedFrames: short frames of a file that was not padded stay short.
func TestUnpaddedFrames(t *testing.T) {
	for _, length := range []string{"54", "60"} {
		text := "length_total_lstm,direction,flags,time_diff_lstm,header_length_lstm,flow_id\n" + strings.Repeat(length+",0,16,0.1,54,0\n"+length+",1,16,0.1,54,0\n", 3)
		part, _, err := drawn.Open(write(t, "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", text), drawn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		path, _ := capture(t, part, tcp.Options{})
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for p, err := range pcap.Packets(f, path) {
			if err != nil || fmt.Sprint(p.Length) != length || p.PayloadLength != 0 {
				t.Errorf("a frame of %d bytes, %d of them payload, want %s and none: %v", p.Length, p.PayloadLength, length, err)
			}
		}
	}
}

// TestPublishedCaptures makes captures of the authors' outputs, which other tools take
// without an error: of TCP with connections of all kinds, of one long exchange, and of
// datagrams.
func TestPublishedCaptures(t *testing.T) {
	for _, test := range []struct {
		file, starts string
		options      tcp.Options
		packets      int64
		flows        int64
	}{
		{"DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", "DF_GEN_FLOW_HTTP_FINAL.csv", tcp.Options{}, 20000, 1455},
		{"DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", "", tcp.Options{Complete: true}, 0, 1455},
		{"DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv", "", tcp.Options{}, 9999, 1},
		{"DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", "", tcp.Options{}, 18770, 1224},
	} {
		var o drawn.Options
		if test.starts != "" {
			o.Starts = sharedtest.Path(t, "necstgen/data/output/"+test.starts)
		}
		part, _, err := drawn.Open(sharedtest.Path(t, "necstgen/data/output/"+test.file), o)
		if err != nil {
			t.Fatal(err)
		}
		if part.Traffic.Flows != test.flows {
			t.Errorf("%s: %d flows, want %d", test.file, part.Traffic.Flows, test.flows)
		}
		path, repairs := capture(t, part, test.options)
		t.Logf("%s: %v", test.file, repairs)
		if testing.Short() {
			continue
		}
		capturetest.Capinfos(t, path, capturetest.Expect{Packets: test.packets})
		for _, line := range capturetest.Expert(t, path) {
			if line.Severity == "Errors" {
				t.Errorf("%s: tshark: %+v", test.file, line)
			}
		}
	}
}

// TestUplinks: uplinks become LoRaTap records.
func TestUplinks(t *testing.T) {
	var out bytes.Buffer
	if err := lorawan.WriteGenerated(&out, lorawan.Packets(func(yield func(lorawan.Uplink, error) bool) {
		for i := range 20 {
			if !yield(lorawan.Uplink{Time: int64(i) * 1e9, Physical: make([]byte, 20+i), Gateway: "02", CRC: 1, Frequency: 868_100_000, SpreadingFactor: 9, Bandwidth: 125, CodeRate: 5, RSSI: -99, SNR: 7, MType: 2}, nil) {
				return
			}
		}
	})); err != nil {
		t.Fatal(err)
	}
	part, damaged, err := drawn.Open(write(t, "DF_GEN_PACKET_LORA_10_NO_FLOW_FINAL.csv", out.String()), drawn.Options{})
	if err != nil || len(damaged) > 0 || !part.Traffic.Uplinks {
		t.Fatal(damaged, err)
	}
	path, _ := capture(t, part, tcp.Options{Link: tcp.LoRaTap})
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for p, err := range pcap.Packets(f, path) {
		if err != nil || p.Radio == nil || p.Radio.Port != 10 || p.Radio.SpreadingFactor != 9 || int(p.Length) != 20+n || int(p.Radio.Counter) != n {
			t.Fatalf("uplink %d: %+v %+v, %v", n, p, p.Radio, err)
		}
		n++
	}
	if n != 20 {
		t.Errorf("%d uplinks, want 20", n)
	}
}
