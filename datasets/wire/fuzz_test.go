package wire

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// flowOf reads a flow out of bytes, six for each packet.
func flowOf(data []byte) *flow.Flow {
	f := &flow.Flow{Application: flow.Application(len(data) % 26), Tuple: flow.FiveTuple{Proto: flow.TCP}}
	if len(data)%5 == 0 {
		f.Tuple.Proto = flow.UDP
	}
	at := epoch
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
		f.Add(seed, n%2 == 0)
	}
	f.Add([]byte("\x02l\x00\x64\x00\x99\x12m\x00\x64\x00\x99\x10l\x00\x64\x00\x99\x18l\x02\x00\x00\x99\x11l\x00\x64\x00\x99"), true)
	f.Fuzz(func(t *testing.T, data []byte, complete bool) {
		if len(data) > 6*200 {
			return
		}
		one := flowOf(data)
		if len(one.Packets) == 0 {
			return
		}
		framer := newTestFramer(t, twoFamilies(), Options{Complete: complete})
		laws := newWireLaws(t)
		for frame, err := range framer.Frames(sequence([]*flow.Flow{one})) {
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

// FuzzReadPlan: a plan that is taken can be used.
func FuzzReadPlan(f *testing.F) {
	small := DefaultPlan()
	small.Services = small.Services[:2]
	small.Services[0].Pairs, small.Services[1].Pairs = small.Services[0].Pairs[:1], small.Services[1].Pairs[:1]
	small.Hosts = small.Hosts[:33]
	var text bytes.Buffer
	if err := small.Write(&text); err != nil {
		f.Fatal(err)
	}
	f.Add(text.String())
	f.Add(strings.ReplaceAll(text.String(), "60999", "32768"))
	f.Add(`{"version":1,"mtu":1500,"spare4":"198.19.0.0/31","spare6":"::/0","services":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := ReadPlan(strings.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		framer, err := NewFramer(plan, Options{}, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		flows := []*flow.Flow{plainFlow(1, epoch, 14), plainFlow(2, epoch, 14), plainFlow(3, epoch, 14)}
		for frame, err := range framer.Frames(sequence(flows)) {
			if err != nil {
				t.Fatal(err)
			}
			if len(frame.Bytes) < minFrame {
				t.Fatalf("%d bytes", len(frame.Bytes))
			}
		}
	})
}
