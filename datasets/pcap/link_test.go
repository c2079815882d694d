package pcap_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// The headers of the test packets, as hexadecimal text.
const (
	ether  = "00005e005301 00005e005302 "
	ip4Hd  = "4500 0024 1234 0000 40 11 0000 c0000201 c0000202 " // a UDP packet of 36 bytes
	ip6Hd  = "60000000 0010 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002 "
	udpHd  = "9c40 0035 0010 0000 "
	body   = "0102030405060708"
	udp4   = ip4Hd + udpHd + body
	udp6   = ip6Hd + udpHd + body
	tcp4Hd = "4500 0034 1234 4000 40 06 0000 c0000201 c0000202 "
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	return mustHex(text)
}

func mustHex(text string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		panic(err) // a constant of these tests
	}
	return b
}

// decodeOne reads a capture of one frame, of which only captured bytes are kept
// (0: all).
func decodeOne(t testing.TB, link uint32, frame []byte, captured int) (flow.Packet, error) {
	t.Helper()
	if captured == 0 {
		captured = len(frame)
	}
	b := classic(binary.LittleEndian, micro, 4, link)
	b.u32(base, 0, uint32(captured), uint32(len(frame))).raw(frame[:captured]...)
	for p, err := range pcap.Packets(bytes.NewReader(b.data), "one") {
		return p, err
	}
	t.Fatal("no packet")
	return flow.Packet{}, nil
}

// summary writes what the rows below compare.
func summary(p *flow.Packet) string {
	var names []string
	for i := range p.Layers.Count() {
		names = append(names, fmt.Sprintf("%s %d", p.Layers[i].Name, p.Layers[i].Length))
	}
	s := fmt.Sprintf("%s | %d+%d %v", strings.Join(names, "/"), p.HeaderLength, p.PayloadLength, p.Application)
	if p.Tuple.Proto != 0 {
		s += fmt.Sprintf(" | %d %v %v", p.Tuple.Proto, p.Tuple.Src, p.Tuple.Dst)
	}
	if p.Fragment {
		s += " fragment"
	}
	return s
}

// The ends of the test packets in a summary.
const (
	ends4 = " | 17 192.0.2.1:40000 192.0.2.2:53"
	ends6 = " | 17 [2001:db8::1]:40000 [2001:db8::2]:53"
)

