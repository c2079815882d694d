package link

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var client, server = MAC{2, 0, 0, 0, 0, 1}, MAC{2, 0, 0, 0, 0, 2}

// ip is a frame of the given length.
func ip(to, from MAC, length int) []byte {
	frame := make([]byte, length)
	copy(frame, to[:])
	copy(frame[6:], from[:])
	frame[12], frame[13] = 8, 0
	return frame
}

func TestDeparture(t *testing.T) {
	const ms = time.Millisecond
	slow := Path{Delay: 10 * ms, Down: 8e6, Up: 8e5, Queue: 3 * ms}
	for _, tt := range []struct {
		name      string
		direction Direction
		lossy     bool
		path      Path
		frames    [][]byte // all arrive at 1 s
		want      []time.Duration
	}{
		{"delay", ToFar, false, Path{Delay: 10 * ms}, [][]byte{ip(server, client, 100)}, []time.Duration{1010 * ms}},
		{"down rate: 976 and 24 bytes take 1 ms", ToNear, false, slow, [][]byte{ip(client, server, 976), ip(client, server, 976)}, []time.Duration{1011 * ms, 1012 * ms}},
		{"up rate", ToFar, false, slow, [][]byte{ip(server, client, 976)}, []time.Duration{1020 * ms}},
		{"queue full: the fifth would wait 4 ms", ToNear, true, slow,
			[][]byte{ip(client, server, 976), ip(client, server, 976), ip(client, server, 976), ip(client, server, 976), ip(client, server, 976)},
			[]time.Duration{1011 * ms, 1012 * ms, 1013 * ms, 1014 * ms, 0}},
		{"another client's frames do not wait", ToNear, false, slow, [][]byte{ip(client, server, 976), ip(server, client, 976)}, []time.Duration{1011 * ms, 1000 * ms}},
		{"shorter than a header", ToFar, true, Path{Loss: 1, Delay: ms}, [][]byte{{1, 2, 3}}, []time.Duration{1000 * ms}},
		{"always lost", ToFar, true, Path{Loss: 1}, [][]byte{ip(server, client, 60)}, []time.Duration{0}},
		{"not lost in this direction", ToFar, false, Path{Loss: 1}, [][]byte{ip(server, client, 60)}, []time.Duration{1000 * ms}},
	} {
		s := NewShaper(tt.direction, tt.lossy, map[MAC]Path{client: tt.path}, Path{}, rand.NewPCG(1, 1))
		for i, frame := range tt.frames {
			got, ok := s.Departure(time.Second, frame)
			if ok != (tt.want[i] != 0) || ok && got != tt.want[i] {
				t.Errorf("%s: frame %d leaves at %v, %v, want %v", tt.name, i, got, ok, tt.want[i])
			}
		}
	}
}

// TestShaperLaws: frames stay in order, the mean delay is that of the path, the share of lost frames too, and the seed decides.
func TestShaperLaws(t *testing.T) {
	path := Path{Delay: 20 * time.Millisecond, Jitter: 2 * time.Millisecond, Loss: 0.1}
	pass := func(seed uint64) (departures []time.Duration, delay time.Duration) {
		s := NewShaper(ToNear, true, map[MAC]Path{client: path}, Path{}, rand.NewPCG(seed, 0))
		last := time.Duration(0)
		for i := range 20_000 {
			now := time.Duration(i) * 50 * time.Millisecond
			at, ok := s.Departure(now, ip(client, server, 500))
			if !ok {
				continue
			}
			if at < last || at < now+path.Delay {
				t.Fatalf("frame %d arrives at %v, leaves at %v, the one before at %v", i, now, at, last)
			}
			last = at
			departures = append(departures, at)
			delay += at - now
		}
		return departures, delay / time.Duration(len(departures))
	}
	a, mean := pass(7)
	if lost := 1 - float64(len(a))/20_000; math.Abs(lost-path.Loss) > 0.01 {
		t.Errorf("%.3f of the frames are lost, want 0.1", lost)
	}
	if want := path.Delay + path.Jitter; (mean - want).Abs() > 100*time.Microsecond {
		t.Errorf("mean delay %v, want %v", mean, want)
	}
	b, _ := pass(7)
	if len(a) != len(b) || a[len(a)-1] != b[len(b)-1] {
		t.Error("the same seed gives other departures")
	}
	if c, _ := pass(8); len(a) == len(c) && a[len(a)-1] == c[len(c)-1] {
		t.Error("another seed gives the same departures")
	}
}
