package sampled

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/timeline"
)

// log10Of is log10(1 + x) for every size of number that a history counts.
func TestLog10Of(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		x := int64(math.Exp(random.Float64() * 43)) // up to 4.7e18: 149 years in nanoseconds
		want := math.Log10(1 + float64(x))
		if got := float64(log10Of(x)); math.Abs(got-want) > 1e-6*max(1, want) {
			t.Fatalf("log10 of 1+%d is %.9f, want %.9f", x, got, want)
		}
	}
	for _, row := range []struct {
		gap  time.Duration
		want float64
	}{{0, -9}, {1, -9}, {time.Microsecond, -6}, {time.Second, 0}, {1000 * time.Second, 3}} {
		if got := float64(logTime(row.gap)); math.Abs(got-row.want) > 2e-6 {
			t.Errorf("log10 of %v is %g, want %g", row.gap, got, row.want)
		}
	}
}

// A decoder's packets are what encode makes the same classes of.
func TestDecodeInvertsEncode(t *testing.T) {
	flows := bursts(60, 3)
	for i, f := range flows {
		for j := range f.Packets {
			f.Packets[j].Flags = []flow.TCPFlags{flow.ACK, flow.PSH | flow.ACK, flow.SYN}[(i+j)%3]
			f.Packets[j].PayloadLength = int32(j % 7 * 100)
		}
	}
	v, err := fitVocabulary(flows, 16, 8)
	if err != nil {
		t.Fatal(err)
	}
	d := newDecoder(v)
	random := rand.New(rand.NewPCG(1, 2))
	codes, again := make([]int32, headCount), make([]int32, headCount)
	for _, f := range flows {
		var before timeline.Turns
		for i := range f.Packets {
			last := len(f.Packets) - 1
			v.encode(codes, f, i, last, &before)
			var p flow.Packet
			gap, end := d.decode(&p, codes, &before, random.Float64(), random.Float64())
			if end != (i == last) {
				t.Fatalf("flow %d, packet %d: end is %v", f.ID, i, end)
			}
			one := &flow.Flow{Packets: []flow.Packet{{Time: f.Packets[0].Time}, p}}
			one.Packets[1].Time = one.Packets[0].Time + int64(gap)
			ends := 1
			if !end {
				ends = 2
			}
			v.encode(again, one, 1, ends, &before)
			before.Add(f.Packets[i].Direction, timeline.GapBefore(f, i))
			if i == 0 {
				again[headGap], again[headFraction] = codes[headGap], codes[headFraction]
			}
			// The resolution rounds a gap, at times across the border of its fraction.
			if !slices.Equal(again[:headGap], codes[:headGap]) || math.Abs(float64(again[headGap]-codes[headGap])) > 1 {
				t.Fatalf("flow %d, packet %d: classes %v became %v", f.ID, i, codes, again)
			}
		}
	}
}