var linkRows = []struct {
	name  string
	link  uint32
	frame string
	want  string
}{
	{"Ethernet", 1, ether + "0800" + udp4, "Ether 50/IP 36/UDP 16/DNS 8 | 42+8 DNS" + ends4},
	{"Ethernet, padded", 1, ether + "0800" + udp4 + "00000000000000000000", "Ether 60/IP 46/UDP 26/DNS 18/Padding 10 | 42+8 DNS" + ends4},
	{"Ethernet, IPv6", 1, ether + "86dd" + udp6, "Ether 70/IPv6 56/UDP 16/DNS 8 | 62+8 DNS" + ends6},
	{"VLAN", 1, ether + "8100 0064 0800" + udp4, "Ether 54/Dot1Q 40/IP 36/UDP 16/DNS 8 | 46+8 DNS" + ends4},
	{"QinQ", 1, ether + "88a8 0064 8100 0065 86dd" + udp6, "Ether 78/Dot1AD 64/Dot1Q 60/IPv6 56/UDP 16/DNS 8 | 70+8 DNS" + ends6},
	{"QinQ, old", 1, ether + "9100 0064 8100 0065 0800" + udp4, "Ether 58/Dot1Q 44/Dot1Q 40/IP 36/UDP 16/DNS 8 | 50+8 DNS" + ends4},
	{"VLAN, then a length", 1, ether + "8100 0064 0004 4242 0300", "Ether 22/Dot1Q 8/LLC 4/Raw 1 | 21+1 LLC"},
	{"PPPoE", 1, ether + "8864 1100 0001 0026 0021" + udp4, "Ether 58/PPPoE 44/PPP 38/IP 36/UDP 16/DNS 8 | 50+8 DNS" + ends4},
	{"PPPoE, padded", 1, ether + "8864 1100 0001 0026 0021" + udp4 + "0000", "Ether 60/PPPoE 46/PPP 40/IP 38/UDP 18/DNS 10 | 50+8 DNS" + ends4},
	{"PPPoE, control protocol", 1, ether + "8864 1100 0001 0006 c021 01020004", "Ether 26/PPPoE 12/PPP 6/Raw 4 | 22+4 nan"},
	{"PPPoE discovery", 1, ether + "8863 1109 0000 0004 0101 0000", "Ether 24/PPPoED 10/Raw 4 | 20+4 nan"},
	{"ARP, padded", 1, ether + "0806 0001 0800 06 04 0001 00005e005302 c0000201 000000000000 c0000202 000000000000", "Ether 48/ARP 34/Padding 6 | 42+0 ARP"},
	{"LLC", 1, ether + "0008 4242 03 0102030405", "Dot3 22/LLC 8/Raw 5 | 17+5 LLC"},
	{"LLC, padded", 1, ether + "0006 4242 03 010203 0000", "Dot3 22/LLC 8/Raw 5/Padding 2 | 17+3 LLC"},
	{"SNAP", 1, ether + "000c aaaa03 00000c 2000 01020304", "Dot3 26/LLC 12/SNAP 9/Raw 4 | 22+4 SNAP"},
	{"SNAP, IP", 1, ether + "002c aaaa03 000000 0800" + udp4, "Dot3 58/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 50+8 DNS" + ends4},
	{"loopback", 1, ether + "9000 0000 0100", "Ether 18/Raw 4 | 14+4 LOOP"},
	{"cooked", 113, "0004 0001 0006 00005e005302 0000 0800" + udp4, "CookedLinux 52/IP 36/UDP 16/DNS 8 | 44+8 DNS" + ends4},
	{"cooked, LLC", 113, "0004 0001 0006 00005e005302 0000 0004 424203 01", "CookedLinux 20/LLC 4/Raw 1 | 19+1 LLC"},
	{"cooked, netlink", 113, "0004 0338 0000 0000000000000000 0800" + udp4, "CookedLinux 52/Raw 36 | 16+36 nan"},
	{"cooked v2", 276, "86dd 0000 00000002 0001 00 06 00005e005302 0000" + udp6, "CookedLinuxV2 76/IPv6 56/UDP 16/DNS 8 | 68+8 DNS" + ends6},
	{"raw", 101, udp4, "IP 36/UDP 16/DNS 8 | 28+8 DNS" + ends4},
	{"raw, IPv6", 101, udp6, "IPv6 56/UDP 16/DNS 8 | 48+8 DNS" + ends6},
	{"raw 12", 12, udp4, "IP 36/UDP 16/DNS 8 | 28+8 DNS" + ends4},
	{"raw 14", 14, udp6, "IPv6 56/UDP 16/DNS 8 | 48+8 DNS" + ends6},
	{"raw IPv4", 228, udp4, "IP 36/UDP 16/DNS 8 | 28+8 DNS" + ends4},
	{"raw IPv6", 229, udp6, "IPv6 56/UDP 16/DNS 8 | 48+8 DNS" + ends6},
	{"null, little endian", 0, "02000000" + udp4, "Loopback 40/IP 36/UDP 16/DNS 8 | 32+8 DNS" + ends4},
	{"null, big endian, IPv6 of macOS", 0, "0000001e" + udp6, "Loopback 60/IPv6 56/UDP 16/DNS 8 | 52+8 DNS" + ends6},
	{"null, another family", 0, "07000000 0102", "Loopback 6/Raw 2 | 4+2 nan"},
	{"OpenBSD loopback", 108, "00000002" + udp4, "Loopback 40/IP 36/UDP 16/DNS 8 | 32+8 DNS" + ends4},
	{"PPP", 9, "ff03 0021" + udp4, "PPP 40/IP 36/UDP 16/DNS 8 | 32+8 DNS" + ends4},
	{"PPP, compressed", 9, "57" + udp6, "PPP 57/IPv6 56/UDP 16/DNS 8 | 49+8 DNS" + ends6},
	{"PPP in HDLC", 50, "ff03 0057" + udp6, "PPP 60/IPv6 56/UDP 16/DNS 8 | 52+8 DNS" + ends6},
	{"PPPoE without Ethernet", 51, "1100 0001 0026 0021" + udp4, "PPPoE 44/PPP 38/IP 36/UDP 16/DNS 8 | 36+8 DNS" + ends4},
	{"LoRaTap, downlink", 270, "00 00 000f 33be27a0 01 07 8b8b8b 28 34 60010203040000000101020304", "LoRaTap 28/PHYPayload 13 | 15+13 LORAWAN"},
}

