package flow_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

func TestMessageText(t *testing.T) {
	a, b, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		text string
		want *flow.Message
		err  bool
	}{
		{text: ""},
		{text: "0/0", want: &flow.Message{}},
		{text: "8/0", want: &flow.Message{Kind: 8 << 8}},
		{text: "3/13", want: &flow.Message{Kind: 3<<8 | 13}},
		{text: "135/0 > 2001:db8::1", want: &flow.Message{Kind: flow.NeighborSolicitation, Target: six}},
		{text: "0/1 192.0.2.1 > 192.0.2.2", want: flow.ARPMessage(1, a, b, true)},
		{text: "8", err: true},
		{text: "8/256", err: true},
		{text: "-1/0", err: true},
		{text: "0/1 192.0.2 > 192.0.2.2", err: true},
		{text: "0/1 192.0.2.1 > here", err: true},
	} {
		got, err := flow.ParseMessage(tt.text)
		if (err != nil) != tt.err {
			t.Errorf("%q: error %v", tt.text, err)
		}
		if err != nil {
			continue
		}
		if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want || got.String() != tt.text {
			t.Errorf("%q: got %+v", tt.text, got)
		}
	}
}

// A question and its answer are of one flow, whoever the question goes to.
func TestMessageEnds(t *testing.T) {
	addr := netip.MustParseAddr
	a, b := addr("192.0.2.1"), addr("192.0.2.2")
	six, other := addr("fe80::1"), addr("fe80::2")
	zero, zero6, group, all := addr("0.0.0.0"), addr("::"), addr("ff02::1:ff00:2"), addr("ff02::1")
	packet := func(proto uint8, src, dst netip.Addr, m *flow.Message) flow.Packet {
		return flow.Packet{Tuple: flow.FiveTuple{Proto: proto, Src: netip.AddrPortFrom(src, 0), Dst: netip.AddrPortFrom(dst, 0)}, Message: m}
	}
	arp := func(op uint16, sender, target netip.Addr, toAll bool) flow.Packet {
		return flow.Packet{Message: flow.ARPMessage(op, sender, target, toAll)}
	}
	for _, tt := range []struct {
		name     string
		packet   flow.Packet
		kind     flow.MessageKind
		src, dst netip.Addr
	}{
		{"request", arp(1, a, b, true), flow.ARPRequest, a, b},
		{"refresh", arp(1, a, b, false), flow.ARPRefresh, a, b},
		{"reply", arp(2, b, a, false), flow.ARPReply, b, a},
		{"probe", arp(1, zero, b, true), flow.ARPProbe, b, b},
		{"announcement", arp(1, b, b, true), flow.ARPAnnouncement, b, b},
		{"gratuitous reply", arp(2, b, b, true), flow.ARPGratuitous, b, b},
		{"solicitation", packet(flow.ICMPv6, six, group, &flow.Message{Kind: flow.NeighborSolicitation, Target: other}), flow.NeighborSolicitation, six, other},
		{"advertisement", packet(flow.ICMPv6, other, six, &flow.Message{Kind: flow.NeighborAdvertisement, Target: other}), flow.NeighborAdvertisement, other, six},
		{"probe of IPv6", packet(flow.ICMPv6, zero6, group, &flow.Message{Kind: flow.NeighborProbe, Target: other}), flow.NeighborProbe, other, other},
		{"announcement of IPv6", packet(flow.ICMPv6, other, all, &flow.Message{Kind: flow.NeighborAnnouncement, Target: other}), flow.NeighborAnnouncement, other, other},
		{"echo", packet(flow.ICMP, a, b, &flow.Message{Kind: 8 << 8}), 8 << 8, a, b},
		{"membership", packet(2, a, addr("224.0.0.22"), &flow.Message{Kind: 0x22 << 8}), 0x22 << 8, a, addr("224.0.0.22")},
	} {
		got := tt.packet.Ends()
		if got.Src.Addr() != tt.src || got.Dst.Addr() != tt.dst || tt.packet.Message.Kind != tt.kind {
			t.Errorf("%s: %v, kind %v; want %v to %v, kind %v", tt.name, got, tt.packet.Message.Kind, tt.src, tt.dst, tt.kind)
		}
	}
}

// What has no network addresses is learnt with nothing, and traffic without ports together.
func TestDivideMessages(t *testing.T) {
	var c flow.Census
	for _, n := range []struct {
		app   flow.Application
		proto uint8
		flows int64
	}{{flow.ARPApplication, 0, 5}, {flow.ICMPApplication, flow.ICMP, 6}, {flow.ICMPApplication, flow.ICMPv6, 7}, {flow.Other, 89, 1}, {flow.LLC, 0, 100}, {flow.Other, 0, 50}, {flow.HTTP, flow.TCP, 40}} {
		c.Count(n.app, n.proto, n.flows, n.flows)
	}
	parts, left := c.Divide(30, 10)
	want := []flow.Count{{Application: flow.HTTP, Flows: 40, Packets: 40}, {Application: flow.Other, Flows: 19, Packets: 19}}
	if !slices.Equal(parts, want) {
		t.Errorf("parts %v, want %v", parts, want)
	}
	for _, n := range left {
		if (n.Application != flow.LLC && n.Application != flow.Unknown) || !strings.Contains(n.LeftOut(10), "without network addresses") {
			t.Errorf("left out: %v, %s", n, n.LeftOut(10))
		}
	}
	if parts, left = c.Divide(30, 20); len(parts) != 1 || len(left) != 3 {
		t.Errorf("parts %v, left %v", parts, left)
	}
}
