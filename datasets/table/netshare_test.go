package table

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

func TestReadNetSharePackets(t *testing.T) {
	const header = "srcip,dstip,srcport,dstport,proto,time,pkt_len,version,ihl,tos,id,flag,off,ttl\n"
	tuple := flow.FiveTuple{Proto: flow.UDP, Src: netip.MustParseAddrPort("192.0.2.1:20000"), Dst: netip.MustParseAddrPort("198.51.100.1:53")}
	question := flow.Packet{Time: 1458810015123456000, Length: 60, Captured: 60, HeaderLength: 28, PayloadLength: 32, Tuple: tuple, TTL: 64, Application: flow.DNS,
		Layers: flow.Layers{{Name: flow.LayerIP, Length: 60}, {Name: flow.LayerUDP, Length: 40}}}
	short := flow.Packet{Time: 1458810015000000500, Length: 20, Captured: 20, HeaderLength: 20, Tuple: tuple, Application: flow.DNS,
		Layers: flow.Layers{{Name: flow.LayerIP, Length: 20}, {Name: flow.LayerUDP}}}
	echo := flow.Packet{Time: 1000, Length: 84, Captured: 84, HeaderLength: 20, PayloadLength: 64, Application: flow.ICMPApplication, TTL: 255,
		Tuple:  flow.FiveTuple{Proto: flow.ICMP, Src: netip.MustParseAddrPort("192.0.2.1:0"), Dst: netip.MustParseAddrPort("198.51.100.1:0")},
		Layers: flow.Layers{{Name: flow.LayerIP, Length: 84}}}
	for _, c := range []struct {
		name, text string
		want       flow.Packet
		err        string // "" for none
	}{
		{"addresses in dots", header + "192.0.2.1,198.51.100.1,20000,53,UDP,1458810015123456,60,4,5,0,1,2,0,64\n", question, ""},
		{"addresses as numbers", header + "3221225985,3325256705.0,20000.0,53.0,17,1458810015123456,60.2,4,5,0,1,2,0,64\n", question, ""},
		{"no more columns, and a packet shorter than its headers", "srcip,dstip,srcport,dstport,proto,time,pkt_len\n192.0.2.1,198.51.100.1,20000,53,udp,1458810015000000.5,20\n", short, ""},
		{"without ports", header + "192.0.2.1,198.51.100.1,0,0,ICMP,1,84,4,5,0,1,2,0,255\n", echo, ""},
		{"a missing column", "srcip,dstip,srcport,dstport,proto,time\n", flow.Packet{}, "column pkt_len is missing"},
		{"no address", header + "192.0.2,198.51.100.1,20000,53,UDP,1,60,4,5,0,1,2,0,64\n", flow.Packet{}, "column srcip: ParseAddr(\"192.0.2\")"},
		{"too large an address", header + "4294967296,198.51.100.1,20000,53,UDP,1,60,4,5,0,1,2,0,64\n", flow.Packet{}, "column srcip: 4294967296 is no IPv4 address: want 0 to 4294967295, or dots"},
		{"no protocol", header + "192.0.2.1,198.51.100.1,20000,53,QUIC,1,60,4,5,0,1,2,0,64\n", flow.Packet{}, `column proto: "QUIC" is no IP protocol: want TCP, UDP, ICMP or a number from 0 to 255`},
		{"a port that is none", header + "192.0.2.1,198.51.100.1,70000,53,UDP,1,60,4,5,0,1,2,0,64\n", flow.Packet{}, "row 1: column srcport: 70000 is out of range: want 0 to 65535"},
		{"a negative time", header + "192.0.2.1,198.51.100.1,20000,53,UDP,-1,60,4,5,0,1,2,0,64\n", flow.Packet{}, "row 1: column time: -1 is out of range"},
		{"no length", header + "192.0.2.1,198.51.100.1,20000,53,UDP,1,,4,5,0,1,2,0,64\n", flow.Packet{}, "row 1: column pkt_len: NaN is out of range: want 20 to 65535"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "packets.csv")
			if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
				t.Fatal(err)
			}
			var got []flow.Packet
			var failed error
			for p, err := range ReadNetSharePackets(path) {
				if failed = err; err == nil {
					got = append(got, p)
				}
			}
			if c.err != "" {
				if failed == nil || !strings.Contains(failed.Error(), c.err) || !strings.Contains(failed.Error(), path) {
					t.Errorf("error %v, want %s: ... %s", failed, path, c.err)
				}
				return
			}
			if failed != nil || len(got) != 1 {
				t.Fatalf("%d packets, error %v; want one", len(got), failed)
			}
			if got := got[0]; got.Payload != nil || got.Time != c.want.Time || got.Tuple != c.want.Tuple || got.Layers != c.want.Layers || got.Application != c.want.Application || got.TTL != c.want.TTL ||
				got.Length != c.want.Length || got.Captured != c.want.Captured || got.HeaderLength != c.want.HeaderLength || got.PayloadLength != c.want.PayloadLength {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
