package flow_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// The ends of the tests' conversations.
var (
	client = netip.MustParseAddrPort("10.0.0.1:40000")
	server = netip.MustParseAddrPort("10.0.0.2:80")
)

// script makes TCP packets from lines "milliseconds > or < flags", > being from
// the client; an optional number sets the sequence number.
func script(t testing.TB, lines ...string) []flow.Packet {
	t.Helper()
	var packets []flow.Packet
	for i, line := range lines {
		var at, seq int
		var arrow, flags string
		if n, err := fmt.Sscan(line, &at, &arrow, &flags, &seq); n < 3 {
			t.Fatalf("script line %q: %v", line, err)
		}
		p := flow.Packet{Number: int64(i), Time: int64(at) * 1e6, Length: 60, Tuple: flow.FiveTuple{Proto: flow.TCP, Src: client, Dst: server}, Seq: uint32(seq)}
		if arrow == "<" {
			p.Tuple = p.Tuple.Reverse()
		}
		for _, letter := range flags {
			p.Flags |= map[rune]flow.TCPFlags{'S': flow.SYN, 'A': flow.ACK, 'F': flow.FIN, 'R': flow.RST, 'P': flow.PSH}[letter]
		}
		flow.Identify(&p)
		packets = append(packets, p)
	}
	return packets
}

func stream(packets []flow.Packet) iter.Seq2[flow.Packet, error] {
	return func(yield func(flow.Packet, error) bool) {
		for _, p := range packets {
			if !yield(p, nil) {
				return
			}
		}
	}
}

var assemblerRows = []struct {
	name      string
	assembler flow.Assembler
	packets   []string
	want      string // a flow's ID and the direction of each packet
}{
	{"handshake and close", flow.Assembler{}, []string{"0 > S 1", "1 < SA 9", "2 > A", "3 > PA", "4 < PA", "5 > FA", "6 < FA", "7 > A"},
		"0> 0< 0> 0> 0< 0> 0< 0>"},
	{"port re-used after close", flow.Assembler{}, []string{"0 > S 1", "1 < SA", "5 > FA", "6 < FA", "7 > A", "8 > S 500", "9 < SA"},
		"0> 0< 0> 0< 0> 1> 1<"},
	{"port re-used after reset", flow.Assembler{}, []string{"0 > S 1", "1 < RA", "2 > S 2", "3 < RA"}, "0> 0< 1> 1<"},
	{"refused and tried again with the same SYN", flow.Assembler{}, []string{"0 > S 1", "1 < RA", "500 > S 1", "501 < RA"}, "0> 0< 0> 0<"},
	{"SYN sent again", flow.Assembler{}, []string{"0 > S 1", "1000 > S 1", "1001 < SA"}, "0> 0> 0<"},
	{"SYN of another connection without a close", flow.Assembler{}, []string{"0 > S 1", "1 < SA", "2 > A", "3 > S 77", "4 < SA"}, "0> 0< 0> 1> 1<"},
	{"SYN after an unfinished start", flow.Assembler{}, []string{"0 > PA", "1 < PA", "2 > S 1"}, "0> 0< 1>"},
	{"late packets of a closed connection", flow.Assembler{}, []string{"0 > FA", "1 < FA", "4000 > A"}, "0> 0< 0>"},
	{"after the linger time", flow.Assembler{}, []string{"0 > FA", "1 < FA", "6000 > A"}, "0> 0< 1>"},
	{"starts with SYN/ACK", flow.Assembler{}, []string{"0 < SA", "1 > A", "2 > PA"}, "0< 0> 0>"},
	{"starts in the middle, from the server's port", flow.Assembler{}, []string{"0 < PA", "1 > A"}, "0< 0>"},
	{"both ends open at once", flow.Assembler{}, []string{"0 > S 1", "0 < S 2", "1 > SA", "1 < SA"}, "0> 0< 0> 0<"},
	{"idle SYN", flow.Assembler{}, []string{"0 > S 1", "300001 > S 1"}, "0> 1>"},
	{"established connections wait longer", flow.Assembler{}, []string{"0 > S 1", "1 < SA", "7000000 > A"}, "0> 0< 0>"},
	{"but not for ever", flow.Assembler{}, []string{"0 > S 1", "1 < SA", "8000000 > A"}, "0> 0< 1>"},
	{"idle time-out of one's own", flow.Assembler{IdleTimeout: time.Second}, []string{"0 > S 1", "1 < SA", "1001 > A", "2002 > A"}, "0> 0< 0> 1>"},
	{"time steps far back", flow.Assembler{}, []string{"10000000 > S 1", "10000001 < SA", "0 < SA", "2000 > A"}, "0> 0< 1< 1>"},
	{"time steps back", flow.Assembler{}, []string{"1000 > S 1", "0 < SA", "2000 > A"}, "0> 0< 0>"},
}

