package sampled

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// roundTrips are flows of which the packets of one direction follow those of the other at a
// round trip of the flow, which differs a hundredfold between flows, and those of the other
// direction at times of their own.
func roundTrips(n int, far flow.Direction, seed uint64) []*flow.Flow {
	random := rand.New(rand.NewPCG(seed, 2))
	flows := make([]*flow.Flow, n)
	for i := range flows {
		f := &flow.Flow{ID: int64(i), Application: flow.HTTP, Tuple: flow.FiveTuple{Proto: flow.TCP}}
		trip, now := math.Pow(10, -4+2*random.Float64()), int64(0)
		for j := range 12 {
			d := flow.Direction(j % 2)
			seconds := math.Pow(10, -5+random.NormFloat64())
			if d == far {
				seconds = trip * math.Pow(10, 0.05*random.NormFloat64())
			}
			if j > 0 {
				now += int64(seconds * 1e9)
			}
			f.Packets = append(f.Packets, flow.Packet{Time: now, Direction: d, HeaderLength: 54, PayloadLength: 10, Length: 64, Tuple: f.Tuple, Application: flow.HTTP})
		}
		flows[i] = f
	}
	return flows
}

// Whichever end is far from the capture, and no other direction, is tied to the flow's
// first gap, and what the classes of ratios stand for is near the original gap.
func TestTurnGaps(t *testing.T) {
	for far := range flow.Direction(2) {
		flows := roundTrips(200, far, 1)
		v, err := fitVocabulary(flows, 24, 8)
		if err != nil {
			t.Fatal(err)
		}
		if want := [2]bool{far == 0, far == 1}; v.Turn.Tied != want {
			t.Fatalf("far end sends in direction %d: tied are %v, want %v", far, v.Turn.Tied, want)
		}
		codes, d := make([]int32, headCount), newDecoder(v)
		ratios, packets := 0, 0
		for _, f := range flows {
			var before flow.Answers
			for i := range f.Packets {
				v.encode(codes, f, i, len(f.Packets)-1, &before)
				gap := timeline.GapBefore(f, i)
				if first := before.First(far); first > 0 && before.Next(far) && f.Packets[i].Direction == far {
					packets++
					if int(codes[headGap]) >= v.Gap.Len() {
						ratios++
						var p flow.Packet
						again, _ := d.decode(&p, codes, &before, 0.5, 0.5)
						if off := math.Abs(timeline.LogGap(again) - timeline.LogGap(gap)); off > 0.1 { // the width of the outermost bins
							t.Errorf("a gap of %v, the first being %v, became %v", gap, first, again)
						}
					}
				} else if int(codes[headGap]) >= v.Gap.Len() {
					t.Fatalf("flow %d, packet %d of direction %d is a ratio", f.ID, i, f.Packets[i].Direction)
				}
				before.Add(f.Packets[i].Direction, gap)
			}
		}
		if ratios < packets*99/100 {
			t.Errorf("%d of %d gaps are told as ratios", ratios, packets)
		}
	}
}

// Where no direction is tied, or none turns, there are no ratios.
func TestTurnGapsUntied(t *testing.T) {
	oneWay := roundTrips(50, 0, 1)
	for _, f := range oneWay {
		for i := range f.Packets {
			f.Packets[i].Direction = flow.Forward
		}
	}
	for name, flows := range map[string][]*flow.Flow{"bursts": bursts(100, 1), "one way": oneWay, "one packet": {{Packets: make([]flow.Packet, 1)}}} {
		v, err := fitVocabulary(flows, 8, 8)
		if err != nil {
			t.Fatal(err)
		}
		if v.Turn.classes() != 0 || v.gapClasses() != v.Gap.Len() || v.Turn.Tied != [2]bool{} {
			t.Errorf("%s: %d classes of ratios, tied %v", name, v.Turn.classes(), v.Turn.Tied)
		}
	}
}

// No ratio makes a gap greater than the greatest that was seen, however great the first is.
func TestTurnGapsEnd(t *testing.T) {
	flows := roundTrips(200, flow.Backward, 1)
	g, err := fitTurnGaps(flows)
	if err != nil {
		t.Fatal(err)
	}
	greatest := 0.0
	for _, f := range flows {
		for i := range f.Packets {
			if f.Packets[i].Direction == flow.Backward {
				greatest = max(greatest, timeline.GapBefore(f, i).Seconds())
			}
		}
	}
	before := flow.BeginAnswers(flow.Backward, 100e9)
	for class := range g.classes() {
		if got := g.value(&before, flow.Backward, class, 0, 0.5); math.Abs(math.Pow(10, got)-greatest) > 1e-9 {
			t.Errorf("class %d: %g s behind a first gap of 100 s, want the greatest, %g s", class, math.Pow(10, got), greatest)
		}
	}
}
