package flow

import (
	"net/netip"
	"testing"
)

// recorded are packets of one TCP flow, a letter each: the flags (S, SA, A, PA with 10
// bytes of payload, FA, R, RA, SF), of the client in capitals and of the server in small
// letters; w is a window of 0 and t the same payload again.
func recorded(steps ...string) []Packet {
	client, server := netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.2:80")
	flags := map[string]TCPFlags{"S": SYN, "SA": SYN | ACK, "A": ACK, "PA": PSH | ACK, "PAt": PSH | ACK, "FA": FIN | ACK, "R": RST, "RA": RST | ACK, "SF": SYN | FIN, "FR": FIN | RST, "Aw": ACK}
	next := [2]uint32{4_294_967_290, 1000} // the client's wrap around
	var packets []Packet
	for i, step := range steps {
		p := Packet{Number: int64(i), Time: int64(i+1) * 1e9, Tuple: FiveTuple{TCP, client, server}, HeaderLength: 54, Length: 60, Window: 500, FlowID: 7}
		p.Layers[0], p.Layers[1] = Layer{LayerEther, 60}, Layer{LayerIP, 46}
		upper := step
		if step[0] >= 'a' {
			upper = string(step[0] - 'a' + 'A')
			for _, c := range step[1:] {
				if c != 't' && c != 'w' {
					c += 'A' - 'a'
				}
				upper += string(c)
			}
			p.Direction, p.Tuple = Backward, p.Tuple.Reverse()
		}
		p.Flags = flags[upper]
		if p.Flags&PSH != 0 {
			p.PayloadLength, p.Length = 10, 64
			p.Layers[0].Length, p.Layers[1].Length = 64, 50
		}
		if last := len(upper) - 1; upper[last] == 'w' {
			p.Window = 0
		} else if upper[last] == 't' {
			next[p.Direction] -= 10
		}
		p.Seq = next[p.Direction]
		next[p.Direction] += segmentLength(&p)
		packets = append(packets, p)
	}
	return packets
}

