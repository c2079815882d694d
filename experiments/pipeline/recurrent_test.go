package pipeline

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// webFlows are the HTTP flows of the embedded capture.
func webFlows(t *testing.T) []*flow.Flow {
	t.Helper()
	in, err := testbed.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	all, _, err := flow.Collect(new(flow.Assembler).Flows(pcap.Packets(in, testbed.Name)))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(f *flow.Flow) bool { return f.Application != flow.HTTP })
}

// classifierScores compares flows with others, with the recurrent network on a backend.
func classifierScores(t *testing.T, b compute.Backend, real, synthetic []*flow.Flow, seed uint64) (recurrent, summary fidelity.Score) {
	t.Helper()
	open := func(context.Context) (compute.Backend, error) { return b, nil }
	cfg := fidelity.Config{MaxFlows: 300, MaxWindows: 20, Trees: 40, FloorSplits: 2, Recurrent: Recurrent(t.Context(), open)}
	scores, err := fidelity.Compare(cfg, fidelity.Split{HeldOut: real}, synthetic, nil, rand.NewPCG(seed, 1))
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) fidelity.Score {
		s := fidelity.Definition{Level: "classifier", Name: name}.In(scores)
		if s == nil || s.Value == nil || s.Floor == nil {
			t.Fatalf("%s: %+v", name, s)
		}
		return *s
	}
	return of("recurrent flow"), of("C2ST flow")
}

// TestRecurrent shows the recurrent network two halves of real flows, which it cannot
// tell apart, and flows of which the packets have changed places, which it tells apart
// although their summaries are the same.
func TestRecurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains")
	}
	flows := webFlows(t)
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		for seed := range uint64(3) {
			if seed > 0 && t.Name() == "TestRecurrent/go" { // is slow
				return
			}
			rng := rand.New(rand.NewPCG(seed, 2))
			rng.Shuffle(len(flows), func(i, j int) { flows[i], flows[j] = flows[j], flows[i] })
			one, other := flows[:len(flows)/2], flows[len(flows)/2:]
			s, _ := classifierScores(t, b, one, other, seed)
			n := float64(s.NReal)
			if most := 0.5 + 3*math.Sqrt((2*n+1)/(12*n*n)); *s.Value > most { // three standard errors of Mann and Whitney's statistic
				t.Errorf("seed %d: halves of the real flows: AUC %.3f, floor %.3f, by %q", seed, *s.Value, *s.Floor, s.LooksAt)
			}
			if seed > 0 {
				continue
			}
			s, summary := classifierScores(t, b, one, shuffled(other, rng), seed)
			if *s.Value < 0.9 || *summary.Value > 0.6 {
				t.Errorf("packets in another order: AUC %.3f, of summaries %.3f: want above 0.9, and up to 0.6", *s.Value, *summary.Value)
			}
		}
	})
}

// shuffled are copies of flows of which the packets, but for their times, have changed
// places.
func shuffled(flows []*flow.Flow, rng *rand.Rand) []*flow.Flow {
	var changed []*flow.Flow
	for _, f := range flows {
		c := *f
		c.Packets = nil
		for i, from := range rng.Perm(len(f.Packets)) {
			p := f.Packets[from]
			p.Time = f.Packets[i].Time
			c.Packets = append(c.Packets, p)
		}
		changed = append(changed, &c)
	}
	return changed
}
