// Package flowtest makes flows for tests: clean connections, conversations in
// turns, LoRaWAN uplinks, and flows that break every rule.
package flowtest

import (
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Epoch is when the flows of the tests begin: 2023-11-14 22:13:20 UTC.
const Epoch = int64(1_700_000_000_000_000_000)

// Plain returns a clean HTTP connection of n packets, 20 ms apart.
func Plain(id int64, start int64, n int) *flow.Flow {
	f := &flow.Flow{ID: id, Application: flow.HTTP, Tuple: flow.FiveTuple{Proto: flow.TCP}}
	for i := range n {
		p := flow.Packet{Time: start + int64(i)*20e6, Flags: flow.ACK, HeaderLength: 66, Direction: flow.Direction(i & 1)}
		switch {
		case i == 0:
			p.Flags, p.HeaderLength = flow.SYN, 74
		case i == 1:
			p.Flags, p.HeaderLength = flow.SYN|flow.ACK, 74
		case i >= n-3:
			p.Flags = flow.FIN | flow.ACK
		case i == 3:
			p.Flags, p.PayloadLength, p.Direction = flow.PSH|flow.ACK, 120, flow.Forward
		case i == 4:
			p.Direction = flow.Backward
		case i > 4 && i%2 == 1:
			p.PayloadLength = 1448
		}
		f.Packets = append(f.Packets, p)
	}
	f.Packets[n-1].Flags = flow.ACK
	return f
}

// PlainStream returns an endless stream of overlapping flows, a thousand at a time.
func PlainStream(packets int) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		f := Plain(0, Epoch, 14)
		for id := 0; id*14 < packets; id++ {
			f.ID = int64(id)
			for i := range f.Packets {
				f.Packets[i].Time += 280_000
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Sequence turns flows into a stream, in the order of their starts.
func Sequence(flows []*flow.Flow) iter.Seq2[*flow.Flow, error] {
	flows = slices.Clone(flows)
	slices.SortStableFunc(flows, func(a, b *flow.Flow) int { return int(a.Start() - b.Start()) })
	return func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// ugly returns a flow whose packets follow no rule at all.
func ugly(id int64, r *rand.Rand) *flow.Flow {
	f := &flow.Flow{ID: id, Application: flow.Application(r.IntN(26))}
	proto := uint8(flow.TCP)
	if r.IntN(4) == 0 {
		proto = flow.UDP
	}
	f.Tuple.Proto = proto
	at := Epoch + r.Int64N(60e9)
	six := r.IntN(4) == 0
	flags := []flow.TCPFlags{0, flow.SYN, flow.SYN | flow.ACK, flow.ACK, flow.ACK, flow.ACK, flow.PSH | flow.ACK, flow.FIN | flow.ACK, flow.FIN,
		flow.RST, flow.RST | flow.ACK, flow.SYN | flow.FIN, flow.TCPFlags(r.Uint32())}
	headers := []int32{0, 54, 54, 54, 66, 66, 58, 74, 78, 86, 57, 42}
	if r.IntN(2) == 0 { // mostly orderly
		flags = flags[3:8]
	}
	for range 1 + r.IntN(30) {
		p := flow.Packet{Time: at, Direction: flow.Direction(r.IntN(2)), HeaderLength: headers[r.IntN(len(headers))]}
		if proto == flow.TCP {
			p.Flags = flags[r.IntN(len(flags))]
		}
		if six && p.HeaderLength > 0 {
			p.HeaderLength += 20
		}
		switch r.IntN(5) {
		case 0, 1:
			p.PayloadLength = r.Int32N(1461)
		case 2:
			p.PayloadLength = r.Int32N(9)
		case 3:
			if r.IntN(20) == 0 {
				p.PayloadLength = r.Int32N(20000)
			}
		}
		f.Packets = append(f.Packets, p)
		at += r.Int64N(2e8) - 1e6
	}
	if r.IntN(2) == 0 {
		addOpening(f, r)
	}
	return f
}

// addOpening puts a clean handshake before the packets.
func addOpening(f *flow.Flow, r *rand.Rand) {
	header := []int32{58, 62, 66, 74}[r.IntN(4)]
	at := f.Packets[0].Time
	opening := []flow.Packet{
		{Time: at - 2e6, Flags: flow.SYN, HeaderLength: header},
		{Time: at - 1e6, Flags: flow.SYN | flow.ACK, Direction: flow.Backward, HeaderLength: header},
		{Time: at - 9e5, Flags: flow.ACK, HeaderLength: 54},
	}
	f.Packets = append(opening, f.Packets...)
}

// Ugly returns n flows whose packets follow no rule at all.
func Ugly(n int, seed uint64) []*flow.Flow {
	r := rand.New(rand.NewPCG(seed, 1))
	flows := make([]*flow.Flow, n)
	for i := range flows {
		flows[i] = ugly(int64(i), r)
	}
	return flows
}

// Between returns a flow between two hosts, with what a capture shows of them.
func Between(id int64, client, server string, packets int) *flow.Flow {
	f := Plain(id, Epoch+id*1e9, packets)
	f.Tuple.Src, f.Tuple.Dst = netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)
	for i := range f.Packets {
		p := &f.Packets[i]
		p.Tuple, p.TTL, p.Window, p.SrcMAC = f.Tuple, 57, 229, flow.MAC{0, 1, 2, 3, 4, 5}
		if p.Direction == flow.Backward {
			p.Tuple, p.TTL, p.Window, p.SrcMAC = f.Tuple.Reverse(), 128, 1021, flow.MAC{6, 7, 8, 9, 10, 11}
		}
		if p.Flags&flow.SYN != 0 {
			p.MSS, p.Window = 1400, 29200
		}
	}
	return f
}

// Training returns flows with addresses: two networks of one site, one of another,
// IPv6, and addresses that are among those that are given out.
func Training() []*flow.Flow {
	var flows []*flow.Flow
	for i, c := range []string{
		"10.1.1.5:40000", "10.1.1.6:40001", "10.1.1.5:40002", "10.1.2.9:40003", "172.16.0.4:40004", "192.0.2.1:40005", "198.18.0.1:40006", "198.19.0.77:40007",
	} {
		flows = append(flows, Between(int64(i), c, "93.184.216.34:80", 14))
	}
	return append(flows,
		Between(8, "[2a00:1:2:3::9]:50000", "[2a00:9::1]:80", 14),
		Between(9, "[2001:db8::1]:50000", "[2a00:9::1]:80", 14))
}

// Talk returns a conversation in turns: payloads of random sizes, at least
// smallest bytes, long ones in several segments.
func Talk(id int64, a flow.Application, proto uint8, smallest int, r *rand.Rand) *flow.Flow {
	f := &flow.Flow{ID: id, Application: a, Tuple: flow.FiveTuple{Proto: proto}}
	at := Epoch + r.Int64N(10e9)
	add := func(dir flow.Direction, flags flow.TCPFlags, header, payload int32) {
		f.Packets = append(f.Packets, flow.Packet{Time: at, Direction: dir, Flags: flags, HeaderLength: header, PayloadLength: payload})
		at += 1 + r.Int64N(3e6)
	}
	if proto == flow.TCP {
		add(flow.Forward, flow.SYN, 74, 0)
		add(flow.Backward, flow.SYN|flow.ACK, 74, 0)
		add(flow.Forward, flow.ACK, 66, 0)
	}
	dir := flow.Forward
	if a == flow.SMTP {
		dir = flow.Backward
	}
	for range 2 + r.IntN(8) {
		size := smallest + r.IntN([]int{1, 20, 200, 1200}[r.IntN(4)])
		if proto == flow.UDP {
			add(dir, 0, 42, int32(size))
		} else {
			if r.IntN(3) == 0 {
				size *= 5
			}
			for size > 0 {
				piece := min(size, 1448)
				size -= piece
				add(dir, flow.ACK|flow.PSH, 66, int32(piece))
				if r.IntN(2) == 0 {
					add(1-dir, flow.ACK, 66, 0)
				}
			}
		}
		dir = 1 - dir
	}
	if proto == flow.TCP {
		add(flow.Forward, flow.FIN|flow.ACK, 66, 0)
		add(flow.Backward, flow.FIN|flow.ACK, 66, 0)
		add(flow.Forward, flow.ACK, 66, 0)
	}
	return f
}

// HTTP returns clean connections.
func HTTP(n int) []*flow.Flow {
	var flows []*flow.Flow
	for i := range n {
		flows = append(flows, Plain(int64(i), Epoch+int64(i)*1e6, 14))
	}
	return flows
}

// Device returns a flow of n uplinks, as a generator gives them.
func Device(id int64, gateway uint64, address uint32, n int, r *rand.Rand) *flow.Flow {
	f := &flow.Flow{ID: id, Application: flow.LoRaWAN}
	at := Epoch + r.Int64N(60e9)
	for i := range n {
		length := int32(13 + r.IntN(60))
		f.Packets = append(f.Packets, flow.Packet{
			Time: at, Length: length, HeaderLength: 9, PayloadLength: length - 13, Application: flow.LoRaWAN,
			Radio: &flow.Radio{
				Gateway: gateway, Address: address, Counter: uint32(i * 3), Port: int16(1 + r.IntN(200)), MType: uint8(2 + 2*r.IntN(2)),
				Frequency: 867_100_000 + uint32(r.IntN(8))*200_000, SpreadingFactor: uint8(7 + r.IntN(6)), Bandwidth: 125, CodeRate: uint8(5 + r.IntN(4)),
				CRC: int8(r.IntN(3) - 1), RSSI: float32(-76 - r.IntN(50)), SNR: float32(r.IntN(40)-20) / 4,
			},
		})
		at += r.Int64N(20e9)
	}
	return f
}

// Devices returns flows of two gateways, some devices heard by both.
func Devices(n int) []*flow.Flow {
	r := rand.New(rand.NewPCG(4, 4))
	var flows []*flow.Flow
	for i := range n {
		flows = append(flows, Device(int64(i), 0x0016c001ff000001+uint64(i%2), 0x26010000+uint32(i/2), 2+r.IntN(10), r))
	}
	return flows
}
