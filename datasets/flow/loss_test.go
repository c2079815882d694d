package flow

import (
	"slices"
	"testing"
)

// TestLosses: each way in which a segment is sent again is told apart, and a flow without
// its losses has every byte once, in order.
func TestLosses(t *testing.T) {
	move := func(p []Packet, from, to int) []Packet { // as if it had come later
		late := p[from]
		late.Time = p[to].Time + 1e8
		return slices.Insert(slices.Delete(p, from, from+1), to, late)
	}
	again := func(p []Packet, from, to int) []Packet { // a copy
		twice := p[from]
		twice.Time = p[to-1].Time + 1e8
		return slices.Insert(p, to, twice)
	}
	talk := []string{"S", "sa", "A", "PA", "PA", "PA", "a", "pa", "A"}
	for _, c := range []struct {
		name    string
		packets []Packet
		at      int
		want    Observation
		left    int
	}{
		{"nothing lost", acknowledged(talk...), 0, Observation{}, 9},
		{"lost behind", again(acknowledged(talk...), 3, 6), 6, Observation{Loss: SentAgain, Wait: 21e8}, 9},
		{"in vain", again(acknowledged(talk...), 3, 9), 9, Observation{Loss: SentInVain, Wait: 51e8}, 9},
		{"late", move(acknowledged(talk...), 3, 5), 5, Observation{Loss: SentLate, Wait: 11e8, At: 3}, 9},
		{"SYN again", again(acknowledged(talk...), 0, 1), 1, Observation{Loss: SYNAgain, Wait: 1e8}, 9},
		{"duplicate ACK", again(acknowledged("S", "sa", "A", "PA", "a", "PA", "a"), 4, 6), 6, Observation{Loss: DuplicateACK}, 7},
		{"ACK without data", again(acknowledged(talk...), 2, 3), 0, Observation{}, 10},
	} {
		f := Flow{Packets: c.packets}
		observed := f.Losses()
		if observed == nil {
			observed = make([]Observation, len(f.Packets))
		}
		for i, o := range observed {
			want := Observation{}
			if i == c.at {
				want = c.want
			}
			if o != want {
				t.Errorf("%s: packet %d shows %+v, want %+v", c.name, i, o, want)
			}
		}
		clean := f.WithoutLosses()
		if len(clean.Packets) != c.left || clean.Losses() != nil {
			t.Errorf("%s: %d packets are left, want %d and none that shows a loss", c.name, len(clean.Packets), c.left)
		}
		if !slices.IsSortedFunc(clean.Packets, func(a, b Packet) int { return int(a.Time - b.Time) }) {
			t.Errorf("%s: out of the order of time", c.name)
		}
	}
}

// acknowledged are packets as recorded makes them, each of which acknowledges all that its
// side has received.
func acknowledged(steps ...string) []Packet {
	packets := recorded(steps...)
	var next [2]uint32
	for i := range packets {
		p := &packets[i]
		if p.Flags&ACK != 0 {
			p.Ack = next[1-p.Direction]
		}
		next[p.Direction] = p.Seq + segmentLength(p)
	}
	return packets
}

// TestLossesUnknown: without sequence numbers nothing is said.
func TestLossesUnknown(t *testing.T) {
	packets := recorded("S", "sa", "A", "PA", "PAt")
	for i := range packets {
		packets[i].Seq, packets[i].Ack = 0, 0
	}
	if f := (&Flow{Packets: packets}); f.Losses() != nil || f.WithoutLosses() != f {
		t.Error("losses of a flow without sequence numbers")
	}
}
