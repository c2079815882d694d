package flow

import (
	"net/netip"
	"testing"
)

// The values of pip's communityid 1.5, of which the specification publishes most:
//
//	python -c 'import communityid; print(communityid.CommunityID().calc(communityid.FlowTuple(6, "128.232.110.120", "66.35.250.204", 34855, 80)))'
func TestCommunityID(t *testing.T) {
	for _, c := range []struct {
		proto    uint8
		src, dst string
		from, to uint16
		want     string
	}{
		{TCP, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{TCP, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{TCP, "::ffff:66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{UDP, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{132, "192.168.170.8", "192.168.170.56", 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
		{TCP, "10.0.0.1", "10.0.0.1", 80, 70, "1:fcklRZQFKvSQDhD2sakUOPmZRoQ="},
		{TCP, "10.0.0.1", "10.0.0.1", 70, 80, "1:fcklRZQFKvSQDhD2sakUOPmZRoQ="},
		{TCP, "2001:db8::1", "2001:db8::2", 40000, 443, "1:RYG3Msb11GthNt1OYXJouPzmrvA="},
		{ICMP, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		{ICMP, "192.168.0.1", "192.168.0.89", 0, 8, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		{ICMP, "192.168.0.89", "192.168.0.1", 20, 0, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI="},
		{ICMP, "192.168.0.1", "192.168.0.89", 20, 0, "1:xka8imJTHE0ZCHTDqMsnK5QKoh8="},
		{ICMP, "192.168.0.89", "192.168.0.1", 3, 3, "1:dPRpNwuTNOTQEtM23HPAdlCnrwc="},
		{ICMPv6, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
		{ICMPv6, "3ffe:501:1800:2345::2", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0, "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="},
		{ICMPv6, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 0, "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="},
		{47, "10.1.24.4", "10.1.12.1", 0, 0, "1:6JFBmF1p0LABA19nAHNSi9mGLPM="},
	} {
		tuple := FiveTuple{c.proto, netip.AddrPortFrom(netip.MustParseAddr(c.src), c.from), netip.AddrPortFrom(netip.MustParseAddr(c.dst), c.to)}
		if got := tuple.CommunityID(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if got := (FiveTuple{Proto: TCP}).CommunityID(); got != "" {
		t.Errorf("no addresses: %q", got)
	}
}
