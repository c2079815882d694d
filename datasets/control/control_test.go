package control_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/control"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// said is a message of a test's flow.
type said struct {
	kind    flow.MessageKind
	back    bool
	payload int32
}

// flowOf returns a flow without ports, its messages 10 ms apart. Kind none is a packet without
// a message.
func flowOf(proto uint8, at int64, messages ...said) *flow.Flow {
	f := &flow.Flow{Application: flow.Other, Tuple: flow.FiveTuple{Proto: proto}}
	for i, m := range messages {
		p := flow.Packet{Time: at + int64(i)*10e6, PayloadLength: m.payload, Tuple: f.Tuple}
		if m.kind != none {
			p.Message = &flow.Message{Kind: m.kind}
		}
		if m.back {
			p.Direction = flow.Backward
		}
		f.Packets = append(f.Packets, p)
	}
	return f
}

// none marks a packet that has no message.
const none = flow.MessageKind(0xffff)

func host(text string, mac byte) *address.HostState {
	return &address.HostState{Host: address.Host{Address: netip.MustParseAddr(text), MAC: flow.MAC{2, 0, 0, 0, 0, mac}, TTL: 64}}
}

// hosts4 and hosts6 are two hosts of a link, and the address of a third.
func hosts4() control.Ends {
	return control.Ends{Hosts: [2]*address.HostState{host("192.0.2.1", 1), host("192.0.2.2", 2)}, Third: netip.MustParseAddr("192.0.2.3")}
}

func hosts6() control.Ends {
	return control.Ends{Hosts: [2]*address.HostState{host("2001:db8::1", 1), host("2001:db8::2", 2)}, Third: netip.MustParseAddr("2001:db8::3")}
}

func alone(ends control.Ends) control.Ends {
	ends.Hosts[1] = ends.Hosts[0]
	return ends
}

