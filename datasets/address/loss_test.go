package address

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// transfer is a connection in which a server sends so many segments of 100 bytes.
func transfer(segments int) *flow.Flow {
	f := &flow.Flow{Tuple: flow.FiveTuple{Proto: flow.TCP}}
	next := [2]uint32{1, 1}
	add := func(d flow.Direction, flags flow.TCPFlags, payload int32) {
		p := flow.Packet{Time: int64(len(f.Packets)) * 1e6, Tuple: f.Tuple, Direction: d, Flags: flags, PayloadLength: payload, HeaderLength: 54, Seq: next[d], Ack: next[1-d], Window: 10}
		next[d] += uint32(payload)
		if flags&flow.SYN != 0 {
			next[d]++
		}
		f.Packets = append(f.Packets, p)
	}
	add(flow.Forward, flow.SYN, 0)
	add(flow.Backward, flow.SYN|flow.ACK, 0)
	add(flow.Forward, flow.ACK, 0)
	for range segments {
		add(flow.Backward, flow.ACK, 100)
	}
	add(flow.Forward, flow.ACK, 0)
	return f
}

// again appends packet i of a flow a second time, so long after the first.
func again(f *flow.Flow, i int, wait time.Duration) {
	p := f.Packets[i]
	p.Time += int64(wait)
	f.Packets = append(f.Packets, p)
}

// TestLosses: what is sent again counts by its reason.
func TestLosses(t *testing.T) {
	wait := [5]float64{2, 2, 2, 2, 2}
	for _, c := range []struct {
		name string
		lose func(f *flow.Flow) // packets 3 to 12 are data, 13 acknowledges them
		want Losses
	}{
		{"nothing", func(*flow.Flow) {}, Losses{}},
		{"timed out", func(f *flow.Flow) { again(f, 12, 2*time.Second) }, Losses{TimedOut: 0.1, Wait: wait}},
		{"needless", func(f *flow.Flow) { again(f, 12, 2*time.Second); again(f, 13, 3*time.Second) }, Losses{Needless: 0.1, Wait: wait}},
		{"SYN", func(f *flow.Flow) {
			f.Packets = append([]flow.Packet{f.Packets[0]}, f.Packets...)
		}, Losses{SYNs: 1}},
		{"fast", func(f *flow.Flow) {
			early := f.Packets[13]
			f.Packets = f.Packets[:13]
			early.Ack = f.Packets[5].Seq
			f.Packets = append(f.Packets, early)
			for k := range 3 {
				again(f, 13, time.Duration(k+1)*time.Millisecond)
			}
			again(f, 5, time.Second)
		}, Losses{Fast: 0.1, Duplicates: 3}},
	} {
		f := transfer(10)
		c.lose(f)
		var counts lossCounts
		counts.add(f)
		if got := counts.losses(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestLossesRefuse: no network has such losses.
func TestLossesRefuse(t *testing.T) {
	for _, c := range []struct {
		losses Losses
		want   string
	}{
		{Losses{}, ""},
		{Losses{TimedOut: 1, Fast: 0.5, Duplicates: 3, Wait: [5]float64{0, 1, 2, 3, 120}}, ""},
		{Losses{TimedOut: -0.1}, "timed_out is -0.1, want 0 to 1"},
		{Losses{Fast: 2}, "fast is 2, want 0 to 1"},
		{Losses{Needless: 1.5}, "needless is 1.5, want 0 to 1"},
		{Losses{SYNs: 3}, "syns is 3, want 0 to 1"},
		{Losses{Duplicates: 65}, "duplicates is 65, want 0 to 64"},
		{Losses{Wait: [5]float64{4: 121}}, "wait has 121, want 0 to 120 seconds"},
	} {
		err := c.losses.validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.losses, err, c.want)
		}
	}
}

// TestWaitAt: quantiles are interpolated.
func TestWaitAt(t *testing.T) {
	l := Losses{Wait: [5]float64{0, 1, 2, 4, 8}}
	for luck, want := range map[float64]time.Duration{0: 0, 0.125: 500 * time.Millisecond, 0.5: 2 * time.Second, 0.75: 4 * time.Second, 1: 8 * time.Second} {
		if got := l.WaitAt(luck); got != want {
			t.Errorf("at %g: %v, want %v", luck, got, want)
		}
	}
}
