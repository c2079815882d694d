package table

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// mixed are packets of three applications, some of them empty fragments.
func mixed(n int) []flow.Packet {
	packets := capture(n)
	for i := range packets {
		packets[i].Capture = []string{"", "a.pcap", "b.pcap"}[i/100%3]
		packets[i].Application = []flow.Application{flow.HTTP, flow.SMTP, flow.Unknown}[i*i%3]
	}
	return packets
}

// What Export writes is what WritePackets and the features of each application
// give, in every format and variant.
func TestExport(t *testing.T) {
	packets := mixed(2*batchRows + 77)
	for _, test := range []struct {
		format  Format
		variant feature.Variant
		compat  feature.Compat
		rows    int
	}{
		{"", "", feature.Compat{}, len(packets)}, {Parquet, feature.TCPGoogleHome, feature.Original(), len(packets)},
		{Arrow, feature.UDPGoogleHome, feature.Compat{}, 1000}, {CSV, feature.General, feature.Original(), 1000}, {Parquet, feature.General, feature.Compat{}, 0},
	} {
		t.Run(fmt.Sprint(test.format, test.variant, test.rows), func(t *testing.T) {
			in := packets[:test.rows]
			format, variant := test.format, test.variant
			if format == "" {
				format, variant = Parquet, feature.General
			}
			var features string
			path := writeFile(t, format, func(w io.Writer) error {
				features = writeFile(t, format, func(f io.Writer) error {
					return Export{Packets: w, Features: f, Format: test.format, Variant: test.variant, Compat: test.compat}.Write(stream(in))
				})
				return nil
			})
			i := 0
			for got, err := range ReadPackets(path) {
				if err != nil || !samePacket(got, in[i]) {
					t.Fatalf("packet %d: %+v, %v, want %+v", i, got, err, in[i])
				}
				i++
			}
			if i != len(in) {
				t.Errorf("%d packets, want %d", i, len(in))
			}
			checkFeatures(t, features, in, variant, test.compat)
		})
	}
}

func checkFeatures(t *testing.T, path string, packets []flow.Packet, variant feature.Variant, compat feature.Compat) {
	t.Helper()
	groups := map[flow.Application]*feature.Extractor{}
	table, err := ReadFeatures(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(table.Names, variant.Columns()) {
		t.Fatalf("columns %q, want %q", table.Names, variant.Columns())
	}
	i := 0
	for got, err := range table.Rows {
		if err != nil {
			t.Fatal(err)
		}
		p := &packets[i]
		if groups[p.Application] == nil {
			if groups[p.Application], err = feature.NewExtractor(variant, compat); err != nil {
				t.Fatal(err)
			}
		}
		if want := groups[p.Application].Append(nil, p); !slices.Equal(got, want) {
			t.Fatalf("row %d: %v, want %v", i, got, want)
		}
		i++
	}
	if i != len(packets) {
		t.Errorf("%d rows of features, want %d", i, len(packets))
	}
}

// Either table may be left out; a damaged record is left out; what ends the stream
// comes behind the rows before it.
func TestExportErrors(t *testing.T) {
	cut := errors.New("cut")
	in := func(yield func(flow.Packet, error) bool) {
		p := mixed(3)
		_ = yield(p[0], nil) && yield(p[1], damagedRecord(1)) && yield(p[2], nil) && yield(flow.Packet{}, cut)
	}
	folder := t.TempDir()
	for _, name := range []string{"packets", "features"} {
		path := filepath.Join(folder, name+".parquet")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		e := Export{Packets: f}
		if name == "features" {
			e = Export{Features: f}
		}
		if err := e.Write(in); !errors.Is(err, cut) {
			t.Errorf("%s: error %v, want %v", name, err, cut)
		}
		f.Close()
		n := 0
		if name == "packets" {
			for _, err := range ReadPackets(path) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
		} else if table, err := ReadFeatures(path); err != nil {
			t.Fatal(err)
		} else {
			for range table.Rows {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%s: %d rows, want 2", name, n)
		}
	}
	if err := (Export{Features: io.Discard, Variant: feature.LoRaWAN}).Write(stream(mixed(1))); err == nil || !strings.HasPrefix(err.Error(), "table: export: ") {
		t.Errorf("variant lorawan: error %v", err)
	}
	long := mixed(3 * batchRows)
	for _, room := range []brokenWriter{0, 1000, 100_000} {
		other := room
		if err := (Export{Packets: &room}).Write(stream(long)); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("packets: error %v, want that of the disk", err)
		}
		if err := (Export{Packets: io.Discard, Features: &other}).Write(stream(long)); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("features: error %v, want that of the disk", err)
		}
	}
}