// conversations are flows of every kind that is known.
func conversations() []struct {
	flow *flow.Flow
	ends control.Ends
} {
	type row = struct {
		flow *flow.Flow
		ends control.Ends
	}
	at := int64(1_700_000_000e9)
	next := func(proto uint8, messages ...said) *flow.Flow {
		at += 1e9
		return flowOf(proto, at, messages...)
	}
	return []row{
		{next(0, said{kind: flow.ARPRequest}, said{kind: flow.ARPReply, back: true}), hosts4()},
		{next(0, said{kind: flow.ARPRequest}, said{kind: flow.ARPRequest}, said{kind: flow.ARPReply, back: true}, said{kind: flow.ARPRefresh, back: true}, said{kind: flow.ARPReply}), hosts4()},
		{next(0, said{kind: flow.ARPProbe}, said{kind: flow.ARPProbe}, said{kind: flow.ARPAnnouncement}, said{kind: flow.ARPGratuitous}), alone(hosts4())},
		{next(flow.ICMP, said{kind: 8 << 8, payload: 56}, said{kind: 0, back: true, payload: 56}, said{kind: 8 << 8, payload: 56}, said{kind: 0, back: true, payload: 9}), hosts4()},
		{next(flow.ICMP, said{kind: 8 << 8, payload: 32}, said{kind: 8 << 8, payload: 1472}, said{kind: 0, back: true, payload: 1472}, said{kind: 0, back: true, payload: 32}), hosts4()},
		{next(flow.ICMP, said{kind: 13 << 8, payload: 12}, said{kind: 14 << 8, back: true, payload: 12}, said{kind: 17 << 8, payload: 4}, said{kind: 18 << 8, back: true, payload: 4}), hosts4()},
		{next(flow.ICMP, said{kind: 3<<8 | 3, payload: 28}, said{kind: 3<<8 | 1, payload: 60}, said{kind: 11 << 8, payload: 40}, said{kind: 3<<8 | 4, payload: 548}, said{kind: 5<<8 | 1, payload: 28}, said{kind: 12 << 8, payload: 28}), hosts4()},
		{next(flow.ICMP, said{kind: 9 << 8, payload: 8}), alone(hosts4())},
		{next(2, said{kind: 0x11 << 8, payload: 8}, said{kind: 0x16 << 8, payload: 8}, said{kind: 0x17 << 8, payload: 8}, said{kind: 0x22 << 8, payload: 16}, said{kind: 0x22 << 8, payload: 40}, said{kind: 0x11 << 8, payload: 12}), alone(hosts4())},
		{next(89, said{kind: none, payload: 44}, said{kind: none, payload: 48}), alone(hosts4())},
		{next(112, said{kind: none, payload: 20}), alone(hosts4())},
		{next(47, said{kind: none, payload: 100}), hosts4()},
		{next(50, said{kind: none, payload: 100}, said{kind: none, payload: 132}), hosts4()},
		{next(flow.ICMPv6, said{kind: 128 << 8, payload: 56}, said{kind: 129 << 8, back: true, payload: 56}), hosts6()},
		{next(flow.ICMPv6, said{kind: flow.NeighborSolicitation, payload: 28}, said{kind: flow.NeighborAdvertisement, back: true, payload: 28}, said{kind: flow.NeighborSolicitation, back: true, payload: 28}, said{kind: flow.NeighborAdvertisement, payload: 20}), hosts6()},
		{next(flow.ICMPv6, said{kind: flow.NeighborProbe, payload: 20}, said{kind: flow.NeighborProbe, payload: 28}, said{kind: flow.NeighborAnnouncement, payload: 28}), alone(hosts6())},
		{next(flow.ICMPv6, said{kind: 133 << 8, payload: 12}, said{kind: 134 << 8, payload: 60}, said{kind: 134 << 8, payload: 84}, said{kind: 134 << 8, payload: 20}, said{kind: 143 << 8, payload: 24}, said{kind: 143 << 8, payload: 64}, said{kind: 131 << 8, payload: 20}, said{kind: 132 << 8, payload: 20}, said{kind: 130 << 8, payload: 24}, said{kind: 130 << 8, payload: 20}), alone(hosts6())},
		{next(flow.ICMPv6, said{kind: 1<<8 | 4, payload: 48}, said{kind: 3 << 8, payload: 100}, said{kind: 2 << 8, payload: 1232}, said{kind: 137 << 8, payload: 36}), hosts6()},
		{next(89, said{kind: none, payload: 36}), alone(hosts6())},
		{next(132, said{kind: none, payload: 36}), hosts4()},
	}
}

