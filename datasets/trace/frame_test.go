package trace_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/trace"
)

// testCapture writes frames of those lengths, one a second from the given one on, cut to 60 bytes.
func testCapture(t *testing.T, name string, second int64, lengths ...int) string {
	t.Helper()
	var b bytes.Buffer
	w, err := pcap.NewWriter(&b, pcap.WriterOptions{SnapLength: 60})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range lengths {
		if err := w.Write((second+int64(i))*1e9, bytes.Repeat([]byte{byte(n)}, n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFrame: the frames of a merged trace, written again as they were captured, are the
// same packets: each packet's frame is that of its own file.
func TestFrame(t *testing.T) {
	one, two := testCapture(t, "one.pcap", 10, 42, 90, 51), testCapture(t, "two.pcap", 11, 77, 43)
	read := func(paths []string, visit func(data *trace.Trace, p *flow.Packet)) (packets []flow.Packet) {
		data, err := trace.OpenFiles(t.Context(), paths, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer data.Close()
		for p, err := range data.Packets(t.Context(), trace.Selection{}) {
			if err != nil {
				t.Fatal(err)
			}
			visit(data, &p)
			p.Payload, p.FlowID = nil, 0 // which keeps the files of a trace apart
			packets = append(packets, p)
		}
		return packets
	}
	var b bytes.Buffer
	w, err := pcap.NewWriter(&b, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := read([]string{one, two}, func(data *trace.Trace, p *flow.Packet) {
		frame, link := data.Frame()
		if link != 1 || len(frame) != int(p.Captured) || frame[0] != byte(p.Length) {
			t.Errorf("packet %d of %d bytes: frame % x of link type %d", p.Number, p.Length, frame, link)
		}
		if err := w.WriteCut(p.Time, frame, int(p.Length)); err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again.pcap")
	if err := os.WriteFile(again, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := read([]string{again}, func(*trace.Trace, *flow.Packet) {}); len(got) != 5 || !reflect.DeepEqual(got, want) {
		t.Errorf("read again:\n%+v\nwant\n%+v", got, want)
	}
	table := filepath.Join(t.TempDir(), "packets.csv")
	if err := os.WriteFile(table, []byte("time,length\n2026-01-01T00:00:00Z,60\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	read([]string{table}, func(data *trace.Trace, p *flow.Packet) {
		if frame, _ := data.Frame(); frame != nil {
			t.Errorf("a row of a table has the frame % x", frame)
		}
	})
}