// What Zeek's documentation and its scripts say of these connections.
func TestRecordState(t *testing.T) {
	for _, c := range []struct {
		name           string
		steps          []string
		state, history string
		payload        [2]int64
		seconds        int64 // of Zeek's duration
	}{
		{"whole", []string{"S", "sa", "A", "PA", "a", "pa", "A", "FA", "a", "fa", "A"}, "SF", "ShADadFf", [2]int64{10, 10}, 9},
		{"no answer", []string{"S", "S", "S"}, "S0", "S", [2]int64{}, 2},
		{"not closed", []string{"S", "sa", "A", "PA"}, "S1", "ShAD", [2]int64{10, 0}, 3},
		{"refused", []string{"S", "ra"}, "REJ", "Sr", [2]int64{}, 1},
		{"client closes alone", []string{"S", "sa", "A", "FA", "a"}, "S2", "ShAFa", [2]int64{}, 4},
		{"server closes alone", []string{"S", "sa", "A", "fa", "A"}, "S3", "ShAf", [2]int64{}, 4},
		{"client resets", []string{"S", "sa", "A", "PA", "R"}, "RSTO", "ShADR", [2]int64{10, 0}, 4},
		{"server resets", []string{"S", "sa", "A", "PA", "r"}, "RSTR", "ShADr", [2]int64{10, 0}, 4},
		{"client gives up", []string{"S", "R"}, "RSTOS0", "SR", [2]int64{}, 1},
		{"only the server resets", []string{"sa", "r"}, "RSTRH", "hr", [2]int64{}, 1},
		{"half open", []string{"S", "FA"}, "SH", "SF", [2]int64{}, 1},
		{"only the server closes", []string{"sa", "fa"}, "SHR", "hf", [2]int64{}, 1},
		{"in the middle", []string{"PA", "a", "PA"}, "OTH", "Da", [2]int64{20, 0}, 2},
		{"closed, then reset", []string{"S", "sa", "A", "FA", "fa", "R"}, "SF", "ShAFfR", [2]int64{}, 4},
		{"lost and sent again", []string{"S", "sa", "A", "PA", "PAt", "a"}, "S1", "ShADTa", [2]int64{10, 0}, 5},
		{"window closes", []string{"S", "sa", "A", "PA", "aw", "a"}, "S1", "ShADaw", [2]int64{10, 0}, 5},
		{"contradicts itself", []string{"SF"}, "SH", "Q", [2]int64{}, 0},
		{"contradicts itself twice", []string{"S", "sa", "FR"}, "RSTO", "ShI", [2]int64{}, 2},
	} {
		var r Recorder
		var got *Record
		packets := recorded(c.steps...)
		for i := range packets {
			got = r.Add(Observed{Packet: &packets[i], Application: HTTP, Last: i == len(packets)-1})
		}
		if got == nil {
			t.Errorf("%s: no record", c.name)
			continue
		}
		if got.State() != c.state || got.History() != c.history || got.Payload != c.payload || got.Duration() != c.seconds*1e9 {
			t.Errorf("%s: %s %s, %v bytes, %d ns; want %s %s, %v, %d s", c.name, got.State(), got.History(), got.Payload, got.Duration(), c.state, c.history, c.payload, c.seconds)
		}
		if n := got.Packets[0] + got.Packets[1]; n != int64(len(packets)) || got.Last != n-1 || got.Start != 1e9 || got.End != n*1e9 || !got.Finished || got.Tuple.Dst.Port() != 80 {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Counts are those of the packets, each way, and what has not ended comes at the end.
func TestRecorder(t *testing.T) {
	var r Recorder
	ended := recorded("S", "sa", "A", "PA", "a")
	for i := range ended {
		var record Record
		if done := r.Add(Observed{Packet: &ended[i], Last: i == len(ended)-1}); done != nil {
			record = *done
		}
		other := ended[i]
		other.FlowID = 100 - int64(i)
		if r.Add(Observed{Packet: &other}) != nil {
			t.Error("a flow ends before its last packet")
		}
		if i < len(ended)-1 {
			continue
		}
		if record.ID != 7 || record.Packets != [2]int64{3, 2} || record.Bytes != [2]int64{60 + 60 + 64, 120} || record.IPBytes != [2]int64{40 + 40 + 50, 80} {
			t.Errorf("%+v", record)
		}
		if record.Flags != [2]TCPFlags{SYN | ACK | PSH, SYN | ACK} {
			t.Errorf("flags %v", record.Flags)
		}
	}
	rest := r.Rest()
	if len(rest) != 5 || rest[0].ID != 100 || rest[4].ID != 96 || rest[0].Finished || len(r.Rest()) != 0 {
		t.Errorf("%d flows are left: %+v", len(rest), rest)
	}
}

// What datagrams are.
func TestRecordOfDatagrams(t *testing.T) {
	for _, c := range []struct {
		directions     []Direction
		proto          uint8
		state, history string
	}{
		{[]Direction{Forward, Backward, Forward}, UDP, "SF", "Dd"},
		{[]Direction{Forward, Forward}, UDP, "S0", "D"},
		{[]Direction{Backward}, UDP, "SHR", "d"},
		{[]Direction{Forward}, ICMP, "OTH", ""},
	} {
		var r Recorder
		for i, dir := range c.directions {
			p := Packet{Time: int64(i), Direction: dir, PayloadLength: 5, Tuple: FiveTuple{Proto: c.proto}}
			r.Add(Observed{Packet: &p})
		}
		got := r.Rest()[0]
		if got.State() != c.state || got.History() != c.history || got.Payload[0]+got.Payload[1] != 5*int64(len(c.directions)) {
			t.Errorf("%v: %s %s %v", c, got.State(), got.History(), got.Payload)
		}
	}
}
