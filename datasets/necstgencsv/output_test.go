package necstgencsv

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/table"
)

// write puts a file of that name into a folder of the test.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func openOutput(t testing.TB, path string) *OutputFile {
	t.Helper()
	o, err := OpenOutput(path)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOutputNames(t *testing.T) {
	for _, test := range []struct {
		name string
		want flow.Application
		port int16
	}{
		{"DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", flow.HTTP, 1},
		{"DF_GEN_PACKET_HTTP_WITHOUT_FLOW_FINAL.csv", flow.HTTP, 1},
		{"DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.parquet", flow.SNMP, 1},
		{"DF_GEN_PACKET_SMTP_FLOW_CONNECT_FINAL_FROM_FLOWS_GEN.csv", flow.SMTP, 1},
		{"DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", flow.QUIC, 1},
		{"DF_GEN_FLOW_TCP_GOOGLE_HOME_FINAL.csv", flow.TLS, 1},
		{"DF_GEN_PACKET_FTP_DATA_FLOW_CONNECT_FINAL.csv", flow.FTPData, 1},
		{"DF_GEN_PACKET_LORA_10_NO_FLOW_FINAL.csv", flow.LoRaWAN, 10},
		{"DF_GEN_PACKET_LORA_NO_FLOW_FINAL.csv", flow.LoRaWAN, 1},
		{"df_raw_flows_HTTP.csv", flow.HTTP, 1},
		{"df_raw_UDP_GOOGLE_HOME.csv", flow.QUIC, 1},
		{"runs/x/df_process_flows_SNMP.csv", flow.SNMP, 1},
		{"http.csv", flow.Unknown, 1},
		{"DF_GEN_PACKET_GOPHER_NO_FLOW_FINAL.csv", flow.Unknown, 1},
		{"", flow.Unknown, 1},
	} {
		if got := applicationOf(test.name); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
		if got := portOf(test.name); got != test.port {
			t.Errorf("%s: port %d, want %d", test.name, got, test.port)
		}
	}
}

const connectedHead = "length_total_lstm,direction,flags,time_diff_lstm,header_length_lstm,flow_id\n"

// TestOutputPackets: lengths are rounded, a header is at least that of its protocols and
// at most its packet's length, and the gap before a flow's first packet is left out.
func TestOutputPackets(t *testing.T) {
	o := openOutput(t, write(t, "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", connectedHead+
		"60.4,0,2.0,9.5,57.9,7\n"+"1513.6,0.51,24,0.25,53.1,7\n"+"60,0,16,3,54,9\n"+"50.2,0,16,0.5,58,7\n"))
	flows, damaged, err := o.Flows()
	if err != nil || len(damaged) > 0 || len(flows) != 2 {
		t.Fatalf("%d flows, %v, %v", len(flows), damaged, err)
	}
	want := []flow.Packet{
		{Time: 0, Length: 60, HeaderLength: 58, PayloadLength: 2, Flags: flow.SYN},
		{Time: 250e6, Length: 1514, HeaderLength: 54, PayloadLength: 1460, Flags: flow.PSH | flow.ACK, Direction: flow.Backward},
		{Time: 750e6, Length: 50, HeaderLength: 50, Flags: flow.ACK},
	}
	if f := flows[0]; f.ID != 7 || f.Application != flow.HTTP || f.Tuple.Proto != flow.TCP || len(f.Packets) != 3 {
		t.Fatalf("%+v", f)
	}
	for i, p := range flows[0].Packets {
		w := want[i]
		if p.Time != w.Time || p.Length != w.Length || p.HeaderLength != w.HeaderLength || p.PayloadLength != w.PayloadLength || p.Flags != w.Flags || p.Direction != w.Direction {
			t.Errorf("packet %d: %+v, want %+v", i, p, w)
		}
	}
	if flows[1].ID != 9 || flows[1].Start() != 0 || !o.HasFlags() || !o.HasLabels() || o.HasUplinks() || o.IsTable() {
		t.Errorf("%+v", flows[1])
	}
	// The UDP header, which the authors count as payload (D09).
	o = openOutput(t, write(t, "DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", "length_total_lstm,direction,time_diff_lstm,header_length_lstm,flow_id\n75,0,1,34.0,0\n"))
	if flows, _, err = o.Flows(); err != nil || flows[0].Packets[0].HeaderLength != 42 || flows[0].Packets[0].PayloadLength != 33 || flows[0].Tuple.Proto != 0 {
		t.Errorf("%+v, %v", flows, err)
	}
}

