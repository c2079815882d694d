package pcap_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// outerEther are the addresses of the frames that carry a tunnel.
const outerEther = "00005e005311 00005e005312 "

// outerIP returns an IPv4 header of a protocol in front of a payload.
func outerIP(proto int, payload string) string {
	n := 20 + len(mustHex(payload))
	return fmt.Sprintf("4500 %04x 0001 4000 40 %02x 0000 c6336401 c6336402 ", n, proto) + payload
}

// outerUDP returns a datagram to a port in an IPv4 packet.
func outerUDP(port int, payload string) string {
	n := 8 + len(mustHex(payload))
	return outerIP(17, fmt.Sprintf("c000 %04x %04x 0000 ", port, n)+payload)
}

// outerIP6 returns an IPv6 header in front of a payload.
func outerIP6(next int, payload string) string {
	return fmt.Sprintf("60000000 %04x %02x 40 20010db8000000000000000000000011 20010db8000000000000000000000012 ", len(mustHex(payload)), next) + payload
}

// The packets inside.
const (
	inner4 = ether + "0800" + udp4
	inner6 = ether + "86dd" + udp6
	link4  = outerEther + "0800"
	link6  = outerEther + "86dd"
	pair4  = "ipv4 198.51.100.1 198.51.100.2"
	pair6  = "ipv6 2001:db8::11 2001:db8::12"
)

// tunnelRows are frames, what they are inside, and their encapsulation.
var tunnelRows = []struct{ name, frame, inner, want string }{
	{"plain", link4 + udp4, link4 + udp4, ""},
	{"VLAN", outerEther + "8100 2064 0800" + udp4, link4 + udp4, "vlan 100"},
	{"QinQ", outerEther + "88a8 0064 8100 0065 86dd" + udp6, link6 + udp6, "svlan 100, vlan 101"},
	{"MPLS", outerEther + "8847 03e81140" + udp4, link4 + udp4, "mpls 16001"},
	{"two labels, IPv6", outerEther + "8847 03e81040 03e82140" + udp6, link6 + udp6, "mpls 16001, mpls 16002"},
	{"IP in IP", link4 + outerIP(4, udp4), link4 + udp4, pair4},
	{"IPv6 in IP", link4 + outerIP(41, udp6), link6 + udp6, pair4},
	{"IP in IPv6", link6 + outerIP6(4, udp4), link4 + udp4, pair6},
	{"GRE", link4 + outerIP(47, "0000 0800"+udp4), link4 + udp4, pair4 + ", gre"},
	{"GRE with key, sequence and checksum", link4 + outerIP(47, "b000 86dd 12340000 00000007 00000001"+udp6), link6 + udp6, pair4 + ", gre key 7 sequence checksum"},
	{"GRE, Ethernet", link4 + outerIP(47, "0000 6558"+inner4), inner4, pair4 + ", gre, ether"},
	{"GRE, MPLS", link4 + outerIP(47, "0000 8847 03e81140"+udp4), link4 + udp4, pair4 + ", gre, mpls 16001"},
	{"MPLS in IP", link4 + outerIP(137, "03e81140"+udp4), link4 + udp4, pair4 + ", mpls 16001"},
	{"VXLAN", link4 + outerUDP(4789, "08000000 00138900"+inner4), inner4, pair4 + ", vxlan 5001, ether"},
	{"VXLAN behind a VLAN, VLAN inside", outerEther + "8100 000a 0800" + outerUDP(4789, "08000000 00138900"+ether+"8100 0014 86dd"+udp6), inner6,
		"vlan 10, " + pair4 + ", vxlan 5001, ether, vlan 20"},
	{"Geneve", link4 + outerUDP(6081, "0000 6558 00138900"+inner4), inner4, pair4 + ", geneve 5001, ether"},
	{"Geneve with an option, IP", link4 + outerUDP(6081, "0200 0800 00138900 0102800100000000"+udp4), link4 + udp4, pair4 + ", geneve 5001"},
	{"GTP-U", link4 + outerUDP(2152, "30ff 0024 00000009"+udp4), link4 + udp4, pair4 + ", gtp 9"},
	{"GTP-U with an extension", link4 + outerUDP(2152, "34ff 002c 00000009 00000085 01000900"+udp4), link4 + udp4, pair4 + ", gtp 9"},
	{"four of a kind", link4 + outerIP(4, outerIP(4, outerIP(4, outerIP(4, udp4)))), link4 + udp4, strings.Repeat(pair4+", ", 3) + pair4},

	// What only looks like a tunnel stays as it is.
	{"VXLAN without its flag", link4 + outerUDP(4789, "00000000 00138900"+inner4), "", ""},
	{"VXLAN, short", link4 + outerUDP(4789, "08000000 00138900 0102"), "", ""},
	{"Geneve, control", link4 + outerUDP(6081, "0080 6558 00138900"+inner4), "", ""},
	{"GTP-U, echo", link4 + outerUDP(2152, "3001 0004 00000000 00000000"), "", ""},
	{"GTP-U, extension without end", link4 + outerUDP(2152, "34ff 002c 00000009 00000085 ff000985"+udp4), "", ""},
	{"GRE of PPTP", link4 + outerIP(47, "3001 880b 00080001 00000001 ff03c021 01010004"), "", ""},
	{"IP in IP, of no version", link4 + outerIP(4, "0500 0000"), "", ""},
	{"MPLS, something else", outerEther + "8847 03e81140 00000000 0102030405060708", "", ""},
	{"a fragment", link4 + "4500 0048 0001 2000 40 04 0000 c6336401 c6336402 " + udp4, "", ""},
}

