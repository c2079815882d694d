package capturetest

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// The reports of the tools are read as they are written, and faults are found.
func TestExpertLines(t *testing.T) {
	report := `
Errors (2)
=============
   Frequency      Group           Protocol  Summary
           2  Malformed                SIP  Malformed Packet (Exception occurred)

Warns (1)
=============
   Frequency      Group           Protocol  Summary
           1   Sequence                TCP  Connection reset (RST)
`
	want := []Line{{"Errors", "Malformed", "SIP Malformed Packet (Exception occurred)", 2}, {"Warns", "Sequence", "TCP Connection reset (RST)", 1}}
	if got := expertLines(report); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTraceReport(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		want        traceReport
		faults      string
	}{
		{"complete", "complete conn: yes\nunique bytes sent: 7 unique bytes sent: 9\nactual data bytes: 7 actual data bytes: 9\nrexmt data pkts: 0 rexmt data pkts: 0",
			traceReport{connections: 1, complete: 1}, ""},
		{"reset", "complete conn: RESET (SYNs: 2)", traceReport{connections: 1, reset: 1}, ""},
		{"open", "complete conn: no (SYNs: 1) (FINs: 0)", traceReport{connections: 1, example: "no (SYNs: 1) (FINs: 0)"}, ""},
		{"sent twice", "complete conn: yes\nunique bytes sent: 7 unique bytes sent: 9\nactual data bytes: 7 actual data bytes: 12", traceReport{connections: 1, complete: 1}, "actual data bytes"},
		{"retransmitted", "complete conn: yes\nrexmt data pkts: 0 rexmt data pkts: 3", traceReport{connections: 1, complete: 1}, "rexmt data pkts"},
		{"out of order", "complete conn: yes\noutoforder pkts: 1 outoforder pkts: 0", traceReport{connections: 1, complete: 1}, "outoforder"},
	} {
		var got traceReport
		for line := range strings.Lines(c.lines) {
			got.read(line)
		}
		if got.connections != c.want.connections || got.complete != c.want.complete || got.reset != c.want.reset || got.example != c.want.example {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		if (len(got.faults) == 0) != (c.faults == "") || len(got.faults) > 0 && !strings.Contains(got.faults[0], c.faults) {
			t.Errorf("%s: faults %q, want one with %q", c.name, got.faults, c.faults)
		}
	}
}

func TestNDPIRows(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ndpi.csv")
	text := "#flow_id,protocol,src_ip,src_port,dst_ip,dst_port,ndpi_proto,\n1,6,192.0.2.1,40000,198.51.100.1,80,HTTP,x,\"y\n2,17,2001:db8::1,5,2001:db8::2,53,Unknown\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := ndpiRows(name)
	if err != nil || len(rows) < 1 || rows[0].name != "HTTP" || rows[0].tuple.Dst.Port() != 80 || rows[0].tuple.Proto != flow.TCP {
		t.Errorf("rows %+v, %v", rows, err)
	}
	if err := os.WriteFile(name, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ndpiRows(name); err == nil || !strings.Contains(err.Error(), "has no column protocol") {
		t.Errorf("error %v", err)
	}
}

// Every record goes to one part, both directions of two hosts to the same.
func TestDeal(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "big.pcap")
	header := make([]byte, fileHeader)
	binary.LittleEndian.PutUint32(header, 0xa1b23c4d)
	header[20] = 1
	var data bytes.Buffer
	data.Write(header)
	record := make([]byte, recordHeader+1000)
	binary.LittleEndian.PutUint32(record[8:], 1000)
	record[recordHeader+12] = 8
	const count = 40_000
	for i := range count {
		a, b := byte(i/2%50), byte(i/2%7)
		if i%2 == 1 {
			a, b = b, a
		}
		record[recordHeader+26], record[recordHeader+30] = a, b
		data.Write(record)
	}
	if err := os.WriteFile(name, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	parts, err := split(name, folder, 3)
	if err != nil || len(parts) != 3 {
		t.Fatalf("parts %v, %v", parts, err)
	}
	total := 0
	owner := map[[2]byte]int{}
	for i, part := range parts {
		data, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		data = data[fileHeader:]
		total += len(data) / len(record)
		for ; len(data) > 0; data = data[len(record):] {
			pair := [2]byte{data[recordHeader+26], data[recordHeader+30]}
			if pair[0] > pair[1] {
				pair[0], pair[1] = pair[1], pair[0]
			}
			if at, ok := owner[pair]; ok && at != i {
				t.Fatalf("hosts %v are in parts %d and %d", pair, at, i)
			}
			owner[pair] = i
		}
	}
	if total != count {
		t.Errorf("%d records in all parts, want %d", total, count)
	}
	if parts, err := split(parts[0], folder, 1); err != nil || len(parts) != 1 {
		t.Errorf("one processor: %v, %v", parts, err)
	}
}

func TestSamePacket(t *testing.T) {
	a := flow.Packet{Time: 5, Seq: 7, Radio: &flow.Radio{Port: 3}}
	b := a
	b.Radio = &flow.Radio{Port: 3}
	if !samePacket(&a, &b) {
		t.Error("equal packets differ")
	}
	b.Seq = 8
	if samePacket(&a, &b) {
		t.Error("another sequence number is not seen")
	}
	b.Seq, b.Radio.Port = 7, 4
	if samePacket(&a, &b) {
		t.Error("another radio port is not seen")
	}
	b.Radio = nil
	if samePacket(&a, &b) {
		t.Error("missing radio fields are not seen")
	}
}