// TestAssembler checks which packets belong together, and the direction of each.
func TestAssembler(t *testing.T) {
	for _, row := range assemblerRows {
		var got string
		for p, err := range row.assembler.Label(stream(script(t, row.packets...))) {
			if err != nil {
				t.Fatal(err)
			}
			if got != "" {
				got += " "
			}
			got += fmt.Sprintf("%d%c", p.FlowID, "><"[p.Direction])
			fromClient := p.Tuple.Src == client
			if fromClient != (p.Direction == flow.Forward) {
				t.Errorf("%s: %v from %v", row.name, p.Direction, p.Tuple.Src)
			}
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

// TestFlowNamesPackets: one segment tells what the others of its flow are.
func TestFlowNamesPackets(t *testing.T) {
	packets := script(t, "0 > S 1", "1 < SA", "2 > A", "3 > PA", "4 < A", "5 < PA")
	for i := range packets {
		there := flow.FiveTuple{Proto: flow.TCP, Src: netip.AddrPortFrom(client.Addr(), 9000), Dst: netip.AddrPortFrom(server.Addr(), 9001)}
		if packets[i].Tuple.Src == server {
			there = there.Reverse()
		}
		packets[i].Tuple = there
		if packets[i].Time == 3e6 {
			packets[i].Payload, packets[i].PayloadLength = []byte("GET / HTTP/1.1\r\n\r\n"), 18
		}
		flow.Identify(&packets[i])
	}
	flows, _, err := flow.Collect(new(flow.Assembler).Flows(stream(packets)))
	if err != nil || len(flows) != 1 || flows[0].Application != flow.HTTP {
		t.Fatal(flows, err)
	}
	for _, p := range flows[0].Packets {
		if p.Application != flow.HTTP || p.Payload != nil {
			t.Errorf("packet %d is %v, payload %q", p.Number, p.Application, p.Payload)
		}
	}
	for p := range new(flow.Assembler).Label(stream(packets)) {
		if want := map[bool]flow.Application{true: flow.HTTP}[p.Number >= 3]; p.Application != want {
			t.Errorf("Label: packet %d is %v, want %v", p.Number, p.Application, want)
		}
	}
}

func TestFirstSenderIsClient(t *testing.T) {
	addr := func(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }
	for _, row := range []struct {
		name     string
		src, dst string
		proto    uint8
		flags    flow.TCPFlags
		want     flow.Direction
	}{
		{"two high ports", "10.0.0.9:5000", "10.0.0.1:6000", flow.UDP, 0, flow.Forward},
		{"two high ports, the other way", "10.0.0.1:6000", "10.0.0.9:5000", flow.UDP, 0, flow.Forward},
		{"an answer first", "10.0.0.9:53", "10.0.0.1:6000", flow.UDP, 0, flow.Backward},
		{"a trap", "10.0.0.9:5000", "10.0.0.1:162", flow.UDP, 0, flow.Forward},
		{"service to service", "10.0.0.9:53", "10.0.0.1:53", flow.UDP, 0, flow.Forward},
		{"an unknown low port", "10.0.0.9:88", "10.0.0.1:6000", flow.UDP, 0, flow.Backward},
		{"port 8080", "10.0.0.9:8080", "10.0.0.1:6000", flow.TCP, flow.ACK, flow.Backward},
		{"SYN from a low port", "10.0.0.9:20", "10.0.0.1:6000", flow.TCP, flow.SYN, flow.Forward},
		{"IPv6", "[2001:db8::9]:443", "[2001:db8::1]:6000", flow.UDP, 0, flow.Backward},
		{"ICMP", "10.0.0.9:0", "10.0.0.1:0", flow.ICMP, 0, flow.Forward},
	} {
		p := flow.Packet{Tuple: flow.FiveTuple{Proto: row.proto, Src: addr(row.src), Dst: addr(row.dst)}, Flags: row.flags}
		flows, _, err := flow.Collect(new(flow.Assembler).Flows(stream([]flow.Packet{p})))
		if err != nil || len(flows) != 1 {
			t.Fatal(flows, err)
		}
		if got := flows[0].Packets[0].Direction; got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
		want := p.Tuple
		if row.want == flow.Backward {
			want = want.Reverse()
		}
		if flows[0].Tuple != want {
			t.Errorf("%s: tuple %v, want %v", row.name, flows[0].Tuple, want)
		}
	}
}

// TestMACPairs: packets without an IP header belong together by their link-layer
// addresses, second layer and application, however long they are silent; those of ICMP only
// where that is asked for.
func TestMACPairs(t *testing.T) {
	var now int64
	packet := func(src, dst byte, names ...flow.LayerName) flow.Packet {
		now += int64(24 * time.Hour)
		p := flow.Packet{Time: now, SrcMAC: flow.MAC{5: src}, DstMAC: flow.MAC{5: dst}, Layers: named(names...)}
		if p.Layers.Has(flow.LayerICMP) { // through routers 1 and 2, between hosts that are as many as packets
			p.Tuple = flow.FiveTuple{Proto: flow.ICMP, Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(now / int64(24*time.Hour)), 1}), 0), Dst: client}
		}
		flow.Identify(&p)
		return p
	}
	packets := []flow.Packet{
		packet(1, 2, flow.LayerEther, flow.LayerARP),
		packet(2, 1, flow.LayerEther, flow.LayerARP),
		packet(1, 1, flow.LayerEther, flow.LayerRaw),
		packet(1, 2, flow.LayerDot3, flow.LayerLLC, flow.LayerRaw),
		packet(3, 1, flow.LayerEther, flow.LayerARP),
		packet(1, 2, flow.LayerEther, flow.LayerARP),
		packet(1, 2, flow.LayerDot3, flow.LayerLLC, flow.LayerSNAP, flow.LayerRaw),
		packet(1, 2, flow.LayerEther, flow.LayerIP, flow.LayerICMP),
		packet(2, 1, flow.LayerEther, flow.LayerIP, flow.LayerICMP),
		packet(1, 2, flow.LayerEther, flow.LayerDot1Q, flow.LayerARP), // of another network
		packet(1, 1, flow.LayerEther, flow.LayerRaw),
	}
	for _, test := range []struct {
		assembler flow.Assembler
		want      []int64
	}{
		{flow.Assembler{}, []int64{0, 0, 1, 2, 3, 0, 4, 5, 6, 7, 1}},
		{flow.Assembler{IdleTimeout: time.Second}, []int64{0, 0, 1, 2, 3, 0, 4, 5, 6, 7, 1}},
		{flow.Assembler{ByMAC: true}, []int64{0, 0, 1, 2, 3, 0, 4, 5, 5, 6, 1}},
	} {
		var ids []int64
		for p := range test.assembler.Label(stream(packets)) {
			ids = append(ids, p.FlowID)
		}
		if !slices.Equal(ids, test.want) {
			t.Errorf("%+v: flows %v, want %v", test.assembler, ids, test.want)
		}
	}
}