// frames writes the conversations to a capture, and returns what a reader finds in it.
func frames(t *testing.T) (path string, packets []flow.Packet) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "control.pcap")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := pcap.NewWriter(file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 2000)
	for i, row := range conversations() {
		var c control.Conversation
		c.Start(row.flow, row.ends, 1500, rand.New(rand.NewPCG(1, uint64(i))), func(control.Repair) {})
		if c.Len() != len(row.flow.Packets) {
			t.Fatalf("conversation %d: %d messages for %d packets", i, c.Len(), len(row.flow.Packets))
		}
		for k := range c.Len() {
			frame := buffer[:c.Frame(buffer, k)]
			p, err := pcap.Ethernet(frame)
			if err != nil {
				t.Fatalf("conversation %d, message %d: %v: % x", i, k, err, frame)
			}
			p.Time = row.flow.Packets[k].Time
			if err := w.Write(p.Time, frame); err != nil {
				t.Fatal(err)
			}
			want := row.flow.Packets[k].Message
			if want != nil && (p.Message == nil || p.Message.Kind != want.Kind) {
				t.Errorf("conversation %d, message %d: a reader finds %+v, want kind %#x", i, k, p.Message, want.Kind)
			}
			p.Payload = nil
			packets = append(packets, p)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path, packets
}

// Every message is what a reader finds, and each conversation one flow of a reader.
func TestConversations(t *testing.T) {
	_, packets := frames(t)
	for i := range packets {
		p := &packets[i]
		if ends := p.Ends(); p.SrcMAC == (flow.MAC{}) || !ends.Src.IsValid() || !ends.Dst.IsValid() {
			t.Errorf("packet %d: from %v, %v", i, p.SrcMAC, ends)
		}
		if dst := p.Tuple.Dst.Addr(); dst.IsMulticast() != (p.DstMAC[0]&1 != 0) && p.Tuple.Proto != 0 {
			t.Errorf("packet %d: %v goes to MAC %v", i, dst, p.DstMAC)
		}
	}
}

// Other programs find nothing wrong: no malformed message, no checksum, no address twice, and
// for each echo its answer.
func TestTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	path, packets := frames(t)
	ask := func(args ...string) string {
		out, err := exec.Command(tshark, append([]string{"-n", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, filter := range []string{"_ws.malformed", "_ws.expert.severity >= 0x400000 && !(icmp.type == 11) && !(icmpv6.type == 3)", "arp.duplicate-address-detected", "icmp.checksum.status == 0",
		"icmpv6.checksum.status == 0", "igmp.checksum.status == 0", "ip.checksum.status == 0", "icmp.no_resp && icmp.seq != 1"} {
		if got := ask("-Y", filter, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Info", "-e", "_ws.expert.message"); got != "" {
			t.Errorf("%s:\n%s", filter, got)
		}
	}
	answers := 0
	for i := range packets {
		if m := packets[i].Message; m != nil && packets[i].Tuple.Proto == flow.ICMP && m.Kind == 0 {
			answers++
		}
	}
	if got := strings.Count(ask("-Y", "icmp.resp_to", "-T", "fields", "-e", "frame.number"), "\n"); got != answers {
		t.Errorf("tshark pairs %d of %d echoes", got, answers)
	}
}

// What cannot be is mended and said.
func TestRepairs(t *testing.T) {
	for _, tt := range []struct {
		name string
		flow *flow.Flow
		ends control.Ends
		want []control.Repair
	}{
		{"a reply to nothing", flowOf(0, 0, said{kind: flow.ARPReply}), hosts4(), []control.Repair{control.AnswerAsked}},
		{"an answer to oneself", flowOf(flow.ICMP, 0, said{kind: 8 << 8}, said{kind: 0}), hosts4(), []control.Repair{control.AnswerAsked}},
		{"an error without a quote", flowOf(flow.ICMP, 0, said{kind: 3 << 8}), hosts4(), []control.Repair{control.LengthChanged}},
		{"above the MTU", flowOf(flow.ICMP, 0, said{kind: 8 << 8, payload: 65000}), hosts4(), []control.Repair{control.LengthChanged}},
		{"a fragment", flowOf(flow.ICMP, 0, said{kind: none, payload: 100}), hosts4(), []control.Repair{control.MessageMade}},
		{"SCTP", flowOf(132, 0, said{kind: none, payload: 100}), hosts4(), []control.Repair{control.OtherProtocol}},
	} {
		var got []control.Repair
		var c control.Conversation
		c.Start(tt.flow, tt.ends, 1500, rand.New(rand.NewPCG(1, 1)), func(r control.Repair) { got = append(got, r) })
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: repairs %v, want %v", tt.name, got, tt.want)
		}
	}
}

// An ARP reply follows its request.
func ExampleConversation() {
	f := flowOf(0, 0, said{kind: flow.ARPRequest}, said{kind: flow.ARPReply, back: true})
	var c control.Conversation
	c.Start(f, hosts4(), 1500, rand.New(rand.NewPCG(1, 1)), func(control.Repair) {})
	frame := make([]byte, 1514)
	for i := range c.Len() {
		p, err := pcap.Ethernet(frame[:c.Frame(frame, i)])
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%x > %x: %v\n", p.SrcMAC, p.DstMAC, p.Message)
	}
	// Output:
	// 020000000001 > ffffffffffff: 0/1 192.0.2.1 > 192.0.2.2
	// 020000000002 > 020000000001: 0/2 192.0.2.2 > 192.0.2.1
}