// TestLinks decodes a packet behind each link layer.
func TestLinks(t *testing.T) {
	for _, row := range linkRows {
		frame := unhex(t, row.frame)
		p, err := decodeOne(t, row.link, frame, 0)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := summary(&p); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
		if got := int32(len(p.Payload)); got != p.PayloadLength {
			t.Errorf("%s: %d bytes of payload, want %d", row.name, got, p.PayloadLength)
		}
		cutEverywhere(t, row.name, row.link, frame)
	}
}

// cutEverywhere captures ever less of a frame: a snap length is never damage, and
// what can still be seen does not change.
func cutEverywhere(t *testing.T, name string, link uint32, frame []byte) {
	t.Helper()
	whole, _ := decodeOne(t, link, frame, 0)
	for n := 1; n < len(frame); n++ {
		p, err := decodeOne(t, link, frame, n)
		if err != nil {
			t.Fatalf("%s, %d of %d bytes captured: %v", name, n, len(frame), err)
		}
		if p.Length != whole.Length || int(p.Captured) != n {
			t.Fatalf("%s, %d bytes captured: %+v", name, n, p)
		}
		if n >= int(whole.HeaderLength) && (p.HeaderLength != whole.HeaderLength || p.PayloadLength != whole.PayloadLength || p.Tuple != whole.Tuple) {
			t.Fatalf("%s, %d bytes captured: %s, whole: %s", name, n, summary(&p), summary(&whole))
		}
		short := append([]byte(nil), frame[:n]...) // the same as the whole frame: may be damage, must not panic
		if p, err := decodeOne(t, link, short, 0); err != nil && !errors.As(err, new(*pcap.DecodeError)) {
			t.Fatalf("%s, frame of %d bytes: %v %v", name, n, p, err)
		}
	}
}

// The same ends without ports.
const hosts4, hosts6 = "192.0.2.1:0 192.0.2.2:0", "[2001:db8::1]:0 [2001:db8::2]:0"

// six is an IPv6 header of a next header and a payload length, four an IPv4
// header of a total length, fragment field and protocol.
func six(next, total string) string { return strings.Replace(ip6Hd, "0010 11", total+" "+next, 1) }

func four(total, fragment, proto string) string {
	return "4500 " + total + " 1234 " + fragment + " 40 " + proto + " 0000 c0000201 c0000202 "
}

