package trace_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/testbed"
	"github.com/necstgen/necstgen/datasets/trace"
)

// collect takes a stream of packets until its end or an error that is not a record's.
func collect(packets iter.Seq2[flow.Packet, error]) (all []flow.Packet, err error) {
	for p, e := range packets {
		if err = e; e == nil {
			p.Payload = nil
			all = append(all, p)
		}
	}
	return all, err
}

// capture writes the embedded capture to a file.
func capture(t testing.TB) string {
	t.Helper()
	in, err := testbed.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	whole, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "office.pcap")
	if err := os.WriteFile(path, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *trace.Trace {
	t.Helper()
	tr, err := trace.OpenFile(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// A packet table is read as the capture that it was made of.
func TestTables(t *testing.T) {
	path := capture(t)
	want, err := collect(open(t, path).Packets(t.Context(), trace.Selection{Applications: flow.Applications{flow.HTTP}, Limit: 800}))
	if err != nil || len(want) != 800 {
		t.Fatalf("%d packets, %v", len(want), err)
	}
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
		if err := errors.Join(err, out.Close()); err != nil {
			t.Fatal(err)
		}
		tr := open(t, name)
		got, err := collect(tr.Packets(t.Context(), trace.Selection{Applications: flow.Applications{flow.HTTP}}))
		if err != nil || len(got) != len(want) || got[0].Tuple != want[0].Tuple || got[799].Time != want[799].Time {
			t.Errorf("%s: %d packets, want %d, %v", format, len(got), len(want), err)
		}
		if f := tr.Info().Format; f != "packet table" {
			t.Errorf("%s: format %q", format, f)
		}
	}
}

const gatewayLog = "time,physical_payload,gateway,crc_status,mtype,device_address\n" +
	"2020-04-25 01:01:23.5+00:00,QAEAAAAAAAABAQIDBA==,0000024b0b031c97,1,10,00000001\n" +
	"2020-04-25 02:01:23.5+00:00,QAEAAAAAAQABAQIDBA==,0000024b0b031c98,1,10,00000001\n"

// What a selection leaves out is counted, and Unknown takes a gateway's log as it is.
func TestSelection(t *testing.T) {
	for _, row := range []struct {
		name    string
		s       trace.Selection
		packets int
		left    map[string]int64
	}{
		{"everything", trace.Selection{}, 2, nil},
		{"uplinks", trace.Selection{Applications: flow.Applications{flow.LoRaWAN}}, 2, nil},
		{"a gateway", trace.Selection{Applications: flow.Applications{flow.LoRaWAN}, Gateway: 0x24b0b031c97}, 1, map[string]int64{"port 1 at 0000024b0b031c98": 1}},
		{"a port", trace.Selection{Applications: flow.Applications{flow.LoRaWAN}, Port: 2}, 0, map[string]int64{"port 1 at 0000024b0b031c98": 1, "port 1 at 0000024b0b031c97": 1}},
		{"a limit", trace.Selection{Limit: 1}, 1, nil},
	} {
		tr := trace.New(strings.NewReader(gatewayLog), "log.csv")
		got, err := collect(tr.Packets(t.Context(), row.s))
		if err != nil || len(got) != row.packets {
			t.Errorf("%s: %d packets, %v, want %d", row.name, len(got), err, row.packets)
		}
		if left := tr.LeftOut(); len(left) != len(row.left) {
			t.Errorf("%s: left out %v, want %v", row.name, left, row.left)
		}
		for what, n := range row.left {
			if tr.LeftOut()[what] != n {
				t.Errorf("%s: left out %v, want %v", row.name, tr.LeftOut(), row.left)
			}
		}
		if f := tr.Info().Format; f != "gateway log (CSV)" {
			t.Errorf("%s: format %q", row.name, f)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
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
		{"a table without a file", "PAR1....", flow.HTTP, "is a packet table: want its file, plain, not a stream"},
		{"a cut log", "time,physical_payload\n", flow.LoRaWAN, "in: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collect(trace.New(strings.NewReader(tt.in), "in").Packets(t.Context(), trace.Selection{Applications: flow.Applications{tt.app}}))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "in") {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
	for _, row := range []struct{ name, want string }{
		{t.TempDir(), "is a folder without files: want a folder of captures, or a pattern"},
		{"no/such.pcap", "no file and no data set no/such.pcap"},
		{"testbet", "unknown data set"},
		{os.DevNull, "is a device, which can be read only once: want a file"},
	} {
		if _, err := trace.Open(t.Context(), []string{row.name}, nil); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s", row.name, err, row.want)
		}
	}
}

// A file that is still being written is said to be.
func TestGrowing(t *testing.T) {
	path := capture(t)
	tr := open(t, path)
	n := 0
	var last error
	for _, err := range tr.Packets(t.Context(), trace.Selection{}) {
		if n++; n == 100 {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(make([]byte, 7)); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		last = err
	}
	if !errors.Is(last, io.ErrUnexpectedEOF) || !strings.Contains(last.Error(), "the file grew from") {
		t.Errorf("the end is cut because the file grows: %v", last)
	}
	if w := tr.Warnings(); len(w) != 1 || !strings.Contains(w[0].Error(), "the file grew from 1048576 to 1048583 bytes while it was read") {
		t.Errorf("%v", w)
	}
	tr = open(t, path)
	if _, err := collect(tr.Packets(t.Context(), trace.Selection{})); err == nil || len(tr.Warnings()) != 0 {
		t.Errorf("read again: %v, %v", err, tr.Warnings())
	}
}

// Clocks that jump are a warning; the packets stand.
func TestClockJump(t *testing.T) {
	log := gatewayLog + "1970-04-25 02:01:23.5+00:00,QAEAAAAAAQABAQIDBA==,0000024b0b031c98,1,10,00000001\n"
	tr := trace.New(strings.NewReader(log), "log.csv")
	got, err := collect(tr.Packets(t.Context(), trace.Selection{}))
	if w := tr.Warnings(); err != nil || len(got) != 3 || len(w) != 1 || !strings.Contains(w[0].Error(), "the clock jumps by 50.0 years at packet 2") {
		t.Errorf("%d packets, %v, %v", len(got), err, w)
	}
	if c := tr.Clock(); c.Packets != 3 || c.Jumps != 1 {
		t.Errorf("%+v", c)
	}
}

// The end of the context ends reading.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := collect(open(t, capture(t)).Packets(ctx, trace.Selection{}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// An open pipe that says nothing is not waited for behind the end of the context.
func TestSilentPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := collect(trace.New(r, "pipe").Packets(ctx, trace.Selection{})); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// The bytes are there as they are stored.
func TestRead(t *testing.T) {
	path := capture(t)
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(open(t, path)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func FuzzPackets(f *testing.F) {
	for _, seed := range []string{"PAR1", "layers_0,timestamps,length_total\n1,2,3", "time,length\n", "\xd4\xc3\xb2\xa1", "physical_payload,", "a,b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, app := range []flow.Applications{nil, {flow.HTTP}, {flow.LoRaWAN}} {
			for p, err := range trace.New(bytes.NewReader(data), "f").Packets(t.Context(), trace.Selection{Applications: app}) {
				if err == nil && p.Length < 0 {
					t.Errorf("a packet of %d bytes", p.Length)
				}
			}
		}
	})
}
