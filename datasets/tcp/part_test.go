package tcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// fewPortsPlan is a plan of three pairs, of which the clients have 1,024 ports each. All
// connections of a host have one clock.
func fewPortsPlan(samePort float64) *address.Plan {
	plan := address.Default()
	for i := range plan.Hosts {
		plan.Hosts[i].Clock = address.Clock{Rate: 1000, Scope: address.ClockOfHost}
	}
	plan.Services = []address.Service{{
		Application: flow.HTTP, Proto: flow.TCP, Port: 80, ClientLow: 40000, ClientHigh: 41023, SamePort: samePort,
		Pairs: []address.Pair{{Client: 0, Server: 32, Flows: 70}, {Client: 1, Server: 32, Flows: 20}, {Client: 2, Server: 33, Flows: 10}},
	}}
	return plan
}

// parted frames flows in parts of so many, and merges the parts.
func parted(t *testing.T, plan *address.Plan, parts int, flows []*flow.Flow) iter.Seq2[Frame, error] {
	t.Helper()
	var spans []Span
	silent := int64(0)
	for k := range parts {
		part := flows[k*len(flows)/parts : (k+1)*len(flows)/parts]
		f := newTestFramer(t, plan, Options{})
		f.Part(address.Part{Index: uint32(k), Count: uint32(parts), Silent: silent, Seed: 9}, rand.NewPCG(10, uint64(k)))
		spans = append(spans, Span{From: part[0].Start(), Frames: f.Frames(flowtest.Sequence(part))})
		for _, f := range part {
			silent = max(silent, f.Packets[len(f.Packets)-1].Time)
		}
	}
	return Merge(spans)
}

// Parts are one capture together: its frames keep all laws, no five-tuple is in two parts,
// and the hosts are those of one Framer, each with one clock, those that are added where
// ports are used up, too.
func TestPartsAreOneCapture(t *testing.T) {
	const flows = 6000
	all := slices.Collect(func(yield func(*flow.Flow) bool) {
		for f := range flowtest.PlainStream(flows * 14) {
			if !yield(f) {
				return
			}
		}
	})
	hosts := func(frames iter.Seq2[Frame, error]) (clients map[netip.Addr]int, offsets map[netip.Addr]uint32) {
		clients, offsets = map[netip.Addr]int{}, map[netip.Addr]uint32{}
		laws := newWireLaws(t)
		n := 0
		for frame, err := range frames {
			if err != nil {
				t.Fatal(err)
			}
			n++
			laws.check(frame)
			p := &frame.Packet
			if p.Direction == flow.Forward && p.Flags == flow.SYN {
				clients[p.Tuple.Src.Addr()]++
			}
			if at := bytes.Index(frame.Bytes[54:p.HeaderLength], []byte{8, 10}); at >= 0 {
				offset := binary.BigEndian.Uint32(frame.Bytes[54+at+2:]) - uint32(p.Time/1e6)
				if before, known := offsets[p.Tuple.Src.Addr()]; known && before != offset {
					t.Fatalf("the clock of %v is set from %d to %d", p.Tuple.Src.Addr(), before, offset)
				}
				offsets[p.Tuple.Src.Addr()] = offset
			}
		}
		if len(laws.tuples) != flows {
			t.Errorf("%d five-tuples of %d flows", len(laws.tuples), flows)
		}
		return clients, offsets
	}
	plan := fewPortsPlan(0)
	whole, clock := hosts(newTestFramer(t, plan, Options{}).Frames(flowtest.Sequence(all)))
	for _, parts := range []int{1, 2, 7} {
		clients, offsets := hosts(parted(t, plan, parts, all))
		if len(clients) < len(whole) || len(clients) > len(whole)+2*parts {
			t.Errorf("%d parts have %d clients, the whole has %d", parts, len(clients), len(whole))
		}
		for i := range 3 {
			host := plan.Hosts[i].Address
			if a, b := clients[host], whole[host]; a < b*8/10 || a > b*12/10 {
				t.Errorf("%d parts: %v has %d flows, of the whole %d", parts, host, a, b)
			}
			if offsets[host] != clock[host] {
				t.Errorf("%d parts: %v has another clock", parts, host)
			}
		}
	}
}

