package tcp

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// spoken is an ARP request and its reply, or an echo of ICMP and its answer, between two
// hosts.
func spoken(id int64, arp bool, client, server netip.Addr) *flow.Flow {
	f := &flow.Flow{ID: id, Application: flow.Other}
	for i := range 2 {
		p := flow.Packet{Time: flowtest.Epoch + id*10e9 + int64(i)*1e6, FlowID: id, Length: 42, HeaderLength: 42, TTL: 60, Direction: flow.Direction(i)}
		src, dst := client, server
		if i == 1 {
			src, dst = dst, src
		}
		b := src.As4()
		p.SrcMAC = flow.MAC{0, 1, b[0], b[1], b[2], b[3]}
		if arp {
			p.TTL, p.Message = 0, flow.ARPMessage(uint16(i+1), src, dst, i == 0)
		} else {
			p.Tuple = flow.FiveTuple{Proto: flow.ICMP, Src: netip.AddrPortFrom(src, 0), Dst: netip.AddrPortFrom(dst, 0)}
			p.Message = &flow.Message{Kind: flow.MessageKind(8*(1-i)) << 8}
		}
		if f.Packets = append(f.Packets, p); i == 0 {
			f.Tuple = p.Tuple
		}
	}
	return f
}

// trainingMessages are flows without ports between a client and twenty hosts each.
func trainingMessages() (flows []*flow.Flow) {
	for i := range 40 {
		flows = append(flows, spoken(int64(i), i < 20, netip.AddrFrom4([4]byte{10, 0, 0, byte(100 + i%2)}), netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i%20)})))
	}
	return flows
}

// Flows without ports get the pairs of the training flows under other addresses: a reader finds
// as many conversations, each with its answers, and every frame is what the Framer says.
func TestMessages(t *testing.T) {
	training := trainingMessages()
	plan, err := address.Fit(training, address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var drawn []*flow.Flow
	for _, f := range training {
		g := &flow.Flow{ID: f.ID, Application: f.Application, Tuple: flow.FiveTuple{Proto: f.Tuple.Proto}}
		for _, p := range f.Packets {
			g.Packets = append(g.Packets, flow.Packet{Time: p.Time, FlowID: g.ID, Direction: p.Direction, HeaderLength: 42, Tuple: g.Tuple, Message: &flow.Message{Kind: p.Message.Kind}})
		}
		drawn = append(drawn, g)
	}
	known := make(map[flow.MAC]bool)
	for _, f := range training {
		for i := range f.Packets {
			known[f.Packets[i].SrcMAC] = true
		}
	}
	framer := newTestFramer(t, plan, Options{})
	macs := make(map[netip.Addr]flow.MAC)
	var read []flow.Packet
	for frame, err := range framer.Frames(flowtest.Sequence(drawn)) {
		if err != nil {
			t.Fatal(err)
		}
		p, err := pcap.Ethernet(frame.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		ends := p.Ends()
		if got := frame.Packet.Ends(); got != ends || p.Length != frame.Packet.Length || p.Application != frame.Packet.Application || p.Layers != frame.Packet.Layers {
			t.Fatalf("the framer says %+v, a reader %+v", frame.Packet, p)
		}
		if before, known := macs[ends.Src.Addr()]; known && before != p.SrcMAC {
			t.Errorf("%v has MACs %v and %v", ends.Src, before, p.SrcMAC)
		}
		macs[ends.Src.Addr()] = p.SrcMAC
		if b := ends.Src.Addr().As4(); b[0] == 10 || known[p.SrcMAC] {
			t.Errorf("%v and %v are of the training flows", ends.Src, p.SrcMAC)
		}
		p.Time, p.Payload = frame.Packet.Time, nil
		read = append(read, p)
	}
	flows, _, err := flow.Collect((&flow.Assembler{}).Flows(func(yield func(flow.Packet, error) bool) {
		for _, p := range read {
			if !yield(p, nil) {
				return
			}
		}
	}))
	if err != nil || len(flows) != len(training) {
		t.Errorf("a reader finds %d flows, error %v; want %d", len(flows), err, len(training))
	}
	for _, f := range flows {
		if len(f.Packets) != 2 || f.Packets[1].Direction != flow.Backward {
			t.Errorf("flow %d: %d packets: want a question and its answer", f.ID, len(f.Packets))
		}
	}
	if len(framer.Repairs()) > 0 {
		t.Errorf("repairs: %v", framer.Repairs())
	}
}

// A plan of IPv6 hosts alone has none for ARP: its flows are left out and counted, and echoes too.
func TestMessagesWithoutHosts(t *testing.T) {
	plan, err := address.Fit(trainingMessages(), address.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	framer := newTestFramer(t, plan, Options{Hosts: address.Options{IPv6: address.IPv6On}})
	for frame, err := range framer.Frames(flowtest.Sequence(trainingMessages())) {
		t.Fatalf("frame %v, error %v", frame.Packet, err)
	}
	if got, want := fmt.Sprint(framer.Repairs()), fmt.Sprint(map[string]int{repairNames[hostless]: 40}); got != want {
		t.Errorf("repairs %v, want %v", got, want)
	}
}
