package table

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// randomFlows are n flows of TCP, UDP, ICMP, ARP and LoRaWAN uplinks that overlap;
// many start at once, some are begun by the server, and the clock steps back in some.
func randomFlows(n int, seed uint64) []*flow.Flow {
	rng := rand.New(rand.NewPCG(seed, 3))
	flows := make([]*flow.Flow, n)
	start := int64(920294090227178800)
	for i := range flows {
		before := start
		start += int64(rng.IntN(3)) * 1e6
		f := &flow.Flow{ID: int64(n - i), Before: before, Application: flow.Application(rng.IntN(25))} // IDs tell nothing of the order
		if i == 0 {
			f.Before = start
		}
		host := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), last}) }
		switch rng.IntN(5) {
		case 0:
			f.Tuple = flow.FiveTuple{Proto: flow.TCP, Src: netip.AddrPortFrom(host(1), 1024+uint16(i)), Dst: netip.AddrPortFrom(host(2), 80)}
		case 1:
			f.Tuple = flow.FiveTuple{Proto: flow.UDP, Src: netip.MustParseAddrPort("[2001:db8::1]:5353"), Dst: netip.MustParseAddrPort("[2001:db8::2]:53")}
		case 2:
			f.Tuple = flow.FiveTuple{Proto: flow.ICMP, Src: netip.AddrPortFrom(host(1), 0), Dst: netip.AddrPortFrom(host(2), 0)}
		case 3: // ARP has no tuple
		case 4:
			f.Application = flow.LoRaWAN
		}
		for at := start; len(f.Packets) == 0 || rng.IntN(8) > 0; at += int64(rng.IntN(20)-1) * 1e5 {
			f.Packets = append(f.Packets, randomPacketOf(f, at, rng))
		}
		if k := rng.IntN(len(f.Packets)); f.Application != flow.LoRaWAN { // the first may not be recognised
			for j := range k {
				f.Packets[j].Application = flow.Unknown
			}
		}
		flows[i] = f
	}
	return flows
}

func randomPacketOf(f *flow.Flow, at int64, rng *rand.Rand) flow.Packet {
	if f.Application == flow.LoRaWAN {
		p := flow.Packet{Number: rng.Int64(), Time: at}
		p.SetUplink(randomRadio(rng), nil, 20)
		p.FlowID = f.ID
		return p
	}
	p := randomPackets(1, rng.Uint64())[0]
	p.Time, p.FlowID, p.Application, p.Tuple, p.Radio = at, f.ID, f.Application, f.Tuple, nil
	if p.Direction == flow.Backward {
		p.Tuple = f.Tuple.Reverse()
	}
	return p
}

// Written and read, flows are the same in the same order.
func TestFlowPacketsRoundTrip(t *testing.T) {
	for _, format := range formats {
		for _, n := range []int{0, 1, 300, 20_000} {
			if n == 20_000 && format != Parquet {
				continue
			}
			want := randomFlows(n, uint64(n))
			path := writeFile(t, format, func(w io.Writer) error { return WriteFlowPackets(w, format, want) })
			got, err := ReadFlowPackets(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			sameFlows(t, got, want)
		}
	}
}

func sameFlows(t *testing.T, got, want []*flow.Flow) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d flows, want %d", len(got), len(want))
	}
	for i, f := range got {
		w := want[i]
		if f.ID != w.ID || f.Tuple != w.Tuple || f.Application != w.Application || f.Before != w.Before || !slices.EqualFunc(f.Packets, w.Packets, samePacket) {
			t.Fatalf("flow %d: got %d of %v, %v, %d packets, before %d; want %d of %v, %v, %d packets, before %d",
				i, f.ID, f.Tuple, f.Application, len(f.Packets), f.Before, w.ID, w.Tuple, w.Application, len(w.Packets), w.Before)
		}
	}
}

// A table with flow IDs alone gives the flows, each with its own start as Before,
// also where it is in no order.
func TestFlowPacketsOfAnyTable(t *testing.T) {
	want := randomFlows(200, 7)
	for _, f := range want {
		f.Before = f.Start()
	}
	path := writeFile(t, Arrow, func(w io.Writer) error { return WritePackets(w, Arrow, flow.Packets(want)) })
	got, err := ReadFlowPackets(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	sameFlows(t, got, want)

	path = filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(path, []byte("flow_id,length,time\n7,60,300\n3,61,200\n7,62,400\n5,63,200\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err = ReadFlowPackets(path, nil); err != nil {
		t.Fatal(err)
	}
	sameFlows(t, got, []*flow.Flow{
		{ID: 3, Before: 200, Packets: []flow.Packet{{FlowID: 3, Time: 200, Length: 61}}},
		{ID: 5, Before: 200, Packets: []flow.Packet{{FlowID: 5, Time: 200, Length: 63}}},
		{ID: 7, Before: 300, Packets: []flow.Packet{{FlowID: 7, Time: 300, Length: 60}, {FlowID: 7, Time: 400, Length: 62}}},
	})
}

// The table of whole flows is a packet table: ReadPackets gives what WritePackets
// would have written.
func TestFlowPacketsAsPackets(t *testing.T) {
	flows := randomFlows(100, 8)
	path := writeFile(t, Parquet, func(w io.Writer) error { return WriteFlowPackets(w, Parquet, flows) })
	var as bytes.Buffer
	if err := WritePackets(&as, CSV, ReadPackets(path)); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := WritePackets(&want, CSV, flow.Packets(flows)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(as.Bytes(), want.Bytes()) {
		t.Error("the packets differ")
	}
	if strings.Contains(want.String(), previousStart) {
		t.Error("a packet table has the column of whole flows")
	}
}

func TestFlowPacketsRefused(t *testing.T) {
	one := func(id, packet int64) *flow.Flow { return &flow.Flow{ID: id, Packets: []flow.Packet{{FlowID: packet}}} }
	for _, test := range []struct {
		name, want string
		flows      []*flow.Flow
	}{
		{"empty", "flow 4 has no packets", []*flow.Flow{{ID: 4}}},
		{"twice", "its ID 2 is another flow's", []*flow.Flow{one(2, 2), one(2, 2)}},
		{"foreign packet", "flow 2: packet 0 has flow ID 3", []*flow.Flow{one(2, 3)}},
	} {
		var out bytes.Buffer
		if err := WriteFlowPackets(&out, CSV, test.flows); err == nil || !strings.Contains(err.Error(), test.want) || out.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes, want %q", test.name, err, out.Len(), test.want)
		}
	}
	for _, test := range []struct{ name, content, want string }{
		{"no flow IDs", "time,length\n1,2\n", "column flow_id is missing"},
		{"bad start", "time,length,flow_id,previous_start\n1,2,3,yesterday\n", "column previous_start"},
	} {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFlowPackets(path, nil); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}