// With TCP the first part alone has flows between equal ports, with UDP the others have
// them after a silence, and so none comes twice.
func TestPartsOfEqualPorts(t *testing.T) {
	for _, proto := range []uint8{flow.TCP, flow.UDP} {
		plan := fewPortsPlan(1)
		plan.Services[0].Proto = proto
		var flows []*flow.Flow
		const between = int64(20e9)
		for i := range int64(400) {
			f := flowtest.Plain(i, flowtest.Epoch+i*between, 14)
			f.Tuple.Proto = proto
			if proto == flow.UDP {
				for j := range f.Packets {
					f.Packets[j].Flags, f.Packets[j].Tuple.Proto, f.Packets[j].HeaderLength, f.Packets[j].PayloadLength = 0, proto, 42, 20
				}
			}
			flows = append(flows, f)
		}
		ended, equal := map[flow.FiveTuple]int64{}, map[int64]bool{}
		for frame, err := range parted(t, plan, 4, flows) {
			if err != nil {
				t.Fatal(err)
			}
			p := &frame.Packet
			if p.Tuple.Src.Port() != 80 || p.Tuple.Dst.Port() != 80 || p.Direction != flow.Forward {
				continue
			}
			if before, known := ended[p.Tuple]; !equal[p.FlowID] && known && (proto == flow.TCP || p.Time-before <= 360e9) {
				t.Fatalf("protocol %d: flow %d has the five-tuple of another, %d s before", proto, p.FlowID, (p.Time-before)/1e9)
			}
			equal[p.FlowID], ended[p.Tuple] = true, p.Time
		}
		if later := len(equal); proto == flow.TCP && later != 3 || proto == flow.UDP && later < 30 {
			t.Errorf("protocol %d: %d flows between equal ports", proto, later)
		}
	}
}

// Frames come in time order, those of one time in the order of their spans, errors at
// their place; a consumer that has enough ends all spans.
func TestMerge(t *testing.T) {
	failure := errors.New("damaged")
	begun, ended := 0, 0
	span := func(from int64, times ...int64) Span {
		return Span{From: from, Frames: func(yield func(Frame, error) bool) {
			begun++
			defer func() { ended++ }()
			for i, at := range times {
				if at < 0 {
					if !yield(Frame{}, failure) {
						return
					}
					continue
				}
				if !yield(Frame{Packet: flow.Packet{Time: at, FlowID: from*100 + int64(i)}}, nil) {
					return
				}
			}
		}}
	}
	spans := func() []Span {
		return []Span{span(1, 1, 4, 9, 30), span(4, 4, 5, -1, 12), span(6), span(10, 10, 12, 31), span(50, 50)}
	}
	var got []int64
	failed := 0
	for frame, err := range Merge(spans()) {
		if err != nil {
			failed++
			continue
		}
		if frame.Packet.Number != int64(len(got)) {
			t.Errorf("frame %d has the number %d", len(got), frame.Packet.Number)
		}
		got = append(got, frame.Packet.FlowID)
	}
	if want := []int64{100, 101, 400, 401, 102, 1000, 403, 1001, 103, 1002, 5000}; !slices.Equal(got, want) || failed != 1 {
		t.Errorf("frames %v and %d errors, want %v and 1", got, failed, want)
	}
	begun, ended = 0, 0
	for frame := range Merge(spans()) {
		if frame.Packet.Time == 5 {
			break
		}
	}
	if begun != 2 || ended != 2 {
		t.Errorf("at the fourth frame %d spans have begun and %d ended, want 2 of each", begun, ended)
	}
}
