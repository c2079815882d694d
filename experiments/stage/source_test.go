package stage

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/sharedtest"
)

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
