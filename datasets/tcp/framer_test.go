package tcp

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// writeFile frames flows into a capture file.
func writeFile(t testing.TB, f *Framer, flows []*flow.Flow) (string, int64) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "out.pcap")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcap.NewWriter(file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := writeCapture(w, f.Frames(flowtest.Sequence(flows)))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return name, n
}

func newTestFramer(t testing.TB, plan *address.Plan, opts Options) *Framer {
	t.Helper()
	f, err := NewFramer(plan, opts, rand.NewPCG(7, 8))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Flows that break every rule become a capture in which tshark and tcptrace
// find nothing wrong.
func TestUglyFlows(t *testing.T) {
	for _, c := range []struct {
		flows int
		opts  Options
	}{{1000, Options{}}, {5000, Options{Complete: true}}} {
		flows := flowtest.Ugly(c.flows, 3)
		for _, u := range flows {
			u.Application = flow.Unknown
		}
		f := newTestFramer(t, nil, c.opts)
		name, n := writeFile(t, f, flows)
		t.Logf("%d flows, %d frames, repairs %v", len(flows), n, f.Repairs())
		t.Run("tshark", func(t *testing.T) {
			if lines := capturetest.Expert(t, name); len(lines) < 10 {
				t.Errorf("tshark's expert information has %d lines, want openings and closings at least", len(lines))
			}
			capturetest.Tshark(t, name, capturetest.Expect{})
		})
		if c.opts.Complete {
			t.Run("tcptrace", func(t *testing.T) { capturetest.Tcptrace(t, name, capturetest.Expect{Complete: true}) })
		}
	}
}

// A long download without a word from the client stays within what tools follow.
func TestLongRun(t *testing.T) {
	f := flowtest.Plain(1, flowtest.Epoch, 14)
	end := f.Packets[6:]
	f.Packets = f.Packets[:6:6]
	at := f.Packets[5].Time
	add := func(p flow.Packet) {
		at += 1000
		p.Time, p.HeaderLength = at, 66
		f.Packets = append(f.Packets, p)
	}
	for range 12_000 {
		add(flow.Packet{Direction: flow.Backward, Flags: flow.ACK, PayloadLength: 1448})
	}
	add(flow.Packet{Direction: flow.Backward, Flags: flow.ACK | flow.FIN})
	for _, p := range end[len(end)-2:] {
		add(p)
	}
	framer := newTestFramer(t, nil, Options{})
	name, n := writeFile(t, framer, []*flow.Flow{f})
	if n != int64(len(f.Packets))+2 || framer.Repairs()[repairNames[runRelieved]] != 2 {
		t.Errorf("%d frames of %d packets, repairs %v; want two ACKs put in", n, len(f.Packets), framer.Repairs())
	}
	capturetest.Tshark(t, name, capturetest.Expect{})
}

// What TCP allows goes through as it is.
func TestLegalFlowsAreKept(t *testing.T) {
	for _, opts := range []Options{{}, {Complete: true}} {
		f := newTestFramer(t, nil, opts)
		want := flowtest.Plain(3, flowtest.Epoch, 20)
		i := 0
		for frame, err := range f.Frames(flowtest.Sequence([]*flow.Flow{want})) {
			if err != nil {
				t.Fatal(err)
			}
			p, q := &frame.Packet, &want.Packets[i]
			if p.Time != q.Time || p.Flags != q.Flags || p.Direction != q.Direction || p.HeaderLength != q.HeaderLength || p.PayloadLength != q.PayloadLength {
				t.Errorf("packet %d is %+v, was %+v", i, p, q)
			}
			i++
		}
		if i != len(want.Packets) || len(f.Repairs()) != 0 {
			t.Errorf("%d packets of %d, repairs %v", i, len(want.Packets), f.Repairs())
		}
	}
}

// Headers that cannot be are changed to the nearest that can, and what was
// counted as payload for want of a header keeps the frame's length.
func TestHeaders(t *testing.T) {
	ack := func(header, payload int32) flow.Packet {
		return flow.Packet{Time: flowtest.Epoch, Flags: flow.ACK, HeaderLength: header, PayloadLength: payload}
	}
	for _, c := range []struct {
		name            string
		proto           uint8
		packet          flow.Packet
		header, payload int32
		repairs         int
	}{
		{"TCP", flow.TCP, ack(54, 100), 54, 100, 0},
		{"timestamps", flow.TCP, ack(66, 100), 66, 100, 0},
		{"not given", flow.TCP, ack(0, 100), 54, 100, 0},
		{"padding counted as header", flow.TCP, ack(57, 100), 54, 100, 1},
		{"selective acknowledgement", flow.TCP, ack(78, 0), 66, 0, 1},
		{"TCP header counted as payload", flow.TCP, ack(34, 120), 54, 100, 1},
		{"UDP", flow.UDP, flow.Packet{Time: flowtest.Epoch, HeaderLength: 42, PayloadLength: 30}, 42, 30, 0},
		{"UDP header counted as payload", flow.UDP, flow.Packet{Time: flowtest.Epoch, HeaderLength: 34, PayloadLength: 38}, 42, 30, 1},
		{"UDP header alone", flow.UDP, flow.Packet{Time: flowtest.Epoch, HeaderLength: 34, PayloadLength: 3}, 42, 0, 1},
	} {
		f := newTestFramer(t, nil, Options{})
		one := &flow.Flow{Tuple: flow.FiveTuple{Proto: c.proto}, Packets: []flow.Packet{c.packet}}
		for frame, err := range f.Frames(flowtest.Sequence([]*flow.Flow{one})) {
			if err != nil {
				t.Fatal(err)
			}
			p := &frame.Packet
			if p.HeaderLength != c.header || p.PayloadLength != c.payload || f.Repairs()[repairNames[headerChanged]] != c.repairs {
				t.Errorf("%s: header %d, payload %d, repairs %v; want %d, %d and %d", c.name, p.HeaderLength, p.PayloadLength, f.Repairs(), c.header, c.payload, c.repairs)
			}
		}
	}
}

func testSource() rand.Source { return rand.NewPCG(7, 8) }
