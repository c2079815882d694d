package summary_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/summary"
)

// damaged is an error of one record, as package pcap's.
type damaged struct{ number int64 }

func (d damaged) Error() string       { return fmt.Sprintf("packet %d: damaged", d.number) }
func (d damaged) RecordNumber() int64 { return d.number }

// element is one element of a packet stream.
type element struct {
	packet flow.Packet
	err    error
}

func stream(elements []element) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for i, e := range elements {
			e.packet.Number = int64(i)
			if !yield(e.packet, e.err) {
				return
			}
		}
	}
}

// packet is one of the conversation with that client port.
func packet(seconds int64, proto uint8, clientPort, serverPort uint16, app flow.Application, length int32) flow.Packet {
	p := flow.Packet{Time: seconds * 1e9, Length: length, Captured: length - 10, Application: app}
	p.Layers[0].Name = flow.LayerEther
	if proto != 0 {
		p.Tuple = flow.FiveTuple{Proto: proto,
			Src: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), clientPort),
			Dst: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.2"), serverPort)}
	}
	return p
}

func TestOf(t *testing.T) {
	raw := packet(7, flow.UDP, 4000, 5000, flow.Unknown, 90)
	raw.Layers[0].Name = flow.LayerIP
	tests := []struct {
		name string
		in   []element
		want summary.Summary
		err  string
	}{
		{"nothing", nil, summary.Summary{}, ""},
		{"two flows of one protocol", []element{
			{packet: packet(1, flow.TCP, 1000, 80, flow.HTTP, 60)},
			{packet: packet(2, flow.TCP, 1001, 80, flow.HTTP, 70)},
			{packet: packet(4, flow.TCP, 1000, 80, flow.HTTP, 80)},
		}, summary.Summary{Packets: 3, Bytes: 210, Captured: 180, First: time.Unix(1, 0), Last: time.Unix(4, 0), Seconds: 3,
			LinkTypes: []string{"Ethernet"}, Protocols: map[string]summary.Protocol{"HTTP": {3, 210, 2}}}, ""},
		{"a flow that is known late", []element{
			{packet: packet(1, flow.TCP, 1000, 8080, flow.Unknown, 60)},
			{packet: packet(2, flow.TCP, 1000, 8080, flow.HTTP, 70)},
			{packet: packet(3, flow.TCP, 1000, 8080, flow.Unknown, 60)},
		}, summary.Summary{Packets: 3, Bytes: 190, Captured: 160, First: time.Unix(1, 0), Last: time.Unix(3, 0), Seconds: 2,
			LinkTypes: []string{"Ethernet"}, Protocols: map[string]summary.Protocol{"other TCP": {1, 60, 0}, "HTTP": {2, 130, 1}}}, ""},
		{"backwards, mixed links", []element{
			{packet: packet(9, flow.UDP, 1000, 53, flow.DNS, 60)},
			{packet: raw},
			{packet: packet(8, 0, 0, 0, flow.ARPApplication, 60)},
		}, summary.Summary{Packets: 3, Bytes: 210, Captured: 180, Backward: 1, First: time.Unix(7, 0), Last: time.Unix(9, 0), Seconds: 2,
			LinkTypes: []string{"Ethernet", "raw IP"},
			Protocols: map[string]summary.Protocol{"DNS": {1, 60, 1}, "other UDP": {1, 90, 1}, "ARP": {1, 60, 1}}}, ""},
		{"a damaged record", []element{
			{packet: packet(1, flow.UDP, 1000, 53, flow.DNS, 60)},
			{packet: flow.Packet{Time: 2e9, Length: 40}, err: damaged{1}},
			{packet: packet(3, flow.UDP, 1000, 53, flow.DNS, 60)},
		}, summary.Summary{Packets: 3, Bytes: 160, Captured: 100, First: time.Unix(1, 0), Last: time.Unix(3, 0), Seconds: 2, Errors: 1,
			Examples: []string{"packet 1: damaged"}, LinkTypes: []string{"Ethernet"}, Protocols: map[string]summary.Protocol{"DNS": {2, 120, 1}}}, ""},
		{"cut", []element{
			{packet: packet(1, flow.UDP, 1000, 53, flow.DNS, 60)},
			{err: errors.New("cut")},
		}, summary.Summary{Packets: 1, Bytes: 60, Captured: 50, First: time.Unix(1, 0), Last: time.Unix(1, 0), Errors: 1,
			LinkTypes: []string{"Ethernet"}, Protocols: map[string]summary.Protocol{"DNS": {1, 60, 1}}}, "summary: cut"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := summary.Of("a.pcap", stream(tt.in))
			if (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			want := tt.want
			want.Name = "a.pcap"
			want.First, want.Last = utc(want.First), utc(want.Last)
			if want.LinkTypes == nil {
				want.LinkTypes = []string{}
			}
			if want.Examples == nil {
				want.Examples = []string{}
			}
			if want.Protocols == nil {
				want.Protocols = map[string]summary.Protocol{}
			}
			var counted int64
			parts, left := got.Census.Divide(1, 1)
			for _, n := range append(parts, left...) {
				counted += n.Flows
			}
			for _, p := range got.Protocols {
				counted -= p.Flows
			}
			if got.Census = nil; counted != 0 {
				t.Errorf("the census has %d flows more than the protocols", counted)
			}
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("got  %+v\nwant %+v", *got, want)
			}
		})
	}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

