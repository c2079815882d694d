package tcp

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/lorawan/lorawantest"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// flowOf reads a flow out of bytes, six for each packet.
func flowOf(data []byte) *flow.Flow {
	f := &flow.Flow{Application: flow.Application(len(data) % 26), Tuple: flow.FiveTuple{Proto: flow.TCP}}
	if len(data)%5 == 0 {
		f.Tuple.Proto = flow.UDP
	}
	at := flowtest.Epoch
	for ; len(data) >= 6; data = data[6:] {
		f.Packets = append(f.Packets, flow.Packet{
			Time:          at,
			Flags:         flow.TCPFlags(data[0]),
			Direction:     flow.Direction(data[1] & 1),
			HeaderLength:  int32(data[1] >> 1),
			PayloadLength: int32(data[2])<<8 | int32(data[3]) - 100,
		})
		at += int64(data[4])<<8 | int64(data[5]) - 50
	}
	return f
}

// FuzzFramer: whatever a generator says, the frames obey the laws.
func FuzzFramer(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 3))
	for n := range 40 {
		seed := make([]byte, n*13)
		for i := range seed {
			seed[i] = byte(r.Uint32())
		}
		f.Add(seed, n%2 == 0, uint8(n))
	}
	f.Add([]byte("\x02l\x00\x64\x00\x99\x12m\x00\x64\x00\x99\x10l\x00\x64\x00\x99\x18l\x02\x00\x00\x99\x11l\x00\x64\x00\x99"), true, uint8(0))
	plan := twoFamilies()
	for i := range plan.Services { // few pairs: what the options change is done in no time
		pairs := plan.Services[i].Pairs
		plan.Services[i].Pairs = append(pairs[:3:3], pairs[len(pairs)-3:]...)
	}
	f.Fuzz(func(t *testing.T, data []byte, complete bool, choice uint8) {
		if len(data) > 6*200 {
			return
		}
		one := flowOf(data)
		if len(one.Packets) == 0 {
			return
		}
		opts := Options{Complete: complete, Hosts: address.Options{IPv6: address.IPv6(choice % 3), Clients: int(choice / 64 * 3)}, MTU: []int{0, address.MinMTU, 1500, address.MaxMTU}[choice/16%4]}
		if choice&8 != 0 {
			opts.Hosts.Addresses = prefixes("10.0.0.0/24", "fd00::/64")
		}
		framer := newTestFramer(t, plan, opts)
		laws := newWireLaws(t)
		for frame, err := range framer.Frames(flowtest.Sequence([]*flow.Flow{one})) {
			if err != nil {
				t.Fatal(err)
			}
			laws.check(frame)
		}
		if laws.number == 0 {
			t.Error("no frame")
		}
	})
}

// FuzzUplinks: whatever a generator says of uplinks, both forms are read back as
// data frames with the right integrity codes, as many as were sent.
func FuzzUplinks(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 3))
	for n := range 20 {
		seed := make([]byte, n*17)
		for i := range seed {
			seed[i] = byte(r.Uint32())
		}
		f.Add(seed, n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, tap bool) {
		if len(data) > 16*50 {
			return
		}
		one := &flow.Flow{Application: flow.LoRaWAN}
		at := flowtest.Epoch
		for ; len(data) >= 16; data = data[16:] {
			at += int64(int8(data[0])) * 1e7
			one.Packets = append(one.Packets, flow.Packet{Time: at, Length: int32(int16(data[1])<<8 | int16(data[2])), Radio: &flow.Radio{
				MType: data[3], Port: int16(data[4])<<8 | int16(data[5]), Address: uint32(data[6] % 4), Gateway: uint64(data[7] % 3), Counter: uint32(data[8]) << 8,
				Bandwidth: uint16(data[9])<<8 | uint16(data[10]), SpreadingFactor: data[11], CodeRate: data[12], CRC: int8(data[13]), RSSI: -float32(data[14]),
				SNR: float32(int8(data[15])), Frequency: uint32(data[15]) << 24,
			}})
		}
		if len(one.Packets) == 0 {
			return
		}
		link := Semtech
		if tap {
			link = LoRaTap
		}
		capture, _ := framesIn(t, newTestFramer(t, nil, Options{Link: link}), link, []*flow.Flow{one})
		uplinks := 0
		for p, err := range lorawan.Uplinks(pcap.Packets(bytes.NewReader(capture), "out.pcap")) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Radio == nil {
				continue
			}
			if uplinks++; p.Radio.Address>>26 != 0 {
				t.Fatalf("device %08x", p.Radio.Address)
			}
			if ok, err := lorawantest.CheckMIC(p.Payload, p.Radio.Counter, lorawan.TestNetworkKey); err != nil || !ok {
				t.Fatalf("integrity code right: %t, %v", ok, err)
			}
		}
		if uplinks != len(one.Packets) {
			t.Fatalf("%d uplinks of %d", uplinks, len(one.Packets))
		}
	})
}