var headerRows = []struct {
	name, frame, want string
	damaged           bool
}{
	{"IP options", "4600 0028 1234 0000 40 11 0000 c0000201 c0000202 01010101" + udpHd + body,
		"IP 40/UDP 16/DNS 8 | 32+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53", false},
	{"first fragment", four("0024", "2000", "11") + "9c40 0035 0100 0000" + body, "IP 36/UDP 16/DNS 8 | 28+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53 fragment", false},
	{"later fragment", four("0024", "0010", "11") + udpHd + body, "IP 36/Raw 16 | 20+16 nan | 17 " + hosts4 + " fragment", false},
	{"first fragment too small for TCP", four("001c", "2000", "06") + "9c40 0050 00000001", "IP 28/TCP 8 | 28+0 HTTP | 6 192.0.2.1:40000 192.0.2.2:80 fragment", false},
	{"total length 0 (offload)", four("0000", "0000", "11") + udpHd + body, "IP 36/UDP 16/DNS 8 | 28+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53", false},
	{"total length beyond the frame", four("ffff", "0000", "11") + udpHd + body, "IP 36/UDP 16/DNS 8 | 28+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53", false},
	{"total length less than the header", four("0010", "0000", "11") + udpHd + body, "IP 36 | 20+16 nan | 17 " + hosts4, true},
	{"no payload", four("0014", "0000", "11"), "IP 20 | 20+0 nan | 17 " + hosts4, false},
	{"header length 16", strings.Replace(udp4, "4500", "4400", 1), "IP 36 | 0+36 nan", true},
	{"IGMP", four("001c", "0000", "02") + "1600 0000 e0000001", "IP 28/Raw 8 | 20+8 nan | 2 " + hosts4, false},
	{"UDP length 4", four("0024", "0000", "11") + "9c40 0035 0004 0000" + body, "IP 36/UDP 16/DNS 8 | 28+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53", true},
	{"UDP length 0 (jumbogram)", four("0024", "0000", "11") + "9c40 0035 0000 0000" + body, "IP 36/UDP 16/DNS 8 | 28+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53", false},
	{"UDP shorter than IP", four("0024", "0000", "11") + "9c40 0035 000c 0000" + body, "IP 36/UDP 16/DNS 8/Padding 4 | 28+4 DNS | 17 192.0.2.1:40000 192.0.2.2:53", false},
	{"data offset 16", four("0028", "0000", "06") + "9c40 0050 00000001 00000000 4010 ffff 0000 0000", "IP 40/TCP 20 | 40+0 HTTP | 6 192.0.2.1:40000 192.0.2.2:80", true},
	{"data offset beyond the segment", four("0028", "0000", "06") + "9c40 0050 00000001 00000000 f010 ffff 0000 0000", "IP 40/TCP 20 | 40+0 HTTP | 6 192.0.2.1:40000 192.0.2.2:80", true},
	{"echo", four("0020", "0000", "01") + "0800 0000 0001 0001 01020304", "IP 32/ICMP 12/Raw 4 | 28+4 ICMP | 1 " + hosts4, false},
	{"ICMP error", four("0040", "0000", "01") + "0303 0000 00000000" + udp4, "IP 64/ICMP 44/IPerror 36/UDPerror 16/DNS 8 | 28+36 ICMP | 1 " + hosts4, false},
	{"ICMP error about TCP", four("0038", "0000", "01") + "0b00 0000 00000000" + tcp4Hd + "9c40005000000001", "IP 56/ICMP 36/IPerror 28/TCPerror 8 | 28+28 ICMP | 1 " + hosts4, false},
	{"ICMP error about nothing", four("0020", "0000", "01") + "0b00 0000 00000000 01020304", "IP 32/ICMP 12/Raw 4 | 28+4 ICMP | 1 " + hosts4, false},
	{"short ICMP", four("0018", "0000", "01") + "0800 0000", "IP 24/ICMP 4 | 24+0 ICMP | 1 " + hosts4, true},
	{"hop by hop", six("00", "0018") + "1100 010400000000" + udpHd + body, "IPv6 64/IPv6ExtHdrHopByHop 24/UDP 16/DNS 8 | 56+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53", false},
	{"three extensions", six("00", "0028") + "2b00 010400000000 3c00 0000 00000000 1100 010400000000" + udpHd + body,
		"IPv6 80/IPv6ExtHdrHopByHop 40/IPv6ExtHdrRouting 32/IPv6ExtHdrDestOpt 24/UDP 16/DNS 8 | 72+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53", false},
	{"authentication", six("33", "0020") + "1102 0000 00000001 00000002 00000003" + udpHd + body,
		"IPv6 72/AH 32/UDP 16/DNS 8 | 64+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53", false},
	{"first IPv6 fragment", six("2c", "0018") + "1100 0001 00000007" + udpHd + body,
		"IPv6 64/IPv6ExtHdrFragment 24/UDP 16/DNS 8 | 56+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53 fragment", false},
	{"later IPv6 fragment", six("2c", "0018") + "1100 0010 00000007" + udpHd + body, "IPv6 64/IPv6ExtHdrFragment 24/Raw 16 | 48+16 nan | 17 " + hosts6 + " fragment", false},
	{"atomic fragment (RFC 6946)", six("2c", "0018") + "1100 0000 00000007" + udpHd + body,
		"IPv6 64/IPv6ExtHdrFragment 24/UDP 16/DNS 8 | 56+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53", false},
	{"extension beyond the packet", six("00", "0010") + "11ff 010400000000" + body, "IPv6 56/IPv6ExtHdrHopByHop 16 | 56+0 nan | 17 " + hosts6, true},
	{"no next header", six("3b", "0008") + body, "IPv6 48/Raw 8 | 40+8 nan | 59 " + hosts6, false},
	{"neighbour solicitation", six("3a", "0018") + "8700 0000 00000000 20010db8000000000000000000000002", "IPv6 64/ICMPv6 24/Raw 20 | 44+20 ICMP | 58 " + hosts6, false},
	{"ICMPv6 echo", six("3a", "000c") + "8000 0000 0001 0001 01020304", "IPv6 52/ICMPv6 12/Raw 4 | 48+4 ICMP | 58 " + hosts6, false},
	{"version 5", "5" + udp4[1:], "Raw 36 | 0+36 nan", true},
}

