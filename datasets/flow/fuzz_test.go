package flow_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// FuzzIdentify: any payload on any ports is identified without panic, the same
// each time, with layers that shrink inwards.
func FuzzIdentify(f *testing.F) {
	for _, seed := range []struct {
		tcp      bool
		src, dst uint16
		payload  string
	}{
		{true, 80, 4132, "HTTP/1.1 200 OK\r\n\r\nhello"}, {true, 4132, 8080, "GET / HTTP/1.1\r\n\r\n"}, {true, 25, 3704, "220 mail ESMTP ready"},
		{true, 40000, 443, hello}, {false, 53, 53, dnsQuery}, {false, 40000, 161, snmpGet}, {false, 520, 520, "aaaabbbbbbbbbbbbbbbbbbbb"},
		{false, 40000, 443, gquicHi}, {false, 5060, 5060, "SIP/2.0 200 OK\r\n"}, {true, 2121, 4000, "227 Entering Passive Mode (1,2,3,4,5,6)\r\n"},
		{true, 2222, 4000, "SSH-2.0-x\r\n"}, {true, 6667, 4000, ":s NOTICE x"}, {true, 1143, 4000, "* OK"}, {true, 2323, 4000, "\xff\xfd\x18"},
	} {
		f.Add(seed.tcp, seed.src, seed.dst, []byte(seed.payload))
	}
	f.Fuzz(func(t *testing.T, tcp bool, src, dst uint16, payload []byte) {
		proto := uint8(flow.UDP)
		if tcp {
			proto = flow.TCP
		}
		p := packetOf(proto, src, dst, string(payload))
		flow.Identify(&p)
		again := p
		flow.Identify(&again)
		if again.Application != p.Application || again.Layers != p.Layers {
			t.Errorf("a second Identify gives %v %v, the first %v %v", again.Application, again.Layers, p.Application, p.Layers)
		}
		for i := 1; i < p.Layers.Count(); i++ {
			if p.Layers[i].Length > p.Layers[i-1].Length || p.Layers[i].Length < 0 {
				t.Errorf("layers %v", p.Layers)
			}
		}
		for range new(flow.Assembler).Label(stream([]flow.Packet{p, p})) {
		}
	})
}

// FuzzAssembler: any sequence of packets keeps the laws of TestLaws.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte("\x00\x00\x02\x00\x01\x01\x12\x00\x00\x00\x10\x00"), uint8(10), uint8(0))
	f.Add([]byte("\x00\x00\x11\x00\x01\x01\x11\x00\x00\x00\x02\x09\xff\x00\x02\x01"), uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, idle, open uint8) {
		a := flow.Assembler{IdleTimeout: time.Duration(idle) * time.Second, MaxOpen: int(open)}
		var packets []flow.Packet
		var now int64
		for ; len(data) >= 4; data = data[4:] {
			now += int64(int8(data[0])) * 1e8 // may step back
			p := flow.Packet{Number: int64(len(packets)), Time: now, Length: 60, Seq: uint32(data[3]), Flags: flow.TCPFlags(data[2])}
			ends := [2]netip.AddrPort{client, netip.AddrPortFrom(server.Addr(), binary.BigEndian.Uint16([]byte{0, data[1] & 0x7f}))}
			p.Tuple = flow.FiveTuple{Proto: flow.TCP, Src: ends[data[1]>>7], Dst: ends[1-data[1]>>7]}
			flow.Identify(&p)
			packets = append(packets, p)
		}
		flows, damaged, err := flow.Collect(a.Flows(stream(packets)))
		if damaged != nil || err != nil {
			t.Fatal(damaged, err)
		}
		ids, total := map[int64]bool{}, 0
		for _, f := range flows {
			if ids[f.ID] || f.ID < 0 || f.ID >= int64(len(flows)) {
				t.Fatalf("flow %d of %d stands twice or is out of range", f.ID, len(flows))
			}
			ids[f.ID] = true
			total += len(f.Packets)
			for _, p := range f.Packets {
				if p.FlowID != f.ID || (p.Direction == flow.Forward) != (p.Tuple == f.Tuple) && f.Tuple != f.Tuple.Reverse() {
					t.Fatalf("flow %d %v has packet %+v", f.ID, f.Tuple, p)
				}
			}
		}
		var rows int
		var sum int64
		for row, err := range a.Table(stream(packets)) {
			if err != nil || row.ID != int64(rows) {
				t.Fatal(row, err)
			}
			rows++
			sum += row.Packets
		}
		if total != len(packets) || sum != int64(total) {
			t.Fatalf("%d packets in flows, %d in rows, of %d", total, sum, len(packets))
		}
	})
}
