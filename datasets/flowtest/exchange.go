package flowtest

import "github.com/necstgen/necstgen/datasets/flow"

// Exchanges returns n TCP flows of a handshake, a request and an answer of about so
// many bytes, one a second, each of six packets.
func Exchanges(n int, answer int32) []*flow.Flow {
	flows := make([]*flow.Flow, n)
	for i := range flows {
		f := &flow.Flow{ID: int64(i), Tuple: flow.FiveTuple{Proto: flow.TCP}}
		start := int64(1_700_000_000+i) * 1e9
		for k, p := range []struct {
			direction flow.Direction
			flags     flow.TCPFlags
			length    int32
		}{{0, flow.SYN, 74}, {1, flow.SYN | flow.ACK, 74}, {0, flow.ACK, 66}, {0, flow.PSH | flow.ACK, 180}, {1, flow.PSH | flow.ACK, answer + int32(i%7)*40}, {0, flow.ACK, 66}} {
			f.Packets = append(f.Packets, flow.Packet{
				Time: start + int64(k*k+i%3)*2_000_000, Direction: p.direction, Flags: p.flags, Length: p.length, HeaderLength: 54, PayloadLength: max(0, p.length-54), FlowID: int64(i),
			})
		}
		flows[i] = f
	}
	return flows
}

// Heard returns n devices that one gateway hears four times each, louder by so many dB.
func Heard(n int, louder float32) []*flow.Flow {
	flows := make([]*flow.Flow, n)
	for i := range flows {
		f := &flow.Flow{ID: int64(i), Application: flow.LoRaWAN}
		for k := range 4 {
			at := float32(i*7%30) + float32(k)
			f.Packets = append(f.Packets, flow.Packet{Time: int64(1_700_000_000+60*i+10*k) * 1e9, Length: 24, HeaderLength: 9, PayloadLength: 11, FlowID: int64(i), Application: flow.LoRaWAN, Radio: &flow.Radio{
				Address: uint32(i), Counter: uint32(k), SpreadingFactor: uint8(7 + i%6), RSSI: -120 + at + louder, SNR: -10 + at/3 + louder/4,
			}})
		}
		flows[i] = f
	}
	return flows
}