func TestNames(t *testing.T) {
	s := summary.Summary{Protocols: map[string]summary.Protocol{"B": {Packets: 1}, "A": {Packets: 1}, "C": {Packets: 5}}}
	if got, want := s.Names(), []string{"C", "A", "B"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Packets, bytes and times of captures that others made, as capinfos counts them.
func TestTraces(t *testing.T) {
	dir := shared(t, "traces")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		columns := strings.Split(line, "\t") // the file's name stands in two columns
		t.Run(columns[0], func(t *testing.T) {
			f, err := os.Open(filepath.Join(dir, columns[0]))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			s, _ := summary.Of(columns[0], pcap.Packets(f, columns[0])) // two are cut on purpose
			for _, check := range []struct {
				what string
				got  int64
				want string
			}{{"packets", s.Packets, columns[3]}, {"bytes", s.Bytes, columns[4]}} {
				if want, _ := strconv.ParseInt(check.want, 10, 64); check.got != want {
					t.Errorf("%s: %d, want %d", check.what, check.got, want)
				}
			}
			if got, want := s.First, epoch(t, columns[5]); !got.Equal(want) {
				t.Errorf("first %v, want %v", got, want)
			}
		})
	}
}

// epoch reads seconds since 1970 with a fraction. One capture claims 1,882,137,472
// nanoseconds, which capinfos prints behind the point; of such a time only the
// seconds are believed.
func epoch(t *testing.T, text string) time.Time {
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err1 := strconv.ParseInt(whole, 10, 64)
	nanoseconds, err2 := strconv.ParseInt(fraction+strings.Repeat("0", max(0, 9-len(fraction))), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if nanoseconds >= 1e9 {
		nanoseconds = 0
	}
	return time.Unix(seconds, nanoseconds)
}

// shared is the folder of that name beside the repository, which has test data
// that is not part of it.
func shared(t *testing.T, name string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	folder := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no test data: there is no folder ../shared/%s beside the repository", name)
	}
	return folder
}

// BenchmarkOf reads a capture of DNS exchanges from memory.
func BenchmarkOf(b *testing.B) {
	const packets = 200_000
	data := capture(packets)
	b.ReportAllocs()
	for b.Loop() {
		s, err := summary.Of("b", pcap.Packets(strings.NewReader(data), "b"))
		if err != nil || s.Packets != packets {
			b.Fatal(s, err)
		}
	}
	b.ReportMetric(packets*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
}

// capture is a pcap file of UDP datagrams to port 53 from 60,000 ports in turn.
func capture(packets int) string {
	var b []byte
	le := binary.LittleEndian
	b = le.AppendUint32(b, 0xa1b23c4d) // nanoseconds
	b = le.AppendUint32(b, 0x00040002)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(b, 65535)
	b = le.AppendUint32(b, 1)
	be := binary.BigEndian
	for i := range packets {
		b = le.AppendUint32(b, uint32(i/1000))
		b = le.AppendUint32(b, uint32(i%1000)*1e6)
		b = le.AppendUint32(b, 74)
		b = le.AppendUint32(b, 74)
		b = append(b, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"...)
		b = append(b, "\x45\x00\x00\x3c\x00\x00\x00\x00\x40\x11\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02"...)
		b = be.AppendUint16(b, uint16(2000+i%60000))
		b = append(b, "\x00\x35\x00\x28\x00\x00"...)
		b = append(b, make([]byte, 32)...)
	}
	return string(b)
}
