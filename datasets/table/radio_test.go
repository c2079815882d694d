package table

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Radio metadata comes back, wherever in a table the uplinks stand: in one batch
// and not in the next, at its start or its end.
func TestRadioRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, uplinks := range [][2]int{{0, 3}, {100, 101}, {batchRows - 1, batchRows}, {batchRows + 5, batchRows + 9}, {0, 2*batchRows + 10}} {
		want := capture(2*batchRows + 10)
		for i := uplinks[0]; i < uplinks[1]; i++ {
			p := &flow.Packet{Number: int64(i), Time: want[i].Time}
			r := randomRadio(rng)
			p.SetUplink(r, nil, 20)
			p.Radio.Counter = uint32(i)
			want[i] = *p
		}
		for _, format := range formats {
			if format != Parquet && uplinks[0] != batchRows+5 { // the columns are those of Parquet
				continue
			}
			path := writeFile(t, format, func(w io.Writer) error { return WritePackets(w, format, stream(want)) })
			i := 0
			for got, err := range ReadPackets(path) {
				if err != nil {
					t.Fatal(err)
				}
				if !samePacket(got, want[i]) {
					t.Fatalf("%s, uplinks %v, packet %d: got %+v %+v, want %+v %+v", format, uplinks, i, got, got.Radio, want[i], want[i].Radio)
				}
				i++
			}
			if i != len(want) {
				t.Errorf("%s: %d packets", format, i)
			}
		}
	}
}

// A table of another program may have its columns in any order, and not all.
func TestRadioColumns(t *testing.T) {
	for _, test := range []struct{ name, header, row, want string }{
		{"none", "time,length", "1,2", "<nil>"},
		{"empty", "snr,gateway,mtype,time,length", ",,0,1,2", "<nil>"},
		{"behind", "mtype,snr,time,length,gateway", "2,-7.5,1,2,0000024b0b031c97", "&{Gateway:2521330556055 Address:0 Counter:0 Port:0 MType:2 Frequency:0 SpreadingFactor:0 Bandwidth:0 CodeRate:0 CRC:0 RSSI:0 SNR:-7.5}"},
		{"device", "time,length,device_address,fport,crc_status", "1,2,0000000a,-2,-1", "&{Gateway:0 Address:10 Counter:0 Port:-2 MType:0 Frequency:0 SpreadingFactor:0 Bandwidth:0 CodeRate:0 CRC:-1 RSSI:0 SNR:0}"},
		{"bad gateway", "time,length,gateway", "1,2,00:11", "column gateway"},
		{"long address", "time,length,device_address", "1,2,123456789", "column device_address"},
		{"port", "time,length,fport", "1,2,70000", "column fport"},
		{"checksum", "time,length,crc_status", "1,2,400", "column crc_status"},
	} {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, []byte(test.header+"\n"+test.row+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		for p, err := range ReadPackets(path) {
			if got := fmt.Sprintf("%+v", p.Radio); err == nil && got != test.want || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %s, %v, want %s", test.name, got, err, test.want)
			}
		}
	}
}

// The flow table names the device of a flow.
func TestDevicesOfFlows(t *testing.T) {
	var packets []flow.Packet
	for i := range 40 {
		p := flow.Packet{Number: int64(i), Time: int64(i) * 3600e9}
		p.SetUplink(&flow.Radio{Gateway: 1, Frequency: 868_100_000}, nil, 20)
		p.Radio.Address = uint32(i % 4)
		packets = append(packets, p)
	}
	for _, format := range formats {
		path := writeFile(t, format, func(w io.Writer) error {
			return WriteFlows(w, format, new(flow.Assembler).Table(stream(packets)))
		})
		n := 0
		for row, err := range ReadFlows(path) {
			if err != nil || row.Packets != 10 || row.Length != 200 || row.Device != fmt.Sprintf("%016x/%08x", 1, n) || row.Application != flow.LoRaWAN {
				t.Errorf("%s: %+v, %v", format, row, err)
			}
			n++
		}
		if n != 4 {
			t.Errorf("%s: %d flows, want 4", format, n)
		}
	}
}