// TestDamagedOutputs: a row that cannot be read is named and left out; a file without a
// row that can is an error.
func TestDamagedOutputs(t *testing.T) {
	good := "60,0,2,0,54,0\n"
	for _, test := range []struct{ row, want string }{
		{"x,0,2,0,54,0", `:2: column length_total_lstm: "x" is no number`},
		{"-1,0,2,0,54,0", ":2: column length_total_lstm: -1 is out of range: want 0 to 1e+09"},
		{",0,2,0,54,0", ":2: column length_total_lstm has no value"},
		{"60,0,256,0,54,0", ":2: column flags: 256 is out of range: want 0 to 255"},
		{"60,0,2,-1e-9,54,0", ":2: column time_diff_lstm: -1e-09 is out of range"},
		{"60,0,2,1e300,54,0", ":2: column time_diff_lstm: 1e+300 is out of range"},
		{"60,0,2,0,54,inf", ":2: column flow_id: +Inf is out of range"},
		{"60,0,2", ":2: wrong number of fields"},
	} {
		flows, damaged, err := openOutput(t, write(t, "x.csv", connectedHead+test.row+"\n"+good)).Flows()
		if err != nil || len(flows) != 1 || len(flows[0].Packets) != 1 || len(damaged) != 1 || !strings.Contains(damaged[0].Error(), test.want) {
			t.Errorf("%s: %v, %v, want %s", test.row, damaged, err, test.want)
		}
		if _, _, err := openOutput(t, write(t, "x.csv", connectedHead+test.row+"\n")).Flows(); err == nil || !strings.Contains(err.Error(), "no packet that could be read") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s alone: %v", test.row, err)
		}
	}
	_, _, err := openOutput(t, write(t, "x.csv", "length_total_lstm,direction\n60,0\n")).Flows()
	if err == nil || !strings.Contains(err.Error(), "column time_diff_lstm is missing") {
		t.Errorf("without gaps: %v", err)
	}
}

// TestOtherFiles: what holds no generated traffic is told apart.
func TestOtherFiles(t *testing.T) {
	for _, path := range []string{
		write(t, "empty.csv", ""), write(t, "a.csv", "a,b\n1,2\n"), write(t, "raw.csv", darpaHeader+synRow), write(t, "x.pcap", "\xd4\xc3\xb2\xa1\x02\x00"),
		write(t, "x.parquet", "PAR1 and no table"), t.TempDir(), filepath.Join(t.TempDir(), "missing.csv"),
	} {
		if _, err := OpenOutput(path); !errors.Is(err, ErrNoOutput) {
			t.Errorf("%s: %v, want ErrNoOutput", path, err)
		}
	}
}

// asParquet writes the columns of a CSV file of numbers as Parquet.
func asParquet(t *testing.T, path string) string {
	t.Helper()
	n, err := openNumbers(path, false)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := table.WriteFeatures(&out, table.Parquet, n.columns, n.rows); err != nil {
		t.Fatal(err)
	}
	return write(t, strings.TrimSuffix(filepath.Base(path), ".csv")+".parquet", out.String())
}

// TestParquetOutputs: Parquet gives what CSV gives, of every kind of file.
func TestParquetOutputs(t *testing.T) {
	var uplinks bytes.Buffer
	if err := lorawan.WriteGenerated(&uplinks, lorawan.Packets(stream(someUplinks()))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv": connectedHead + "60.4,0,2.0,9.5,57.9,7\n1513.6,0.51,24,0.25,53.1,7\n",
		"DF_GEN_PACKET_LORA_10_NO_FLOW_FINAL.csv":   uplinks.String(),
		"DF_GEN_FLOW_HTTP_FINAL.csv":                "count_total,time_diff,timesteps\n2.4,1,1\n0.2,3,4\n",
		"df_raw_flows_HTTP.csv":                     "flow_id_count,length_total_sum,timestamps_min\n2,100,1000.5\n",
	} {
		path := write(t, name, text)
		all := func(path string) string {
			o := openOutput(t, path)
			if o.IsTable() {
				rows, damaged, err := o.Table()
				return fmt.Sprintf("%+v %v %v", rows, damaged, err)
			}
			flows, damaged, err := o.Flows()
			if err != nil || len(flows) != 1 {
				t.Fatalf("%s: %v", path, err)
			}
			text := fmt.Sprintf("%+v %v", flows[0].Tuple, damaged)
			for _, p := range flows[0].Packets {
				r := p.Radio
				p.Radio = nil
				text += fmt.Sprintf("\n%+v %+v", p, r)
			}
			return text
		}
		if got, want := all(asParquet(t, path)), all(path); got != want {
			t.Errorf("%s: Parquet gives\n%s\nCSV\n%s", name, got, want)
		}
	}
}