// TestHeaders decodes what IP headers can hold.
func TestHeaders(t *testing.T) {
	for _, row := range headerRows {
		frame := unhex(t, row.frame)
		p, err := decodeOne(t, 101, frame, 0)
		if (err != nil) != row.damaged {
			t.Errorf("%s: error %v", row.name, err)
		}
		if got := summary(&p); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
		if !row.damaged {
			cutEverywhere(t, row.name, 101, frame)
		}
	}
}

// TestTCPFields: a SYN with options.
func TestTCPFields(t *testing.T) {
	options := "0101 0204 05b4 0402 01 030307" // no operation twice, MSS 1460, SACK permitted, no operation, window scale
	frame := unhex(t, ether+"0800"+tcp4Hd+"9c40 0050 01020304 05060708 8012 fffe 0000 0000"+options)
	p, err := decodeOne(t, 1, frame, 0)
	if err != nil {
		t.Fatal(err)
	}
	if p.Flags != flow.SYN|flow.ACK || p.Seq != 0x01020304 || p.Ack != 0x05060708 || p.Window != 0xfffe || p.MSS != 1460 || p.TTL != 64 || p.HeaderLength != 66 {
		t.Errorf("%+v", p)
	}
	if p.SrcMAC != (flow.MAC{0, 0, 0x5e, 0, 0x53, 2}) || p.DstMAC != (flow.MAC{0, 0, 0x5e, 0, 0x53, 1}) {
		t.Errorf("addresses %x %x", p.SrcMAC, p.DstMAC)
	}
}

// TestCutOptions: an IPv4 header whose options the snap length has cut tells its
// own length, the addresses and the protocol, but no ports; the same bytes as the
// whole frame are damage.
func TestCutOptions(t *testing.T) {
	const header = "4600 0028 1234 0000 40 11 0000 c0000201 c0000202 01010101"
	whole := unhex(t, header+udpHd+body)
	for _, row := range []struct {
		captured int
		want     string
	}{
		{19, "Raw 19 | 0+40 nan"},
		{20, "IP 20 | 24+16 nan | 17 " + hosts4},
		{22, "IP 22 | 24+16 nan | 17 " + hosts4},
		{23, "IP 23 | 24+16 nan | 17 " + hosts4},
		{24, "IP 24/UDP 0 | 24+0 nan | 17 " + hosts4},
		{28, "IP 28/UDP 4 | 28+0 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
		{32, "IP 32/UDP 8 | 32+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	} {
		p, err := decodeOne(t, 101, whole, row.captured)
		if err != nil {
			t.Errorf("%d bytes captured: %v", row.captured, err)
		}
		if got := summary(&p); got != row.want || len(p.Payload) > 0 && row.captured > 19 {
			t.Errorf("%d bytes captured:\n got %s\nwant %s", row.captured, got, row.want)
		}
		if row.captured < 20 || row.captured >= 24 {
			continue
		}
		p, err = decodeOne(t, 101, whole[:row.captured], 0)
		want := fmt.Sprintf("IP %d | 20+%d nan | 17 %s", row.captured, row.captured-20, hosts4)
		if got := summary(&p); !errors.As(err, new(*pcap.DecodeError)) || got != want {
			t.Errorf("a frame of %d bytes: %s, %v, want %s", row.captured, got, err, want)
		}
	}
}
