package sampled

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// TestEndings: a flow of a given number of packets ends with its last one, by a class with
// which flows end, and the connection closes in time.
func TestEndings(t *testing.T) {
	flows := gentest.Flows(200, rand.NewPCG(1, 1))
	v, err := fitVocabulary(flows, 8, 8)
	if err != nil {
		t.Fatal(err)
	}
	g, e, d := fitGrammar(flows, v), fitEndings(flows), newDecoder(v)
	for _, row := range e {
		var all float64
		for _, fraction := range row {
			all += fraction
		}
		if all < 0.999 || all > 1.001 {
			t.Errorf("fractions sum to %v", all)
		}
	}
	random := rand.New(rand.NewPCG(2, 2))
	mask := make([]float32, len(d.ends))
	for want := 8; want < 40; want++ {
		past := begin(targets{}, radio.Past{})
		closed := [2]bool{}
		for i := range want {
			s := maskState{past.connection(), past.before(), min(want-i, mostCounted+2)}
			g.mask(mask, s.connection)
			e.mask(mask, s, d)
			best := -1
			for _, class := range random.Perm(len(mask)) { // a network that knows nothing
				if best < 0 || mask[class] > mask[best] {
					best = class
				}
			}
			p := d.classes[best]
			if d.ends[best] != (i == want-1) {
				t.Fatalf("%d packets: packet %d ends the flow: %v", want, i, d.ends[best])
			}
			closed[p.Direction] = closed[p.Direction] || p.Flags&flow.FIN != 0
			past.add(&p, 1000)
		}
		if closed != [2]bool{true, true} {
			t.Errorf("%d packets: sides that close: %v", want, closed)
		}
	}
	// Where the grammar leaves nothing, it does not count; where there is no class at all,
	// the flow is cut off.
	for class := range mask {
		mask[class] = forbidden
	}
	if e.mask(mask, maskState{beforeFlow, 0, 5}, d); !slices.ContainsFunc(mask, func(x float32) bool { return x > forbidden/2 }) {
		t.Error("nothing is left")
	}
	none := &decoder{classes: d.classes[:1], ends: []bool{false}}
	one := []float32{0}
	if e.mask(one, maskState{beforeFlow, 0, 1}, none); one[0] != 0 {
		t.Errorf("the only class has %v", one[0])
	}
}
