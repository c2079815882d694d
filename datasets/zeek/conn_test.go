package zeek_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/zeek"
)

// packets are those of a connection that is opened, asks, is answered and closed.
func packets(id int64, proto uint8, src, dst string, steps ...flow.TCPFlags) []flow.Packet {
	tuple := flow.FiveTuple{Proto: proto, Src: netip.MustParseAddrPort(src), Dst: netip.MustParseAddrPort(dst)}
	var all []flow.Packet
	next := [2]uint32{100, 900}
	for i, flags := range steps {
		p := flow.Packet{Number: int64(i), Time: 1_700_000_000e9 + int64(i)*1_500_000, FlowID: id, Tuple: tuple, HeaderLength: 54, Length: 54, Flags: flags, Window: 9}
		if i%2 == 1 {
			p.Direction, p.Tuple = flow.Backward, tuple.Reverse()
		}
		if flags&flow.PSH != 0 || proto == flow.UDP {
			p.PayloadLength, p.Length = 30, 84
		}
		p.Layers[0], p.Layers[1] = flow.Layer{Name: flow.LayerEther, Length: p.Length}, flow.Layer{Name: flow.LayerIP, Length: p.Length - 14}
		p.Seq = next[p.Direction]
		next[p.Direction] += uint32(p.PayloadLength)
		if flags&(flow.SYN|flow.FIN) != 0 {
			next[p.Direction]++
		}
		all = append(all, p)
	}
	return all
}

// write gives the flows of packets to the log.
func write(log *zeek.ConnWriter, flows ...[]flow.Packet) error {
	var recorder flow.Recorder
	for _, all := range flows {
		for i := range all {
			app := flow.HTTP
			if all[i].Tuple.Proto == flow.UDP {
				app = flow.Unknown
			}
			o := flow.Observed{Packet: &all[i], Application: app, Last: i == len(all)-1, Origin: &flow.Origin{Name: "a\tb.pcap"}}
			if r := recorder.Add(o); r != nil {
				if err := log.Write(r); err != nil {
					return err
				}
			}
		}
	}
	return log.Close()
}

const (
	syn, synAck, ack, push, fin = flow.SYN, flow.SYN | flow.ACK, flow.ACK, flow.PSH | flow.ACK, flow.FIN | flow.ACK
)

// A connection and a datagram without an answer.
func ExampleConnWriter() {
	err := write(zeek.NewConnWriter(os.Stdout),
		packets(1, flow.TCP, "192.0.2.1:40000", "192.0.2.2:80", syn, synAck, ack, ack, push, push, fin, fin, ack),
		packets(2, flow.UDP, "[2001:db8::1]:5000", "[2001:db8::2]:6000", 0))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// #separator \x09
	// #set_separator	,
	// #empty_field	(empty)
	// #unset_field	-
	// #path	conn
	// #open	2023-11-14-22-13-20
	// #fields	ts	uid	id.orig_h	id.orig_p	id.resp_h	id.resp_p	proto	service	duration	orig_bytes	resp_bytes	conn_state	local_orig	local_resp	missed_bytes	history	orig_pkts	orig_ip_bytes	resp_pkts	resp_ip_bytes	tunnel_parents	ip_proto	community_id	application	origin
	// #types	time	string	addr	port	addr	port	enum	string	interval	count	count	string	bool	bool	count	string	count	count	count	count	set[string]	count	string	string	string
	// 1700000000.000000	CuANH4npEVW3X2tSx	192.0.2.1	40000	192.0.2.2	80	tcp	http	0.010500	30	30	SF	-	-	0	ShAaDdFf	5	230	4	190	-	6	1:G+HkHCrmxWLQgwEnSytJ6z6uCFc=	HTTP	a\x09b.pcap
	// 1700000000.000000	C1zHFPTv43A7jRci6D	2001:db8::1	5000	2001:db8::2	6000	udp	-	-	-	-	S0	-	-	0	D	1	70	0	0	-	17	1:KR4PQT3YNp1jfdlqEZDUyObUfLs=	-	a\x09b.pcap
	// #close	2023-11-14-22-13-20
}

// Each line has a cell for each column, uids differ, and flows without addresses are left
// out.
func TestConnWriter(t *testing.T) {
	var out strings.Builder
	var flows [][]flow.Packet
	for i := range int64(100) {
		flows = append(flows, packets(i, flow.TCP, "192.0.2.1:40000", "192.0.2.2:80", syn, synAck))
	}
	none := packets(1000, flow.UDP, "192.0.2.1:1", "192.0.2.2:2", 0)
	none[0].Tuple = flow.FiveTuple{}
	if err := write(zeek.NewConnWriter(&out), append(flows, none)...); err != nil {
		t.Fatal(err)
	}
	uids := map[string]bool{}
	columns := 0
	for line := range strings.Lines(out.String()) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case cells[0] == "#fields":
			columns = len(cells) - 1
		case cells[0] == "#types" && len(cells)-1 != columns, cells[0][0] != '#' && len(cells) != columns:
			t.Errorf("%d columns, want %d: %s", len(cells), columns, line)
		case cells[0][0] != '#':
			uids[cells[1]] = true
		}
	}
	if len(uids) != 100 {
		t.Errorf("%d uids", len(uids))
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestConnWriterFails(t *testing.T) {
	err := write(zeek.NewConnWriter(full{}), packets(1, flow.UDP, "192.0.2.1:1", "192.0.2.2:2", 0))
	if err == nil || err.Error() != "zeek: conn.log: no space left on device" {
		t.Errorf("error %v", err)
	}
}
