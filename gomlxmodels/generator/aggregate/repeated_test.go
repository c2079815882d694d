package aggregate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// questions are flows of a request and an answer of few sizes, two out of three
// with those of one of five names, the rest with sizes of their own.
func questions(n int, seed uint64) []*flow.Flow {
	random := rand.New(rand.NewPCG(seed, 3))
	at := int64(1_700_000_000_000_000_000)
	flows := make([]*flow.Flow, n)
	for i := range flows {
		name := int32(random.IntN(5))
		sizes := [2]int32{30 + 7*name, 90 + 13*name}
		if random.IntN(3) == 0 {
			sizes = [2]int32{int32(30 + random.IntN(2000)), int32(60 + random.IntN(2000))}
		}
		f := &flow.Flow{ID: int64(i), Application: flow.DNS, Tuple: flow.FiveTuple{Proto: flow.UDP}}
		now := at
		for d, size := range sizes {
			f.Packets = append(f.Packets, flow.Packet{Time: now, Direction: flow.Direction(d), HeaderLength: 42, PayloadLength: size, Length: 42 + size, Tuple: f.Tuple})
			now += int64(random.ExpFloat64()*1e4)*1000 + 1000
		}
		flows[i] = f
		at += int64(random.ExpFloat64()*1e6) * 1000
	}
	return flows
}

// TestRepeated: totals that repeat in training come up together and as often as
// there, times and the other flows' totals are new.
func TestRepeated(t *testing.T) {
	flows := questions(900, 1)
	a := fittedBursts(t, flows)
	known := map[[2]int]int{}
	durations := map[int]bool{}
	for _, f := range flows {
		known[[2]int{int(f.Packets[0].PayloadLength), int(f.Packets[1].PayloadLength)}]++
		durations[int(f.Duration())] = true
	}
	share := func(count map[[2]int]int, n int) (family, copied float64) {
		for pair, times := range count {
			if known[pair] >= groupFlows {
				family += float64(times) / float64(n)
			} else if known[pair] > 0 {
				copied += float64(times) / float64(n)
			}
		}
		return family, copied
	}
	drawn := map[[2]int]int{}
	specs := drawSpecs(t, a, generator.Request{Flows: 2000, Seed: 1})
	same := 0
	for _, p := range specs {
		to := a.Targets(p.Latent)
		if math.Abs(to[0]-math.Log10(2)) > 1e-9 {
			t.Fatalf("10^%v packets, want 2 as all have", to[0])
		}
		drawn[[2]int{int(math.Round(math.Pow(10, to[1]) - 1)), int(math.Round(math.Pow(10, to[2]) - 1))}]++
		if durations[int(math.Round(math.Pow(10, to[3])*1e9))] {
			same++
		}
	}
	want, _ := share(known, len(flows))
	got, copied := share(drawn, len(specs))
	if math.Abs(got-want) > 0.04 {
		t.Errorf("%.3f of the flows are repeated ones, want %.3f", got, want)
	}
	if copied > 0.01 {
		t.Errorf("%.3f of the flows have the totals of a single training flow", copied)
	}
	if float64(same) > 0.05*float64(len(specs)) {
		t.Errorf("%d of %d durations are those of training flows", same, len(specs))
	}
}

// TestSaved: the same specs after saving and loading.
func TestSaved(t *testing.T) {
	a := fittedBursts(t, questions(300, 1))
	dir := t.TempDir()
	if err := a.Save(dir); err != nil {
		t.Fatal(err)
	}
	b, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, second := drawSpecs(t, a, generator.Request{Flows: 200, Seed: 1}), drawSpecs(t, b, generator.Request{Flows: 200, Seed: 1})
	for i := range first {
		if first[i].Start != second[i].Start || first[i].Latent[1] != second[i].Latent[1] || first[i].Latent[3] != second[i].Latent[3] {
			t.Fatalf("spec %d differs after loading", i)
		}
	}
	a.Repeated.Alone = a.Repeated.Alone[1:]
	if err := a.Save(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("repeated flows that do not fit the labels were loaded")
	}
}