// TestCaptures: no flow spans two captures, in whatever order their packets come.
func TestCaptures(t *testing.T) {
	packets := script(t, "0 > S 1", "1 < SA", "2 > S 1", "3 < SA", "4 > A", "5 > A", "6 > PA", "7 > PA")
	for i, capture := range []string{"", "", "b", "b", "", "b", "c", ""} {
		packets[i].Capture = capture
	}
	var ids []int64
	for p := range new(flow.Assembler).Label(stream(packets)) {
		ids = append(ids, p.FlowID)
	}
	if want := []int64{0, 0, 1, 1, 0, 1, 2, 0}; !slices.Equal(ids, want) {
		t.Errorf("flows %v, want %v", ids, want)
	}
}

// random makes packets of few hosts and ports, so that much is re-used.
func random(src rand.Source, n int) []flow.Packet {
	r := rand.New(src)
	var packets []flow.Packet
	var now int64
	for i := range n {
		if r.IntN(500) == 0 {
			now += int64(r.IntN(400)) * 1e9
		}
		now += int64(r.IntN(2e8))
		p := flow.Packet{Number: int64(i), Time: now, Length: int32(60 + r.IntN(1454)), HeaderLength: 54, Seq: r.Uint32N(3)}
		p.PayloadLength = p.Length - 54
		end := func() netip.AddrPort {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(3))}), uint16(78+r.IntN(4)))
		}
		p.Tuple = flow.FiveTuple{Proto: []uint8{flow.TCP, flow.UDP}[r.IntN(2)], Src: end(), Dst: end()}
		if p.Tuple.Proto == flow.TCP {
			p.Flags = []flow.TCPFlags{flow.SYN, flow.SYN | flow.ACK, flow.ACK, flow.ACK, flow.ACK, flow.FIN | flow.ACK, flow.RST}[r.IntN(7)]
		}
		flow.Identify(&p)
		packets = append(packets, p)
	}
	return packets
}

