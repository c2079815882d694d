package pcap_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/pcap"
)

// The parts of frames of 802.11: addresses, and LLC in front of IPv4.
const (
	accessPoint = "0a0000000001 "
	hostA       = "00005e005301 "
	hostB       = "00005e005302 "
	llcIP       = "aaaa03 000000 0800 "
	fromAP      = "0802 0000 " + hostA + accessPoint + hostB + "1000 "
	toAP        = "8801 0000 " + accessPoint + hostB + hostA + "1000 "
)

var (
	prismHeader = "44000000 90000000 " + strings.Repeat("00", 136)
	avsHeader   = "80211001 00000040 " + strings.Repeat("00", 56)
	pflogHeader = "3d 02 00 00 656d3000" + strings.Repeat("00", 56)
)

var rareRows = []struct {
	name  string
	link  uint32
	frame string
	want  string
}{
	{"802.11, from the access point", 105, fromAP + llcIP + udp4, "Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 60+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"802.11, to the access point, QoS", 105, toAP + "0000" + llcIP + udp4, "Dot11 70/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 62+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"802.11, between access points", 105, "0803 0000 " + accessPoint + "0a0000000002" + hostA + "1000" + hostB + llcIP + udp4, "Dot11 74/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 66+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"802.11, without access point", 105, "0800 0000 " + hostA + hostB + accessPoint + "1000" + llcIP + udp4, "Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 60+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"802.11, HT control", 105, "8881 0000 " + hostA + hostB + accessPoint + "1000 0000 00000000" + llcIP + udp4, "Dot11 74/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 66+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"802.11, A-MSDU", 105, toAP + "8000" + hostA + hostB + "002c" + llcIP + udp4, "Dot11 84/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 76+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"802.11, IPv6", 105, fromAP + "aaaa03 000000 86dd" + udp6, "Dot11 88/LLC 64/SNAP 61/IPv6 56/UDP 16/DNS 8 | 80+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"802.11, encrypted", 105, strings.Replace(fromAP, "0802", "0842", 1) + "00000020 00000000 0102030405060708", "Dot11 40/Raw 16 | 24+16 nan"},
	{"802.11, later fragment", 105, strings.Replace(fromAP, "1000", "1100", 1) + "01020304", "Dot11 28/Raw 4 | 24+4 nan"},
	{"802.11, no data", 105, "4801 0000 " + accessPoint + hostB + hostA + "1000", "Dot11 24 | 24+0 nan"},
	{"802.11, QoS, no data", 105, "c801 0000 " + accessPoint + hostB + hostA + "1000 0000", "Dot11 26 | 26+0 nan"},
	{"802.11, beacon", 105, "8000 0000 ffffffffffff" + accessPoint + accessPoint + "1000 0000000000000000 6400 0100 0000", "Dot11 38/Raw 14 | 24+14 nan"},
	{"802.11, acknowledgement", 105, "d400 0000" + hostA, "Dot11 10 | 10+0 nan"},
	{"radiotap", 127, "00 00 0800 00000000" + fromAP + llcIP + udp4, "RadioTap 76/Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16 | 68+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"radiotap, frame check sequence", 127, "00 00 0900 02000000 10" + fromAP + llcIP + udp4 + "01020304", "RadioTap 77/Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16 | 69+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"radiotap, two words of fields, time", 127, "00 00 1900 030000a0 00000000 00000000 0000000000000001 00" + fromAP + llcIP + udp4, "RadioTap 93/Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16 | 85+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"radiotap, padded header", 127, "00 00 0900 02000000 20" + toAP + "0000 0000" + llcIP + udp4, "RadioTap 81/Dot11 72/LLC 44/SNAP 41/IP 36/UDP 16 | 73+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"Prism", 119, prismHeader + fromAP + llcIP + udp4, "PrismHeader 212/Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16 | 204+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"AVS in the place of Prism", 119, avsHeader + fromAP + llcIP + udp4, "PrismHeader 132/Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16 | 124+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"AVS", 163, avsHeader + toAP + "0000" + llcIP + udp4, "PrismHeader 134/Dot11 70/LLC 44/SNAP 41/IP 36/UDP 16 | 126+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"PPI", 192, "00 00 0800 69000000" + fromAP + llcIP + udp4, "PPI 76/Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16 | 68+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"PPI, frame check sequence", 192, "00 00 2000 69000000 0200 1400 0000000000000000 0100 0000 000000000000 0000" + fromAP + llcIP + udp4 + "01020304", "PPI 100/Dot11 68/LLC 44/SNAP 41/IP 36/UDP 16 | 92+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"PPI, raw IP", 192, "00 00 0800 65000000" + udp4, "PPI 44/IP 36/UDP 16/DNS 8 | 36+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"PPI, another link", 192, "00 00 0800 09000000 0102", "PPI 10/Raw 2 | 8+2 nan"},
	{"Cisco HDLC", 104, "0f00 0800" + udp4, "CHDLC 40/IP 36/UDP 16/DNS 8 | 32+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"Cisco HDLC, IPv6", 104, "8f00 86dd" + udp6, "CHDLC 60/IPv6 56/UDP 16/DNS 8 | 52+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"Cisco HDLC, keepalive", 104, "8f00 8035 00000002 00000001 00000000 ffff", "CHDLC 18/Raw 14 | 4+14 nan"},
	{"Cisco HDLC as PPP", 50, "0f00 0800" + udp4, "CHDLC 40/IP 36/UDP 16/DNS 8 | 32+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"FDDI", 10, "50" + hostA + hostB + llcIP + udp4, "FDDI 57/LLC 44/SNAP 41/IP 36/UDP 16/DNS 8 | 49+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"FDDI, station management", 10, "41" + hostA + hostB + "01020304", "FDDI 17/Raw 4 | 13+4 nan"},
	{"NFLOG", 239, "02 00 0000 0800 0100 0800 0100 2800 0900" + udp4, "NFLOG 52/IP 36/UDP 16/DNS 8 | 44+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"NFLOG, big endian, IPv6", 239, "0a 00 0000 0008 0001 86dd 0100 003c 0009" + udp6, "NFLOG 72/IPv6 56/UDP 16/DNS 8 | 64+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"NFLOG, no IP", 239, "07 00 0000 0600 0900 0102", "NFLOG 10/Raw 2 | 8+2 nan"},
	{"pflog", 117, pflogHeader + udp4, "PFLog 100/IP 36/UDP 16/DNS 8 | 92+8 DNS | 17 192.0.2.1:40000 192.0.2.2:53"},
	{"802.15.4, 6LoWPAN", 230, "4188 01 cdab 0100 0200 41" + udp6, "Dot15d4 66/SixLoWPAN 57/IPv6 56/UDP 16/DNS 8 | 58+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"802.15.4, frame check sequence", 195, "4188 01 cdab 0100 0200 41" + udp6 + "87ac", "Dot15d4 66/SixLoWPAN 57/IPv6 56/UDP 16/DNS 8 | 58+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"802.15.4, long addresses", 230, "41cc 01 cdab 0807060504030201 1817161514131211 41" + udp6, "Dot15d4 78/SixLoWPAN 57/IPv6 56/UDP 16/DNS 8 | 70+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"802.15.4, two networks", 230, "0188 01 cdab 0100 cdab 0200 41" + udp6, "Dot15d4 68/SixLoWPAN 57/IPv6 56/UDP 16/DNS 8 | 60+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"802.15.4, compressed", 230, "4188 01 cdab 0100 0200 7a33 3a", "Dot15d4 12/Raw 3 | 9+3 nan"},
	{"802.15.4, acknowledgement", 230, "0200 01", "Dot15d4 3 | 3+0 nan"},
	{"802.15.4, no sequence number", 230, "41a9 cdab 0100 0200 41" + udp6, "Dot15d4 65/SixLoWPAN 57/IPv6 56/UDP 16/DNS 8 | 57+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
	{"802.15.4, TAP", 283, "00 00 0c00 0000 0100 00000000" + "4188 01 cdab 0100 0200 41" + udp6, "Dot15d4 66/SixLoWPAN 57/IPv6 56/UDP 16/DNS 8 | 70+8 DNS | 17 [2001:db8::1]:40000 [2001:db8::2]:53"},
}

// TestRareLinks decodes a packet behind each of the link layers that few captures have.
func TestRareLinks(t *testing.T) {
	for _, row := range rareRows {
		frame := unhex(t, row.frame)
		p, err := decodeOne(t, row.link, frame, 0)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := summary(&p); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
		if int(p.Length) == len(frame) {
			cutEverywhere(t, row.name, row.link, frame)
			continue
		}
		for n := 1; n < len(frame); n++ { // whether there is a frame check sequence may be cut off
			cut, err := decodeOne(t, row.link, frame, n)
			if err != nil || n >= int(p.HeaderLength) && (cut.Tuple != p.Tuple || cut.Length != p.Length) {
				t.Errorf("%s, %d bytes captured: %s, %v", row.name, n, summary(&cut), err)
			}
			_, _ = decodeOne(t, row.link, frame[:n], 0) // may be damage, must not panic
		}
	}
}

// unlikeTshark are the rows where tshark finds other addresses.
var unlikeTshark = map[string]string{
	"NFLOG, big endian, IPv6": "tshark takes the byte order of attributes from a preference",
	"802.15.4, compressed":    "tshark restores compressed headers; to us they are payload",
}

// Tshark finds the same addresses and ports behind the same link layers.
func TestRareLinksAgainstTshark(t *testing.T) {
	b := le().section()
	for _, row := range rareRows {
		b.port(uint16(row.link))
	}
	for i, row := range rareRows {
		b.enhanced(uint32(i), uint64(base)*1e6, unhex(t, row.frame))
	}
	path := filepath.Join(t.TempDir(), "rare.pcapng")
	if err := os.WriteFile(path, b.data, 0o600); err != nil {
		t.Fatal(err)
	}
	rows := tshark(t, path, "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport")
	if len(rows) != len(rareRows) {
		t.Fatalf("tshark finds %d packets, want %d", len(rows), len(rareRows))
	}
	for p, err := range pcap.Packets(bytes.NewReader(b.data), "rare.pcapng") {
		if err != nil {
			t.Error(err)
		}
		want := strings.Join(strings.Fields(strings.Join(rows[p.Number], " ")), " ")
		got := ""
		if src, dst := p.Tuple.Src, p.Tuple.Dst; p.Tuple.Proto != 0 {
			got = fmt.Sprint(src.Addr(), dst.Addr(), " ", src.Port(), dst.Port())
		}
		name := rareRows[p.Number].name
		if _, unlike := unlikeTshark[name]; (got != want) != unlike {
			t.Errorf("%s: %q, tshark finds %q", name, got, want)
		}
	}
}

// Header bytes of any value do no harm.
func FuzzRareLinks(f *testing.F) {
	for _, row := range rareRows {
		f.Add(uint16(row.link), mustHex(row.frame))
	}
	f.Fuzz(func(t *testing.T, link uint16, frame []byte) {
		if len(frame) == 0 || len(frame) > 4096 {
			return
		}
		for p, err := range pcap.Packets(bytes.NewReader(classic(binary.LittleEndian, micro, 4, uint32(link)).record(base, 0, frame).data), "f") {
			if err == nil && (p.HeaderLength < 0 || p.Captured > p.Length || int(p.Captured) > len(frame)) {
				t.Errorf("%+v", p)
			}
		}
	})
}
