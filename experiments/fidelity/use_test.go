package fidelity

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// useOf returns the scores of level use, with their floors.
func useOf(split Split, synthetic []*flow.Flow) (values [len(realShares)]result, floors [len(realShares)]float64) {
	r := newReference(Config{}.withDefaults(), split)
	r.seed = 5
	for k := range realShares {
		values[k] = r.task().use(k, synthetic, rand.NewPCG(3, uint64(k)))
		floors[k], _ = r.useFloor(k)
	}
	return values, floors
}

// telling makes flows whose first packets say how large they will be, as those of real
// traffic do: who asks with more bytes gets more.
func telling(n int, seed uint64) []*flow.Flow {
	rng := rand.New(rand.NewPCG(seed, 8))
	flows := simulate(n, seed, web)
	for _, f := range flows {
		asks := int32(80 + rng.IntN(400))
		first := slices.IndexFunc(f.Packets, func(p flow.Packet) bool { return p.PayloadLength > 0 })
		f.Packets[first].Length, f.Packets[first].PayloadLength = 54+asks, asks
		f.Packets[len(f.Packets)-1].Length += 40 * asks
	}
	return flows
}

// TestUse: what is learnt from flows of the same kind holds, what is learnt from others
// does not, and real flows beside those help.
func TestUse(t *testing.T) {
	split := Split{Training: telling(800, 1), HeldOut: telling(400, 2)}
	wrong := telling(600, 3)
	for _, f := range wrong { // who asks with fewer bytes gets more
		first := slices.IndexFunc(f.Packets, func(p flow.Packet) bool { return p.PayloadLength > 0 })
		f.Packets[len(f.Packets)-1].Length += 40 * 2 * (280 - f.Packets[first].PayloadLength)
	}
	for _, test := range []struct {
		name      string
		synthetic []*flow.Flow
		least     float64 // below the floor, trained on synthetic alone
		most      float64
	}{{"of the same kind", telling(600, 4), -0.03, 0.03}, {"of another kind", simulate(600, 4, web), 0.2, 0.6}, {"the other way round", wrong, 0.6, 1}} {
		values, floors := useOf(split, test.synthetic)
		for k, r := range values {
			if math.IsNaN(r.value) || floors[k] < 0.8 {
				t.Fatalf("%s: %v, floor %.3f, note %q", test.name, r.value, floors[k], r.note)
			}
			if k > 0 && !strings.Contains(r.note, "real flows alone: 0.") {
				t.Errorf("%s: note %q", test.name, r.note)
			}
		}
		if short := floors[0] - values[0].value; short < test.least || short > test.most {
			t.Errorf("%s: %.3f, floor %.3f", test.name, values[0].value, floors[0])
		}
		if values[3].value < values[0].value-0.02 {
			t.Errorf("%s: %.3f with a tenth of the real flows, %.3f without", test.name, values[3].value, values[0].value)
		}
		if i := values[0].interval(); i[0] > values[0].value || i[1] < values[0].value || i[1]-i[0] > 0.2 {
			t.Errorf("%s: %.3f in %v", test.name, values[0].value, i)
		}
	}
}

// TestUseOfApplications: of several applications the task is to tell them apart, and flows
// under wrong names teach nothing.
func TestUseOfApplications(t *testing.T) {
	mixed := func(seed uint64, swap bool) []*flow.Flow {
		slow := web
		slow.gap, slow.payload = 0.1, 500
		a, b := simulate(200, seed, web), simulate(200, seed+10, slow)
		for _, f := range b {
			f.Application = flow.SMTP
		}
		if swap {
			for i := range a {
				a[i].Application, b[i].Application = flow.SMTP, flow.HTTP
			}
		}
		return slices.Concat(a, b)
	}
	split := Split{Training: mixed(1, false), HeldOut: mixed(3, false)}
	values, floors := useOf(split, mixed(5, false))
	if values[0].value < 0.95 || floors[0] < 0.95 || values[0].note != "AUC of telling applications apart, the mean of HTTP SMTP" {
		t.Errorf("%.3f, floor %.3f, note %q", values[0].value, floors[0], values[0].note)
	}
	values, _ = useOf(split, mixed(5, true))
	if values[0].value > 0.05 {
		t.Errorf("under wrong names: %.3f, want near 0", values[0].value)
	}
}

// TestNoUse: where there is nothing to learn, a reason stands in place of the scores.
func TestNoUse(t *testing.T) {
	single, equal := make([]*flow.Flow, 100), make([]*flow.Flow, 100)
	for i := range single {
		single[i], equal[i] = talk(int32(10+i)), talk(10, -20, 10, -20)
	}
	rare := simulate(100, 1, web)
	rare[3].Application = flow.SMTP
	for _, test := range []struct {
		name  string
		flows []*flow.Flow
		want  string
	}{
		{"single packets", single, NotApplicable + ": most flows are single packets"},
		{"equal flows", equal, "0 of the 50 held-out flows that are tested have more bytes than the median one, 0: want at least 20"},
		{"a rare application", rare, "no application has 20 of the 50 held-out flows"},
		{"few", simulate(60, 1, web), "10 training flows: want at least 40"},
	} {
		values, floors := useOf(Split{Training: test.flows[50:], HeldOut: test.flows[:50]}, test.flows)
		for k, r := range values {
			if !math.IsNaN(r.value) || !math.IsNaN(floors[k]) || !strings.HasPrefix(r.note, test.want) {
				t.Errorf("%s: %v, floor %v, note %q", test.name, r.value, floors[k], r.note)
			}
		}
	}
}
