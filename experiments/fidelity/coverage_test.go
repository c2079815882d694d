package fidelity

import (
	"math"
	"slices"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

func TestFlowType(t *testing.T) {
	tcp := func(text string) *flow.Flow {
		f := conversation(text)
		for i := range f.Packets {
			if p := &f.Packets[i]; p.Flags&flow.PSH != 0 {
				p.PayloadLength = 100
			}
		}
		return f
	}
	datagrams := func(payloads ...int32) *flow.Flow {
		f := &flow.Flow{Tuple: flow.FiveTuple{Proto: flow.UDP}}
		for i, n := range payloads {
			f.Packets = append(f.Packets, flow.Packet{Direction: flow.Direction(i % 2), PayloadLength: n})
		}
		return f
	}
	for _, tt := range []struct {
		name  string
		a, b  *flow.Flow
		flags bool
		same  bool
	}{
		{"segments that only acknowledge", tcp(">S <SA >A >PA <A <PA <PA >A >FA <FA >A"), tcp(">S <SA >PA <PA >FA <FA"), true, true},
		{"more data segments in a row", tcp(">S <SA >PA <PA <PA <PA"), tcp(">S <SA >PA <PA"), true, true},
		{"one more request", tcp(">S <SA >PA <PA"), tcp(">S <SA >PA <PA >PA <PA"), true, false},
		{"another direction", tcp(">S <SA >PA"), tcp(">S <SA <PA"), true, false},
		{"other flags", tcp(">S <SA >PA <FA"), tcp(">S <SA >PA <RA"), true, false},
		{"flags that are not known", tcp(">S <SA >PA"), tcp(">P <P >PA"), false, false}, // 0, 0, 100 bytes and 100, 100, 100
		{"another protocol", datagrams(), tcp(""), true, false},
		{"datagrams of similar length", datagrams(40, 120), datagrams(33, 127), true, true},
		{"datagrams of another length", datagrams(40, 120), datagrams(31, 120), true, false},
		{"a datagram more", datagrams(40, 120), datagrams(40, 120, 40), true, false},
	} {
		if got := flowType(tt.a, tt.flags) == flowType(tt.b, tt.flags); got != tt.same {
			t.Errorf("%s: one type %v, want %v", tt.name, got, tt.same)
		}
	}
}

func TestRareTypes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		types map[string]int
		want  []string
	}{
		{"none", nil, nil},
		{"one type", map[string]int{"a": 50}, nil},
		{"equally frequent", map[string]int{"a": 10, "b": 10}, nil},
		{"a tenth", map[string]int{"a": 90, "b": 6, "c": 4}, []string{"b", "c"}},
		{"more than a tenth", map[string]int{"a": 90, "b": 8, "c": 4}, []string{"c"}},
		{"the rarest is more than a tenth", map[string]int{"a": 60, "b": 40}, []string{"b"}},
		{"as rare as the last", map[string]int{"a": 80, "b": 7, "c": 7, "d": 7}, []string{"b", "c", "d"}},
	} {
		var got []string
		for kind := range rareTypes(tt.types) {
			got = append(got, kind)
		}
		if slices.Sort(got); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q are rare, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCovered: recall and precision are shares of flows, not of types.
func TestCovered(t *testing.T) {
	real, synthetic := map[string]int{"a": 90, "b": 10}, map[string]int{"a": 40, "c": 10}
	if r := covered(real, synthetic, nil, "real"); r.value != 0.9 || r.real != 100 || r.synthetic != 50 {
		t.Errorf("recall: %+v, want 0.9 of 100 and 50 flows", r)
	}
	if r := covered(synthetic, real, nil, "synthetic"); r.value != 0.8 {
		t.Errorf("precision: %+v, want 0.8", r)
	}
	if r := covered(real, synthetic, rareTypes(real), "rare real"); r.value != 0 || r.real != 10 {
		t.Errorf("recall of rare types: %+v, want 0 of 10 flows", r)
	}
}

// TestSurroundings: the same rows cover each other, distant ones do not, and a scale or a
// shift of a column changes nothing.
func TestSurroundings(t *testing.T) {
	a, b := newSample(simulate(150, 1, web), 1000), newSample(simulate(150, 2, web), 1000)
	rows := func(factor float64) (real, synthetic [][]float64) {
		real, synthetic = profiles(a.flows, 1000), profiles(b.flows, 1000)
		for _, side := range [][][]float64{real, synthetic} {
			for i := range side {
				side[i][1] = factor*side[i][1] + 5*factor - 5
			}
		}
		standardise(real, synthetic)
		return real, synthetic
	}
	real, synthetic := rows(1)
	if r, p := near(real, real, radii(real)); r != 1 || p != 1 {
		t.Errorf("rows against themselves: recall %g, precision %g", r, p)
	}
	r, p := near(real, synthetic, radii(real))
	if r < 0.9 || p < 0.9 {
		t.Errorf("the same traffic: recall %g, precision %g", r, p)
	}
	scaledReal, scaledSynthetic := rows(7)
	if got, _ := near(scaledReal, scaledSynthetic, radii(scaledReal)); math.Abs(got-r) > 0.01 {
		t.Errorf("another unit of bytes: recall %g, before %g", got, r)
	}
	for _, row := range synthetic {
		row[0] += 100
	}
	if r, p := near(real, synthetic, radii(real)); r != 0 || p != 0 {
		t.Errorf("distant rows: recall %g, precision %g", r, p)
	}
}

// BenchmarkSurroundings is the surroundings of as many flows a side as are compared.
func BenchmarkSurroundings(b *testing.B) {
	c := &comparison{real: newSample(simulate(maxProfiles, 1, web), 1000), synthetic: newSample(simulate(maxProfiles, 2, web), 1000)}
	for b.Loop() {
		c.surroundings()
	}
}