// decapsulated reads a capture of one Ethernet frame, of which only captured bytes are kept.
func decapsulated(t testing.TB, frame []byte, captured int) (flow.Packet, error) {
	t.Helper()
	b := classic(binary.LittleEndian, micro, 4, 1)
	b.u32(base, 0, uint32(captured), uint32(len(frame))).raw(frame[:captured]...)
	r := pcap.NewReader(bytes.NewReader(b.data), "one")
	r.Decapsulate = true
	for p, err := range r.Packets() {
		if whole, _ := r.Frame(); !bytes.Equal(whole, frame[:captured]) {
			t.Errorf("the frame is %x, want all of it", whole)
		}
		return p, err
	}
	t.Fatal("no packet")
	return flow.Packet{}, nil
}

// TestDecapsulate checks that a packet inside of a tunnel is decoded as it is alone, also
// where the snap length cuts it, that what is no tunnel stays as it is, and that the outer
// packet is there for who asks for it.
func TestDecapsulate(t *testing.T) {
	for _, row := range tunnelRows {
		frame := mustHex(row.frame)
		p, err := decapsulated(t, frame, len(frame))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := p.Encapsulation.String(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		alone := frame
		if row.inner != "" {
			alone = mustHex(row.inner)
		}
		want, err := decodeOne(t, 1, alone, 0)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		p.Encapsulation = nil
		if !reflect.DeepEqual(p, want) {
			t.Errorf("%s:\n%+v, want\n%+v", row.name, p, want)
		}
		outer, err := decodeOne(t, 1, frame, 0)
		if err != nil || outer.Encapsulation != nil || outer.Application == flow.LOOP {
			t.Errorf("%s: left as it is: %v of %v, %v", row.name, outer.Application, outer.Encapsulation, err)
		}
		for captured := range frame {
			var number int64
			ended := false
			p, err := decapsulated(t, frame, captured)
			check(t, &p, err, &number, &ended)
		}
	}
}

// TestDecapsulatePadding checks that a short frame is padding of the outer frame alone.
func TestDecapsulatePadding(t *testing.T) {
	frame := mustHex(link4 + outerIP(47, "0000 6558"+ether+"0806 0001 0800 06 04 0001 00005e005302 c0000201 000000000000 c0000202") + "000000000000")
	p, err := decapsulated(t, frame, len(frame))
	if err != nil || p.Application != flow.ARPApplication || p.Length != 42 || p.Padding() != 0 {
		t.Errorf("%v of %d bytes, %d of padding, %v: want ARP of 42, 0", p.Application, p.Length, p.Padding(), err)
	}
}

// TestTunnelsTshark checks that Wireshark sees the same packets inside.
func TestTunnelsTshark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tunnels.pcap")
	b := classic(binary.LittleEndian, micro, 4, 1)
	for _, row := range tunnelRows {
		frame := mustHex(row.frame)
		b.u32(base, 0, uint32(len(frame)), uint32(len(frame))).raw(frame...)
	}
	if err := os.WriteFile(path, b.data, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, line := range tshark(t, path, "frame.protocols") {
		row := tunnelRows[i]
		if row.inner == "" {
			continue
		}
		for _, protocol := range []struct{ ours, theirs string }{{"vlan", "vlan"}, {"mpls", "mpls"}, {"gre", "gre"}, {"vxlan", "vxlan"}, {"geneve", "geneve"}, {"gtp", "gtp"}} {
			ours := strings.Contains(strings.ReplaceAll(row.want, "svlan", "vlan"), protocol.ours)
			if theirs := strings.Contains(line[0], protocol.theirs); ours != theirs && !(protocol.ours == "vlan" && strings.Contains(line[0], "ieee8021ad")) {
				t.Errorf("%s: tshark sees %s in %s", row.name, line[0], row.want)
			}
		}
		if !strings.HasSuffix(line[0], "udp:dns") && !strings.Contains(line[0], ":udp:dns") {
			t.Errorf("%s: tshark sees %s: want DNS inside", row.name, line[0])
		}
	}
}

// FuzzDecapsulate checks that any frame is decoded to an end.
func FuzzDecapsulate(f *testing.F) {
	for _, row := range tunnelRows {
		f.Add(mustHex(row.frame))
	}
	deep, err := hex.DecodeString(strings.Repeat("81000064", 400))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(mustHex(outerEther), deep...))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) > 1<<16 {
			t.Skip()
		}
		var number int64
		ended := false
		p, err := decapsulated(t, frame, len(frame))
		check(t, &p, err, &number, &ended)
		again, err := flow.ParseEncapsulation(p.Encapsulation.String())
		if err != nil || again.String() != p.Encapsulation.String() {
			t.Fatalf("%v is read as %v, %v", p.Encapsulation, again, err)
		}
	})
}
