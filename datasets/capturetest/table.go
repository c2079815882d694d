package capturetest

import (
	"bufio"
	"io"
	"iter"
	"os"
	"reflect"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
)

// readable is a capture's packets without the damaged records.
func readable(r io.Reader, name string) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for p, err := range pcap.Packets(bufio.NewReaderSize(r, 1<<20), name) {
			if err == nil && !yield(p, nil) {
				return
			}
		}
	}
}

// Table wants the table to have the capture's packets, field by field, in their
// order. What the table knows beyond the capture (flow, direction, and the
// application of packets that do not show it) is not compared.
func Table(t *testing.T, capture string, want Expect) {
	t.Helper()
	file, err := os.Open(capture)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	next, stop := iter.Pull2(pcap.Packets(bufio.NewReaderSize(file, 1<<20), capture))
	defer stop()
	rows := int64(0)
	for row, err := range table.ReadPackets(want.Table) {
		if err != nil {
			t.Fatal(err)
		}
		p, err, ok := next()
		if err != nil || !ok {
			t.Fatalf("the capture ends after %d packets, the table goes on: %v", rows, err)
		}
		p.FlowID, p.Direction, p.Payload = row.FlowID, row.Direction, nil
		if p.Application == flow.Unknown {
			p.Application = row.Application
		}
		row.Payload = nil
		if !samePacket(&p, &row) {
			t.Fatalf("packet %d: the capture has\n%+v, the table\n%+v", rows, p, row)
		}
		rows++
	}
	if _, err, ok := next(); ok {
		t.Errorf("the table ends after %d packets, the capture goes on (%v)", rows, err)
	}
	if rows == 0 || want.Packets != 0 && rows != want.Packets {
		t.Errorf("the table has %d packets, want %d", rows, want.Packets)
	}
}

// samePacket compares by value; what most packets have not is compared last.
func samePacket(a, b *flow.Packet) bool {
	if (a.Radio == nil) != (b.Radio == nil) || a.Radio != nil && *a.Radio != *b.Radio {
		return false
	}
	x, y := *a, *b
	x.Radio, y.Radio = nil, nil
	if x.Time == y.Time && x.Length == y.Length && x.Tuple == y.Tuple && x.Seq == y.Seq && x.Ack == y.Ack && x.Flags == y.Flags &&
		x.Window == y.Window && x.TTL == y.TTL && x.HeaderLength == y.HeaderLength && x.PayloadLength == y.PayloadLength &&
		x.SrcMAC == y.SrcMAC && x.DstMAC == y.DstMAC && x.MSS == y.MSS && x.Number == y.Number && x.Captured == y.Captured &&
		x.Application == y.Application && x.Fragment == y.Fragment && x.Layers == y.Layers && x.Capture == y.Capture {
		return true
	}
	return reflect.DeepEqual(x, y)
}
