package stage

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/sharedtest"
	"github.com/necstgen/necstgen/datasets/table"
)

// A packet table is read as the capture that it was made of.
func TestPacketsOfTables(t *testing.T) {
	path := capture(t, 30)
	read := func(path string) (all []flow.Packet) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for p, err := range Packets(f, path, path, flow.HTTP) {
			if err != nil {
				t.Fatal(err)
			}
			p.Payload = nil
			all = append(all, p)
		}
		return all
	}
	want := read(path)
	for _, format := range []table.Format{table.Parquet, table.Arrow, table.CSV} {
		name := filepath.Join(t.TempDir(), "p."+string(format))
		out, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		err = table.WritePackets(out, format, func(yield func(flow.Packet, error) bool) {
			for _, p := range want {
				if !yield(p, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		got := read(name)
		if len(got) != len(want) || len(got) == 0 || got[0].Tuple != want[0].Tuple || got[0].Time != want[0].Time {
			t.Errorf("%s: %d packets, want %d", format, len(got), len(want))
		}
	}
}

func TestPacketsRefuse(t *testing.T) {
	tests := []struct {
		name, in string
		app      flow.Application
		want     string
	}{
		{"text", "hello, world\nhow are you?\n", flow.HTTP, "not a capture"},
		{"empty", "", flow.HTTP, "empty"},
		{"a gateway log", "time,device_address,physical_payload\n", flow.HTTP, "is a LoRaWAN gateway log: want data.application=LORAWAN"},
		{"packets for LoRaWAN", "layers_0,length_0,timestamps,length_total\n", flow.LoRaWAN, "these are packets with IP addresses"},
		{"a flow table", "flow_id_count,length_total_sum\n", flow.HTTP, "is a table without packets as they were sent (its first columns are flow_id_count, length_total_sum)"},
		{"generated packets", "length_total_lstm,length_total_vae,direction\n", flow.HTTP, "is a table without packets as they were sent"},
		{"a table without a file", "PAR1....", flow.HTTP, "is a packet table: give its file as data.path"},
		{"a cut log", "time,physical_payload\n", flow.LoRaWAN, "in: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var last error
			for _, err := range Packets(strings.NewReader(tt.in), "", "in", tt.app) {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), tt.want) || !strings.Contains(last.Error(), "in") {
				t.Errorf("%v, want %s", last, tt.want)
			}
		})
	}
}

func FuzzContent(f *testing.F) {
	for _, seed := range []string{"PAR1", "layers_0,timestamps,length_total\n1,2,3", "time,length\n", "\xd4\xc3\xb2\xa1", "physical_payload,", "a,b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, app := range []flow.Application{flow.HTTP, flow.LoRaWAN} {
			for p, err := range Packets(bytes.NewReader(data), "", "f", app) {
				if err == nil && p.Length < 0 {
					t.Errorf("a packet of %d bytes", p.Length)
				}
			}
		}
	})
}

// The published files are learnt from as they are.
func TestPublished(t *testing.T) {
	tests := []struct {
		file      string
		overrides []string
		flows     int // or segments
		packets   int64
	}{
		{"df_raw_HTTP.csv", []string{"data.application=HTTP"}, 718, 10000},
		{"df_raw_SNMP.csv", []string{"data.application=SNMP", "data.flows=none"}, 79, 10000},
		{"df_raw_UDP_GOOGLE_HOME.csv", []string{"data.application=QUIC"}, 588, 10000},
		{"df_raw_LORA_1.csv", []string{"data.application=LORAWAN", "data.flows=none", "data.port=1", "data.gateway=0000024b0b031c97"}, 79, 9999},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			path := sharedtest.Path(t, "necstgen", "data", "raw", tt.file)
			got, err := readTraffic(t.Context(), experiment(append(tt.overrides, "data.path="+path)...)(t), rand.NewPCG(1, 1))
			if err != nil {
				t.Fatal(err)
			}
			if got.flows() != tt.flows || got.facts.Packets != tt.packets {
				t.Errorf("%d flows or segments, %d packets: want %d, %d", got.flows(), got.facts.Packets, tt.flows, tt.packets)
			}
			if uplinks := strings.Contains(tt.file, "LORA"); got.facts.Uplinks != uplinks {
				t.Errorf("uplinks: %v", got.facts.Uplinks)
			}
		})
	}
	path := sharedtest.Path(t, "necstgen", "data", "raw", "df_raw_LORA_1.csv")
	_, err := readTraffic(t.Context(), experiment("data.application=LORAWAN", "data.port=2", "data.path="+path)(t), rand.NewPCG(1, 1))
	if err == nil || !strings.Contains(err.Error(), "no uplink that data.port = 2") || !strings.Contains(err.Error(), "port 1 at 0000024b0b031c97 (") {
		t.Errorf("%v", err)
	}
}
