package output_test

import (
	"bufio"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// header is the first line of a file.
func header(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// uplinkFlows are overlapping flows of devices.
func uplinkFlows(n int) []*flow.Flow {
	var flows []*flow.Flow
	for i := range n {
		f := &flow.Flow{ID: int64(i), Application: flow.LoRaWAN}
		for j := range 5 {
			f.Packets = append(f.Packets, flow.Packet{Time: int64(i)*1e9 + int64(j)*7e9, Length: 30, HeaderLength: 9, PayloadLength: 17, Application: flow.LoRaWAN,
				Radio: &flow.Radio{Gateway: 1, Address: uint32(i + 1), Counter: uint32(j), Port: 1, MType: 2, Frequency: 868_100_000, SpreadingFactor: 7, Bandwidth: 125, CodeRate: 5, CRC: 1}})
		}
		flows = append(flows, f)
	}
	return flows
}

// Every file has the name and the columns of the published one of its kind
// (algorithm.md 9.3 and 12), as CSV and as Parquet.
func TestNeCSTGenFiles(t *testing.T) {
	http := gentest.Flows(40, rand.NewPCG(1, 2))
	lora := "timesteps_lstm,time_diff_lstm,timesteps_vae,time_diff_vae,bandwidth_lstm,spreading_factor_lstm,code_rate_lstm,frequency_lstm,crc_status_lstm,snr_lstm,rssi_lstm," +
		"length_total_lstm,header_length_lstm,code_rate_vae,bandwidth_vae,spreading_factor_vae,frequency_vae,crc_status_vae,length_total_vae,snr_vae,rssi_vae,header_length_vae,payload_length_vae"
	tests := []struct {
		files  output.NeCSTGen
		flows  []*flow.Flow
		packet string // names, without endings
		flow   string
		want   string // columns, where no published file has them
	}{
		{output.NeCSTGen{Application: "HTTP", Connected: true}, http, "DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL", "DF_GEN_FLOW_HTTP_FINAL", ""},
		{output.NeCSTGen{Application: "UDP_GOOGLE_HOME"}, http, "DF_GEN_PACKET_UDP_GOOGLE_HOME_FLOW_NO_CONNECT_FINAL", "DF_GEN_FLOW_UDP_GOOGLE_HOME_FINAL", ""},
		{output.NeCSTGen{Application: "SNMP", NoFlow: true}, http[:1], "DF_GEN_PACKET_SNMP_NO_FLOW_FINAL", "", ""},
		{output.NeCSTGen{Application: "LORA_10", Uplinks: true}, uplinkFlows(20), "DF_GEN_PACKET_LORA_10_NO_FLOW_FINAL", "", lora},
	}
	for _, tt := range tests {
		t.Run(tt.packet, func(t *testing.T) {
			dir := t.TempDir()
			names, err := tt.files.Write(dir, stream(tt.flows))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{tt.packet + ".csv", tt.packet + ".parquet"}
			if tt.flow != "" {
				want = append(want, tt.flow+".csv", tt.flow+".parquet")
			}
			for i := range want {
				want[i] = filepath.Join(dir, want[i])
			}
			if !slices.Equal(names, want) {
				t.Fatalf("%v, want %v", names, want)
			}
			packets := 0
			for _, f := range tt.flows {
				packets += len(f.Packets)
			}
			checkFile(t, filepath.Join(dir, tt.packet), packets)
			if tt.flow != "" {
				checkFile(t, filepath.Join(dir, tt.flow), len(tt.flows))
			}
			if tt.want != "" {
				if got := header(t, names[0]); got != tt.want {
					t.Errorf("columns %s\nwant    %s", got, tt.want)
				}
				return
			}
			for i := 0; i < len(names); i += 2 {
				base := strings.ReplaceAll(filepath.Base(names[i]), "DF_GEN_FLOW_UDP_GOOGLE_HOME", "DF_GEN_FLOW_HTTP") // published, but not beside us
				if got, published := header(t, names[i]), header(t, sharedtest.Path(t, "necstgen", "data", "output", base)); got != published {
					t.Errorf("columns %s\nof %s    %s", got, base, published)
				}
			}
		})
	}
}

// checkFile looks at both forms of a file: the same columns, and a row each.
func checkFile(t *testing.T, stem string, rows int) {
	t.Helper()
	f, err := table.ReadFeatures(stem + ".parquet")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.Names, ","); got != header(t, stem+".csv") {
		t.Errorf("%s.parquet: columns %s", stem, got)
	}
	text, err := os.ReadFile(stem + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	n, last := 0, -1.0
	at := max(slices.Index(f.Names, "timesteps"), slices.Index(f.Names, "timesteps_lstm"))
	for row, err := range f.Rows {
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for i, x := range row {
			cell := strconv.FormatFloat(x, 'f', -1, 64)
			switch {
			case math.IsNaN(x):
				cell = ""
			case strings.HasPrefix(f.Names[i], "code_rate"):
				cell = "4/" + cell
			}
			cells = append(cells, cell)
		}
		if n >= len(lines) || !sameCells(strings.Split(lines[n], ","), cells) {
			t.Fatalf("%s: row %d: %v, which is not as CSV", stem, n, cells)
		}
		if strings.Contains(stem, "NO_FLOW") && row[at] < last {
			t.Errorf("%s: row %d is earlier than the one before", stem, n)
		}
		last = row[at]
		n++
	}
	if n != rows || n != len(lines) {
		t.Errorf("%s: %d rows, want %d", stem, n, rows)
	}
}

// sameCells compares texts, and numbers by their value.
func sameCells(a, b []string) bool {
	return slices.EqualFunc(a, b, func(a, b string) bool {
		x, err1 := strconv.ParseFloat(a, 64)
		y, err2 := strconv.ParseFloat(b, 64)
		return a == b || err1 == nil && err2 == nil && x == y
	})
}

// What fails leaves neither a file nor a part of one, and keeps what was there.
func TestNeCSTGenFails(t *testing.T) {
	dir := t.TempDir()
	files := output.NeCSTGen{Application: "HTTP", Connected: true}
	old := filepath.Join(dir, "DF_GEN_FLOW_HTTP_FINAL.csv")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	flows := gentest.Flows(3000, rand.NewPCG(1, 2))
	_, err := files.Write(dir, func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
		yield(nil, errBroken)
	})
	if !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
	entries, err := os.ReadDir(dir)
	text, _ := os.ReadFile(old)
	if err != nil || len(entries) != 1 || string(text) != "old" {
		t.Errorf("left: %v, %v", entries, err)
	}
	if _, err := files.Write(filepath.Join(old, "x"), stream(nil)); err == nil {
		t.Error("a file is no folder, and no error")
	}
}

func TestApplicationName(t *testing.T) {
	tests := []struct {
		app     flow.Application
		variant feature.Variant
		port    int
		want    string
	}{
		{flow.HTTP, feature.General, 0, "HTTP"}, {flow.FTPData, feature.General, 0, "FTP_DATA"},
		{flow.TLS, feature.TCPGoogleHome, 0, "TCP_GOOGLE_HOME"}, {flow.QUIC, feature.UDPGoogleHome, 0, "UDP_GOOGLE_HOME"},
		{flow.LoRaWAN, feature.LoRaWAN, 1, "LORA_1"}, {flow.LoRaWAN, feature.LoRaWAN, 0, "LORA"},
	}
	for _, tt := range tests {
		if got := output.ApplicationName(tt.app, tt.variant, tt.port); got != tt.want {
			t.Errorf("%s, %s, %d: %s, want %s", tt.app, tt.variant, tt.port, got, tt.want)
		}
	}
}
