package tcp

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
)

// downloads returns flows in which a server sends bursts, of which a client acknowledges
// every second segment.
func downloads(n int) (flows []*flow.Flow) {
	for id := range int64(n) {
		f := flowtest.Plain(id, flowtest.Epoch+id*1e6, 20)
		f.Application = []flow.Application{flow.HTTP, flow.TLS, flow.IRC, flow.Unknown}[id%4]
		f.Packets = f.Packets[:5]
		at := f.Packets[4].Time
		send := func(d flow.Direction, flags flow.TCPFlags, payload int32) {
			at += 1e6
			f.Packets = append(f.Packets, flow.Packet{Time: at, Direction: d, Flags: flags, HeaderLength: 66, PayloadLength: payload})
		}
		for range 4 {
			for range 10 {
				send(flow.Backward, flow.ACK, 1448)
			}
			send(flow.Backward, flow.PSH|flow.ACK, 400)
			at += 10e6
			for range 6 {
				send(flow.Forward, flow.ACK, 0)
			}
			send(flow.Forward, flow.PSH|flow.ACK, 120)
		}
		send(flow.Backward, flow.FIN|flow.ACK, 0)
		send(flow.Forward, flow.FIN|flow.ACK, 0)
		send(flow.Backward, flow.ACK, 0)
		flows = append(flows, f)
	}
	return flows
}

// everyLoss has all kinds of losses.
var everyLoss = address.Losses{TimedOut: 0.01, Fast: 0.01, Needless: 0.01, Duplicates: 4, Wait: [5]float64{0.01, 0.02, 0.05, 0.2, 0.3}, SYNs: 0.02}

// lossy returns the default plan with losses in each of its services.
func lossy(l address.Losses) *address.Plan {
	plan := address.Default()
	for i := range plan.Services {
		plan.Services[i].Losses = l
	}
	return plan
}

// lossLaws checks that what is sent twice is the same twice, that nobody acknowledges or
// selects what has not been sent, and that acknowledgements never go back.
type lossLaws struct {
	t                       *testing.T
	sides                   map[flow.FiveTuple]*lossSide
	data, copies, repeats   int
	selections, synsRepeats int
}

type lossSide struct {
	sent        map[uint32][]byte
	next        uint32
	ack         uint32
	window      uint16
	begun, ack1 bool
}

func (w *lossLaws) side(t flow.FiveTuple) *lossSide {
	if w.sides[t] == nil {
		w.sides[t] = &lossSide{sent: map[uint32][]byte{}}
	}
	return w.sides[t]
}

func (w *lossLaws) check(f Frame) {
	p := &f.Packet
	me, peer := w.side(p.Tuple), w.side(p.Tuple.Reverse())
	length := uint32(p.PayloadLength)
	if p.Flags&(flow.SYN|flow.FIN) != 0 {
		length++
	}
	switch {
	case !me.begun || p.Seq == me.next:
		if me.sent[p.Seq] = nil; length > 0 {
			me.sent[p.Seq] = bytes.Clone(p.Payload)
		}
		if me.next, me.begun = p.Seq+length, true; p.PayloadLength > 0 {
			w.data++
		}
	case p.Flags&flow.SYN != 0:
		w.synsRepeats++
	default:
		if said, ok := me.sent[p.Seq]; !ok || !bytes.Equal(said, p.Payload) || p.PayloadLength == 0 {
			w.t.Fatalf("frame %d: %d bytes at %d, which is neither next nor sent before", p.Number, p.PayloadLength, p.Seq)
		}
		w.copies++
	}
	if p.Flags&flow.ACK == 0 {
		return
	}
	if peer.begun && int32(p.Ack-peer.next) > 0 || me.ack1 && int32(p.Ack-me.ack) < 0 {
		w.t.Fatalf("frame %d: acknowledges %d after %d, sent is %d", p.Number, p.Ack, me.ack, peer.next)
	}
	if me.ack1 && length == 0 && p.Flags&flow.RST == 0 && p.Ack == me.ack && p.Window == me.window {
		w.repeats++
	}
	me.ack, me.ack1, me.window = p.Ack, p.Flags&flow.SYN == 0, p.Window
	w.selected(f, me, peer)
}

// selected checks the option of RFC 2018.
func (w *lossLaws) selected(f Frame, me, peer *lossSide) {
	tcp := gopacket.NewPacket(f.Bytes, layers.LayerTypeEthernet, gopacket.NoCopy).TransportLayer().(*layers.TCP)
	for _, o := range tcp.Options {
		if o.OptionType != layers.TCPOptionKindSACK {
			continue
		}
		w.selections++
		left, right := binary.BigEndian.Uint32(o.OptionData), binary.BigEndian.Uint32(o.OptionData[4:])
		_, twice := peer.sent[left]
		ahead := int32(left-me.ack) > 0 && int32(right-left) > 0 && int32(right-peer.next) <= 0
		again := twice && int32(right-me.ack) <= 0 && int32(right-left) > 0
		if len(o.OptionData) != 8 || !ahead && !again {
			w.t.Fatalf("frame %d: selects %d to %d, acknowledges %d, sent is %d", f.Packet.Number, left, right, me.ack, peer.next)
		}
	}
}