// TestLaws: each packet is in one flow, Label and Flows agree, a flow holds one
// conversation in time order, and merging the flows gives the packets back.
func TestLaws(t *testing.T) {
	packets := random(rand.NewPCG(1, 2), 20000)
	a := flow.Assembler{IdleTimeout: 20 * time.Second}
	var labelled []flow.Packet
	for p, err := range a.Label(stream(packets)) {
		if err != nil {
			t.Fatal(err)
		}
		labelled = append(labelled, p)
	}
	flows, damaged, err := flow.Collect(a.Flows(stream(packets)))
	if err != nil || damaged != nil {
		t.Fatal(damaged, err)
	}
	for i, f := range flows {
		if i > 0 && (f.Start() < flows[i-1].Start()) {
			t.Fatalf("flow %d starts before the one before it", f.ID)
		}
		for j, p := range f.Packets {
			if p.Number > 0 && j > 0 && p.Number <= f.Packets[j-1].Number {
				t.Fatalf("flow %d: packet %d behind %d", f.ID, p.Number, f.Packets[j-1].Number)
			}
			want := f.Tuple
			if p.Direction == flow.Backward {
				want = want.Reverse()
			}
			if p.FlowID != f.ID || p.Tuple != want {
				t.Fatalf("flow %d: packet %d is of flow %d, %v %v, want %v", f.ID, p.Number, p.FlowID, p.Direction, p.Tuple, want)
			}
			if l := labelled[p.Number]; l.FlowID != p.FlowID || l.Direction != p.Direction {
				t.Fatalf("packet %d: Label gives flow %d, Flows %d", p.Number, l.FlowID, p.FlowID)
			}
			if j > 0 && time.Duration(p.Time-f.Packets[j-1].Time) > a.IdleTimeout {
				t.Fatalf("flow %d: silent for longer than the time-out", f.ID)
			}
		}
	}
	var merged []flow.Packet
	for p := range flow.Packets(flows) {
		merged = append(merged, p)
	}
	if len(merged) != len(packets) {
		t.Fatalf("%d of %d packets come back", len(merged), len(packets))
	}
	for i := range merged {
		if merged[i].Time != packets[i].Time {
			t.Fatalf("packet %d of the merge has time %d, want %d", i, merged[i].Time, packets[i].Time)
		}
	}
}

// TestTable: the bounded table has the rows that gathered flows give.
func TestTable(t *testing.T) {
	packets := random(rand.NewPCG(3, 4), 20000)
	for _, a := range []flow.Assembler{{}, {IdleTimeout: 5 * time.Second}, {MaxOpen: 7}} {
		flows, _, err := flow.Collect(a.Flows(stream(packets)))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(flows, func(a, b *flow.Flow) int { return int(a.ID - b.ID) })
		want := map[int64]flow.TableRow{}
		for row := range flow.Rows(all(flows)) {
			want[row.ID] = row
		}
		var next int64
		for row, err := range a.Table(stream(packets)) {
			if err != nil {
				t.Fatal(err)
			}
			if row.ID != next {
				t.Fatalf("%+v: row of flow %d, want %d", a, row.ID, next)
			}
			if a.MaxOpen == 0 && fmt.Sprint(row) != fmt.Sprint(want[row.ID]) { // Sprint: NaN is NaN
				t.Fatalf("%+v: row %v, want %v", a, row, want[row.ID])
			}
			next++
		}
		if a.MaxOpen == 0 && int(next) != len(flows) || next == 0 {
			t.Errorf("%+v: %d rows of %d flows", a, next, len(flows))
		}
	}
}