// someUplinks are uplinks of two devices.
func someUplinks() []lorawan.Uplink {
	var list []lorawan.Uplink
	for i := range 6 {
		list = append(list, lorawan.Uplink{Time: int64(5+i*i) * 1e9, Physical: make([]byte, 20+i), Gateway: "02", CRC: 1, Frequency: 868_100_000,
			SpreadingFactor: 7, Bandwidth: 125, CodeRate: 5, RSSI: -99.5, SNR: 7.25, Size: int32(20 + i), MType: 2})
	}
	return list
}

// countCharacters rewrites generated uplinks as the authors' files have them: payloads
// are characters of base64, and totals 16 more.
func countCharacters(t *testing.T, text string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int { return slices.Index(rows[0], name) }
	for _, row := range rows[1:] {
		bytes, err := strconv.Atoi(row[at("length_total_lstm")])
		if err != nil {
			t.Fatal(err)
		}
		payload := base64.StdEncoding.EncodedLen(bytes)
		for _, name := range []string{"length_total_lstm", "length_total_vae"} {
			row[at(name)] = strconv.Itoa(payload + 16)
		}
		row[at("payload_length_vae")] = strconv.Itoa(payload)
	}
	var out bytes.Buffer
	if err := csv.NewWriter(&out).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestOutputUplinks: uplinks come back with their radio fields, and lengths in bytes
// also where a file counts characters of base64.
func TestOutputUplinks(t *testing.T) {
	for _, characters := range []bool{false, true} {
		var out bytes.Buffer
		want := someUplinks()
		if err := lorawan.WriteGenerated(&out, lorawan.Packets(stream(want))); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if characters {
			text = countCharacters(t, text)
		}
		o := openOutput(t, write(t, "DF_GEN_PACKET_LORA_10_NO_FLOW_FINAL.csv", text))
		flows, damaged, err := o.Flows()
		if err != nil || len(damaged) > 0 || len(flows) != 1 || len(flows[0].Packets) != len(want) || !o.HasUplinks() || o.HasLabels() {
			t.Fatalf("%v, %v, %v", flows, damaged, err)
		}
		for i, p := range flows[0].Packets {
			r, u := p.Radio, want[i]
			if p.Time != u.Time-want[0].Time || r.Port != 10 || r.Frequency != u.Frequency || r.SpreadingFactor != 7 || r.Bandwidth != 125 || r.CodeRate != 5 ||
				r.CRC != 1 || float64(r.RSSI) != u.RSSI || float64(r.SNR) != u.SNR || p.Application != flow.LoRaWAN {
				t.Errorf("uplink %d: %+v %+v, want %+v", i, p, r, u)
			}
			if off := int(p.Length) - len(u.Physical); off < -2 || off > 2 || off != 0 && !characters {
				t.Errorf("uplink %d has %d bytes, want %d (base64 %t)", i, p.Length, len(u.Physical), characters)
			}
		}
	}
}

// TestOutputTables: packets are rounded and at least 1 (D30), and starts are sums of the
// gaps behind the first, or what the table says.
func TestOutputTables(t *testing.T) {
	for _, test := range []struct {
		name, text string
		packets    []int64
		starts     []int64
		bytes      int64 // of the first
		damaged    int
	}{
		{"generated", "count_total,time_diff,timesteps\n12.6,0.5,0.5\n0.2,1.5,2\n-3.5,0.25,2.25\n", []int64{13, 1, 1}, []int64{0, 1_500_000_000, 1_750_000_000}, 0, 0},
		{"real", "flow_id_count,length_total_sum,length_total_std,timestamps_min\n44,4000,1,100.5\n10,50,2,101.25\n", []int64{44, 10}, []int64{100_500_000_000, 101_250_000_000}, 4000, 0},
		{"without bytes", "flow_id_count,timestamps_min\n44,100\n", []int64{44}, []int64{100_000_000_000}, 0, 0},
		{"damaged", "count_total,time_diff\n5,0\n,1\n5,-1\nx,1\n6,1\n1e300,1\n", []int64{5, 6}, []int64{0, 1_000_000_000}, 0, 4},
	} {
		rows, damaged, err := openOutput(t, write(t, "DF_GEN_FLOW_HTTP_FINAL.csv", test.text)).Table()
		if err != nil || len(rows) != len(test.packets) || len(damaged) != test.damaged {
			t.Errorf("%s: %+v, %v, %v", test.name, rows, damaged, err)
			continue
		}
		for i, r := range rows {
			if r.Packets != test.packets[i] || r.Start != test.starts[i] || i == 0 && r.Length != test.bytes || r.Application != flow.HTTP {
				t.Errorf("%s: row %d is %+v", test.name, i, r)
			}
		}
	}
	if _, _, err := openOutput(t, write(t, "x.csv", "count_total,time_diff\n")).Table(); err == nil {
		t.Error("an empty table has no error")
	}
	var out bytes.Buffer
	row := flow.TableRow{ID: 3, Packets: 5, Length: 500, Start: 77e9, Application: flow.DNS}
	if err := table.WriteFlows(&out, table.Parquet, stream([]flow.TableRow{row})); err != nil {
		t.Fatal(err)
	}
	rows, _, err := openOutput(t, write(t, "flows.parquet", out.String())).Table()
	if err != nil || len(rows) != 1 || rows[0].Packets != 5 || rows[0].Start != 77e9 || rows[0].Application != flow.DNS {
		t.Errorf("our own table: %+v, %v", rows, err)
	}
}

// TestDecodedColumns: the decoded features are read where they are asked for.
func TestDecodedColumns(t *testing.T) {
	var out bytes.Buffer
	packets := []flow.Packet{
		{Length: 100, HeaderLength: 54, Flags: flow.ACK, Decoded: &flow.Decoded{Length: 111, HeaderLength: 54, PayloadLength: 57}},
		{Time: 1e9, Length: 200, HeaderLength: 54, Flags: flow.ACK, Decoded: &flow.Decoded{Length: 190, HeaderLength: 54, PayloadLength: 136, Gap: 0.9}},
	}
	if err := WriteGenerated(&out, Connected, stream([]*flow.Flow{{Packets: packets}})); err != nil {
		t.Fatal(err)
	}
	for decoded, want := range map[bool]int32{false: 100, true: 111} {
		o := openOutput(t, write(t, "x.csv", out.String()))
		if decoded {
			o.Decoded()
		}
		flows, _, err := o.Flows()
		if err != nil || flows[0].Packets[0].Length != want {
			t.Errorf("decoded %t: %v, %v, want %d bytes", decoded, flows, err, want)
		}
	}
}

// TestPublishedOutputs reads the authors' files.
func TestPublishedOutputs(t *testing.T) {
	for _, test := range []struct {
		name           string
		flows, packets int
		app            flow.Application
		labels, flags  bool
	}{
		{"DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", 1455, 20000, flow.HTTP, true, true},
		{"DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL.csv", 1224, 18770, flow.QUIC, true, false},
		{"DF_GEN_PACKET_SNMP_NO_FLOW_FINAL.csv", 1, 9999, flow.SNMP, false, false},
	} {
		o := openOutput(t, sharedtest.Path(t, "necstgen/data/output/"+test.name))
		flows, damaged, err := o.Flows()
		n := 0
		for _, f := range flows {
			n += len(f.Packets)
		}
		if err != nil || len(damaged) > 0 || len(flows) != test.flows || n != test.packets || o.Application() != test.app || o.HasLabels() != test.labels || o.HasFlags() != test.flags {
			t.Errorf("%s: %d packets of %d flows, %v, %v", test.name, n, len(flows), damaged, err)
		}
	}
	rows, damaged, err := openOutput(t, sharedtest.Path(t, "necstgen/data/output/DF_GEN_FLOW_HTTP_FINAL.csv")).Table()
	if err != nil || len(rows) != 9999 || len(damaged) > 0 {
		t.Errorf("%d rows, %v, %v", len(rows), damaged, err)
	}
}

func FuzzOutput(f *testing.F) {
	f.Add(connectedHead + "60.4,0,2.0,9.5,57.9,7\n")
	f.Add("count_total,time_diff\n5,0\n,1\n")
	f.Add("flow_id_count,timestamps_min\n44,100\n")
	f.Add("time_diff_lstm,bandwidth_lstm,spreading_factor_lstm,code_rate_lstm,frequency_lstm,crc_status_lstm,snr_lstm,rssi_lstm,length_total_lstm,header_length_lstm\n1,125,7,4/5,868100000,1,7,-99,44,9\n")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := OpenOutput(write(t, "x.csv", text))
		if err != nil {
			return
		}
		if o.IsTable() {
			rows, _, _ := o.Table()
			for _, r := range rows {
				if r.Packets < 1 {
					t.Errorf("%+v", r)
				}
			}
			return
		}
		flows, _, _ := o.Flows()
		for _, g := range flows {
			for i, p := range g.Packets {
				if p.Length < 0 || p.HeaderLength < 0 || p.HeaderLength > p.Length || p.PayloadLength < 0 || i > 0 && p.Time < g.Packets[i-1].Time {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}