// TestLosses: as many segments as asked for are sent twice, byte by byte the same; the tools
// and package flow see each of them, and each duplicate acknowledgement.
func TestLosses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		plan   *address.Plan
		losses Losses
		want   float64 // proportion of data segments
	}{
		{"none", lossy(everyLoss), NoLosses, 0},
		{"learned", lossy(everyLoss), Learned, 0.03},
		{"nothing learned", lossy(address.Losses{}), Learned, 0},
		{"a proportion", lossy(everyLoss), 0.06, 0.06},
		{"a proportion, nothing learned", lossy(address.Losses{}), 0.06, 0.06},
		{"timed out", lossy(address.Losses{TimedOut: 0.02}), Learned, 0.02},
		{"fast", lossy(address.Losses{Fast: 0.02, Duplicates: 3}), Learned, 0.02},
		{"needless", lossy(address.Losses{Needless: 0.02}), Learned, 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			flows := downloads(200)
			framer := newTestFramer(t, c.plan, Options{Losses: c.losses})
			laws := lossLaws{t: t, sides: map[flow.FiveTuple]*lossSide{}}
			sent := make(map[int64]*flow.Flow)
			for frame, err := range framer.Frames(flowtest.Sequence(flows)) {
				if err != nil {
					t.Fatal(err)
				}
				laws.check(frame)
				id := frame.Packet.FlowID
				if sent[id] == nil {
					sent[id] = new(flow.Flow)
				}
				sent[id].Packets = append(sent[id].Packets, frame.Packet)
			}
			if got := float64(laws.copies) / float64(laws.data); got < c.want*0.8 || got > c.want*1.2 ||
				framer.Repairs()[repairNames[segmentRepeated]] != laws.copies+laws.synsRepeats {
				t.Errorf("%d of %d segments sent again, want a proportion of %g; repairs %v", laws.copies, laws.data, c.want, framer.Repairs())
			}
			seen := map[flow.Loss]int{}
			for id, f := range sent {
				for _, o := range f.Losses() {
					seen[o.Loss]++
				}
				if n := len(f.WithoutLosses().Packets); n != len(flows[id].Packets) && seen[flow.DuplicateACK] == 0 {
					t.Errorf("flow %d: %d packets without losses, %d were drawn", id, n, len(flows[id].Packets))
				}
			}
			if seen[flow.SentAgain]+seen[flow.SentInVain] != laws.copies || seen[flow.DuplicateACK] != laws.repeats || seen[flow.SYNAgain] != laws.synsRepeats {
				t.Errorf("found are %v, made %d copies, %d duplicates, %d SYNs", seen, laws.copies, laws.repeats, laws.synsRepeats)
			}
			t.Logf("%+v", seen)
			name, _ := writeFile(t, newTestFramer(t, c.plan, Options{Losses: c.losses}), flows)
			checkTshark(t, name, laws)
		})
	}
}

// checkTshark compares what tshark finds lost with what was made so.
func checkTshark(t *testing.T, name string, laws lossLaws) {
	tool, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: what it calls retransmissions is not counted")
	}
	fields := []string{"retransmission", "out_of_order", "duplicate_ack", "ack_lost_segment", "lost_segment", "window_full", "window_update"}
	args := []string{"-r", name, "-Y", "tcp.analysis.flags", "-T", "fields"}
	for _, f := range fields {
		args = append(args, "-e", "tcp.analysis."+f)
	}
	out, err := exec.Command(tool, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int)
	for line := range strings.Lines(string(out)) {
		for i, value := range strings.Split(strings.TrimSuffix(line, "\n"), "\t") {
			if value != "" {
				found[fields[i]]++
			}
		}
	}
	copies := found["retransmission"] + found["out_of_order"]
	delete(found, "retransmission")
	delete(found, "out_of_order")
	duplicates := found["duplicate_ack"]
	delete(found, "duplicate_ack")
	if copies != laws.copies+laws.synsRepeats || duplicates != laws.repeats || len(found) > 0 {
		t.Errorf("tshark finds %d copies, want %d; %d duplicate acknowledgements, want %d; and %v", copies, laws.copies+laws.synsRepeats, duplicates, laws.repeats, found)
	}
}

// TestLossesOfUglyFlows: losses keep to the laws where flows do not.
func TestLossesOfUglyFlows(t *testing.T) {
	t.Parallel()
	framer := newTestFramer(t, lossy(everyLoss), Options{Losses: MaxLosses, Complete: true})
	laws := lossLaws{t: t, sides: map[flow.FiveTuple]*lossSide{}}
	for frame, err := range framer.Frames(flowtest.Sequence(flowtest.Ugly(1500, 3))) {
		if err != nil {
			t.Fatal(err)
		}
		if frame.Packet.Tuple.Proto == flow.TCP {
			laws.check(frame)
		}
	}
	if laws.copies == 0 || laws.repeats == 0 {
		t.Errorf("%d copies and %d duplicates: too few to say anything", laws.copies, laws.repeats)
	}
}