type damage int64

func (d damage) Error() string       { return fmt.Sprintf("record %d is damaged", int64(d)) }
func (d damage) RecordNumber() int64 { return int64(d) }

// TestErrors: damage passes, an error that ends the stream comes last.
func TestErrors(t *testing.T) {
	end := errors.New("the file is cut")
	packets := script(t, "0 > S 1", "1 < SA", "2 > A")
	for _, row := range []struct {
		name    string
		errs    []error // at the positions behind each packet
		flows   int
		damaged int
		want    error
	}{
		{"none", nil, 1, 0, nil},
		{"damage", []error{damage(0), damage(1)}, 1, 2, nil},
		{"damage last", []error{nil, nil, damage(3)}, 1, 1, nil},
		{"cut", []error{nil, nil, end}, 1, 0, end},
		{"damage, then cut", []error{damage(0), nil, end}, 1, 1, end},
		{"an error without a record that does not end the stream", []error{end}, 1, 1, nil},
	} {
		source := func(yield func(flow.Packet, error) bool) {
			for i, p := range packets {
				if !yield(p, nil) || i < len(row.errs) && row.errs[i] != nil && !yield(flow.Packet{}, row.errs[i]) {
					return
				}
			}
		}
		flows, damaged, err := flow.Collect(new(flow.Assembler).Flows(source))
		if len(flows) != row.flows || len(damaged) != row.damaged || !errors.Is(err, row.want) {
			t.Errorf("%s: %d flows, damage %v, error %v", row.name, len(flows), damaged, err)
		}
		rows, errs := 0, 0
		var last error
		for _, err := range new(flow.Assembler).Table(source) {
			if last = err; err != nil {
				errs++
			} else {
				rows++
			}
		}
		if rows != row.flows || errs != row.damaged+btoi(row.want != nil) || row.want != nil && last != row.want {
			t.Errorf("%s: table of %d rows, %d errors, last %v", row.name, rows, errs, last)
		}
		for range new(flow.Assembler).Flows(source) {
			break // must not panic
		}
		for range new(flow.Assembler).Table(source) {
			break
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// An assembler that wants one application gives its flows, whole, and no others.
func TestOnly(t *testing.T) {
	packet := func(at int64, port uint16, app flow.Application) flow.Packet {
		return flow.Packet{Time: at, Application: app, Tuple: flow.FiveTuple{Proto: flow.UDP,
			Src: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port), Dst: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), 53)}}
	}
	packets := []flow.Packet{packet(1, 1000, flow.Unknown), packet(2, 2000, flow.DNS), packet(3, 1000, flow.SNMP), packet(4, 3000, flow.Unknown), packet(5, 2000, flow.Unknown), packet(6, 4000, flow.Unknown), packet(7, 4000, flow.DNS)}
	seq := func(yield func(flow.Packet, error) bool) {
		for _, p := range packets {
			if !yield(p, nil) {
				return
			}
		}
	}
	flows, _, err := flow.Collect((&flow.Assembler{Only: flow.Applications{flow.DNS}}).Flows(seq))
	if err != nil {
		t.Fatal(err)
	}
	if len(flows) != 2 || len(flows[0].Packets) != 2 || len(flows[1].Packets) != 2 || flows[0].Application != flow.DNS || flows[1].Packets[0].Application != flow.DNS {
		t.Errorf("%+v", flows)
	}
}

// Of a flow that shows no application for long, the packets before it does are not
// held.
func TestOnlyLate(t *testing.T) {
	for n, want := range map[int]int{1024: 1025, 1025: 2, 5000: 5000 - 4*1024 + 1} {
		seq := func(yield func(flow.Packet, error) bool) {
			for i := range n + 1 {
				p := flow.Packet{Time: int64(i), Tuple: flow.FiveTuple{Proto: flow.UDP, Src: client, Dst: server}}
				if i == n {
					p.Application = flow.SIP
				}
				if !yield(p, nil) {
					return
				}
			}
		}
		flows, _, err := flow.Collect((&flow.Assembler{Only: flow.Applications{flow.SIP}}).Flows(seq))
		if err != nil || len(flows) != 1 || len(flows[0].Packets) != want || flows[0].Packets[0].Direction != flow.Forward {
			t.Errorf("%d packets before the first that is recognised: %d flows, %v", n, len(flows), err)
		}
	}
}
