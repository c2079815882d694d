package fidelity

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// conversation makes a TCP flow of packets written as tcpdump writes flags, with
// > from the client and < from the server: ">S <SA >A".
func conversation(text string) *flow.Flow {
	letters := map[rune]flow.TCPFlags{'S': flow.SYN, 'A': flow.ACK, 'P': flow.PSH, 'F': flow.FIN, 'R': flow.RST}
	f := &flow.Flow{Tuple: flow.FiveTuple{Proto: flow.TCP}}
	for i, word := range strings.Fields(text) {
		p := flow.Packet{Time: int64(i) * 1e6, Length: 60}
		if word[0] == '<' {
			p.Direction = flow.Backward
		}
		for _, letter := range word[1:] {
			p.Flags |= letters[letter]
		}
		f.Packets = append(f.Packets, p)
	}
	return f
}

func TestHandshakeAndClose(t *testing.T) {
	for _, test := range []struct {
		name, packets string
		open, closed  bool
	}{
		{"full", ">S <SA >A >PA <PA >FA <FA >A", true, true},
		{"SYN repeated", ">S >S <SA >A >FA <FA >A", true, true},
		{"SYN/ACK repeated", ">S <SA <SA >A", true, false},
		{"ACK with data", ">S <SA >PA <A <FA >A >FA <A", true, true},
		{"both FINs before any ACK", ">S <SA >A >FA <FA <A >A", true, true},
		{"first FIN only", ">S <SA >A >FA <A", true, false},
		{"last FIN not acknowledged", ">S <SA >A >FA <A <FA", true, false},
		{"FIN repeated, not acknowledged", ">S <SA >A >FA <FA <FA", true, false},
		{"reset", ">S <SA >A >PA <R", true, false},
		{"reset after the close", ">S <SA >A >FA <FA >A <R", true, true},
		{"refused", ">S <RA", false, false},
		{"midway", ">PA <A >FA <FA >A", false, true},
		{"handshake from the server", "<S >SA <A", false, false},
		{"SYN alone", ">S", false, false},
		{"SYN, then data", ">S >PA <SA >A", false, false},
		{"no flags", "> < >", false, false},
	} {
		f := conversation(test.packets)
		if got := Handshake(f); got != test.open {
			t.Errorf("%s: handshake %v, want %v", test.name, got, test.open)
		}
		if got := Closed(f); got != test.closed {
			t.Errorf("%s: closed %v, want %v", test.name, got, test.closed)
		}
	}
}

// TestAutocorrelation takes one flow of period two: -1 at odd lags, 1 at even ones.
func TestAutocorrelation(t *testing.T) {
	f := &flow.Flow{}
	for i := range 64 {
		f.Packets = append(f.Packets, flow.Packet{Length: int32(100 + 50*(i%2))})
	}
	s := newSample([]*flow.Flow{f, f}, 1)
	r, pairs := autocorrelation(s, func(_ *sample, f *flow.Flow, i int) float64 { return float64(f.Packets[i].Length) }, 0)
	for k := 1; k <= maxLag; k++ {
		want := 1 - 2*float64(k%2)
		if math.Abs(r[k]-want) > 1e-12 || pairs[k] != 2*(64-k) {
			t.Errorf("lag %d: %v of %d pairs, want %v of %d", k, r[k], pairs[k], want, 2*(64-k))
		}
	}
}

// TestTurnTime holds the definition: the time since the change before, or since
// the flow's start.
func TestTurnTime(t *testing.T) {
	f := conversation(">S <SA >A >PA <PA <PA >A")
	for i := range f.Packets {
		f.Packets[i].Time = []int64{0, 10, 12, 20, 50, 55, 100}[i] * 1e6
	}
	s := newSample([]*flow.Flow{f}, 1000)
	var got []float64
	for _, v := range s.turn {
		got = append(got, math.Round(math.Pow(10, v)*1e6)/1e3)
	}
	want := []float64{2, 10, 38, 50} // 12-10, 10-0, 50-12, 100-50, sorted
	if len(got) != len(want) {
		t.Fatalf("%v ms, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v ms, want %v", got, want)
		}
	}
}

func TestFoldGroups(t *testing.T) {
	same := func(groups []int, i, j int) bool { return groups[i] == groups[j] }
	x := [][]float64{{1}, {2}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}}
	flows := []int{0, 0, 1, 2, 3, 4, 5, 6, 7, 8}
	groups, note := foldGroups(x, flows, 2)
	if !same(groups, 0, 1) || !same(groups, 1, 2) || same(groups, 2, 3) || note != "" {
		t.Errorf("groups %v, note %q: want rows 0 to 2 together", groups, note)
	}
	groups, note = foldGroups(x, flows, 5) // three rows of ten are more than a fold
	if same(groups, 0, 1) || !same(groups, 1, 2) || note == "" {
		t.Errorf("groups %v, note %q: want rows 1 and 2 together and a note", groups, note)
	}
}

// TestClosest compares the search with looking at every training flow.
func TestClosest(t *testing.T) {
	training, others := simulate(300, 1, web), simulate(50, 2, web)
	n := newNeighbourhood(training, loggedSummary(1000))
	for _, f := range others {
		x := n.of(f)
		n.scale.apply(x)
		want := math.Inf(1)
		for _, row := range n.rows {
			var sum float64
			for j := range x {
				sum += (row[j] - x[j]) * (row[j] - x[j])
			}
			want = min(want, math.Sqrt(sum))
		}
		if got := closest(n.rows, x); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func TestClock(t *testing.T) {
	f := conversation(">S <SA")
	f.Packets[1].Time = 12_345_000
	if c := clockOf([]*flow.Flow{f}); c != 1000 {
		t.Errorf("whole microseconds: clock of %d ns", c)
	}
	f.Packets[1].Time++
	if c := clockOf([]*flow.Flow{f}); c != 1 {
		t.Errorf("nanoseconds: clock of %d ns", c)
	}
	for _, test := range []struct {
		clock clock
		in    int64
		want  float64
	}{{1000, 0, -6}, {1, 7, -6}, {1000, 1499, -6}, {1000, 1500, math.Log10(2e-6)}, {1, 1500, math.Log10(1.5e-6)}, {1, 1e9, 0}} {
		if got := test.clock.logSeconds(test.in); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("%d ns at %d ns: %v, want %v", test.in, test.clock, got, test.want)
		}
	}
}

// TestDrawLimits: no more flows than asked for, and none after the packets' limit.
func TestDrawLimits(t *testing.T) {
	flows := simulate(100, 1, web)
	if n := len(draw(flows, 30, math.MaxInt, rand.NewPCG(1, 1))); n != 30 {
		t.Errorf("%d flows, want 30", n)
	}
	packets := 0
	for _, f := range draw(flows, 100, 200, rand.NewPCG(1, 1)) {
		packets += len(f.Packets)
	}
	if packets == 0 || packets > 200 {
		t.Errorf("%d packets, want at most 200", packets)
	}
}
