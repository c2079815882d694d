package generator

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// Each lockstep is dealt its own plans in order, whoever asks first.
func TestDeal(t *testing.T) {
	plans := func() func() (plan, bool) {
		n := int64(-1)
		return func() (plan, bool) {
			n++
			return plan{start: 10 * n}, n < 100
		}
	}
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(1, seed))
		d := newDeal(plans(), 3)
		got := make([]int64, 3)
		for over := make(map[int]bool); len(over) < 3; {
			k := random.IntN(3)
			j, ok := d.next(k)
			if !ok {
				over[k] = true
				continue
			}
			if want := got[k]*3 + int64(k); j.id != want || j.number != got[k] || j.start != 10*want {
				t.Fatalf("lockstep %d was dealt plan %d as its %d: want %d as %d", k, j.id, j.number, want, got[k])
			}
			got[k]++
		}
		if got[0]+got[1]+got[2] != 100 {
			t.Errorf("%d plans were dealt, want 100", got[0]+got[1]+got[2])
		}
	}
}

// A long flow is begun as much earlier as it takes longer, equal ones in order,
// and where no more may wait only the one whose turn it is.
func TestLookahead(t *testing.T) {
	lengths := []float64{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 11, 2, 2, 2}
	ahead := func() *lookahead {
		n := int64(0)
		more := func() (job, bool) {
			n++
			return job{number: n - 1}, int(n) <= len(lengths)
		}
		return newLookahead(more, func(j *job) float64 { return lengths[j.number] }, 2)
	}
	a := ahead()
	var order []int64
	for j, ok := a.pop(0, true); ok; j, ok = a.pop(0, true) {
		order = append(order, j.number)
	}
	// A turn is 41/16/2 = 1.28 steps: 9 steps more are 7 turns.
	if want := []int64{0, 1, 2, 3, 4, 12, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15}; !slices.Equal(order, want) {
		t.Errorf("plans are begun in the order %v, want %v", order, want)
	}
	a = ahead()
	if j, ok := a.pop(7, false); !ok || j.number != 7 {
		t.Errorf("without room plan %d was begun (%v), want 7, whose turn it is", j.number, ok)
	}
	if j, ok := a.pop(7, false); ok {
		t.Errorf("without room plan %d was begun, want none: 7 is under way", j.number)
	}
	if j, ok := a.pop(7, true); !ok || j.number != 0 {
		t.Errorf("with room again plan %d was begun (%v), want 0", j.number, ok)
	}
}

func TestTeam(t *testing.T) {
	for _, row := range []struct {
		packets, longest float64
		most             int
		locksteps, lanes int
	}{
		{10, 100, 1, 1, 1},
		{1e4, 600, 4096, 1, 64},
		{7e4, 600, 4096, 1, 64},
		{1e6, 600, 4096, 2, 256},
		{1e8, 600, 4096, 4, 512},
		{1e8, 600, 100, 1, 64},
		{1e8, 1e7, 4096, 1, 64},
	} {
		locksteps, lanes := team(row.packets, row.longest, row.most)
		if locksteps != row.locksteps || lanes != row.lanes {
			t.Errorf("%g packets, %g in the longest flow, %d lanes at most: %d locksteps of %d lanes, want %d of %d",
				row.packets, row.longest, row.most, locksteps, lanes, row.locksteps, row.lanes)
		}
	}
}

// fitted is a generator of the flows with that network; what else it has is small.
func fitted(t testing.TB, b compute.Backend, flows []*flow.Flow, network lstm.SampledConfig) *Sampled {
	t.Helper()
	cfg := Config{Variant: feature.General, VAE: vae.DefaultConfig(), GMM: gmm.DefaultConfig(), Order: 2,
		Network: network, GapBins: 96, LengthBins: 64, MaxLength: 64, Lanes: 4096, Seed: 1}
	cfg.VAE.Train.Epochs, cfg.GMM.Components = 1, 3
	g, err := FitSampled(context.Background(), b, cfg, flows, Observer{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Several locksteps hand out the flows of all in order, the same however many
// processors there are and however slow the consumer is; when it stops early
// nothing runs on.
func TestCrew(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	network := lstm.DefaultSampledConfig()
	network.Units, network.HeadUnits, network.Steps, network.WarmUp = 16, 12, 12, 2
	network.Fit.Epochs, network.Fit.Batch = 4, 16
	g := fitted(t, devicetest.Go(t), bursts(80, 1), network)
	r := Request{Flows: 400, Seed: 5, Start: 1_700_000_000_000_000_000}
	draw := func(take int, slow bool) (flows []*flow.Flow) {
		c, err := g.newCrew(r, 3, 16)
		if err != nil {
			t.Fatal(err)
		}
		c.start(context.Background())
		err = c.flows(context.Background(), func(f *flow.Flow) bool {
			flows = append(flows, f)
			if slow && len(flows)%50 == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			return len(flows) < take
		})
		if _, closing := c.close(); err != nil || closing != nil {
			t.Fatal(err, closing)
		}
		return flows
	}
	before := runtime.NumGoroutine()
	all := draw(r.Flows+1, false)
	if len(all) != r.Flows {
		t.Fatalf("%d flows, want %d", len(all), r.Flows)
	}
	for i, f := range all {
		if f.ID != int64(i) || i > 0 && f.Start() < all[i-1].Start() {
			t.Fatalf("flow %d has ID %d and starts at %d", i, f.ID, f.Start())
		}
	}
	equal := func(a, b *flow.Flow) bool {
		return slices.EqualFunc(a.Packets, b.Packets, func(p, q flow.Packet) bool {
			return p.Time == q.Time && p.Length == q.Length && p.Flags == q.Flags && p.Direction == q.Direction
		})
	}
	processors := runtime.GOMAXPROCS(1)
	again := draw(r.Flows+1, true)
	runtime.GOMAXPROCS(processors)
	if !slices.EqualFunc(all, again, equal) {
		t.Error("with one processor and a slow consumer other flows were drawn")
	}
	if first := draw(7, false); len(first) != 7 || !slices.EqualFunc(all[:7], first, equal) {
		t.Errorf("stopping after 7 flows gave %d, or others", len(first))
	}
	if now := runtime.NumGoroutine(); now > before {
		t.Errorf("%d goroutines, before it were %d", now, before)
	}
}

// BenchmarkSampled draws flows from a network of the default size, hardly trained:
// an operation is a flow, so -benchtime=20000x asks for 20,000 of them. The time
// includes the compilation of the step.
func BenchmarkSampled(b *testing.B) {
	network := lstm.DefaultSampledConfig()
	network.Fit.Epochs = 1
	g := fitted(b, devicetest.XLA(b), bursts(300, 1), network)
	b.ResetTimer()
	benchmarkFlows(b, g)
}

// BenchmarkMarkov and BenchmarkBootstrap draw flows, one an operation.
func BenchmarkMarkov(b *testing.B) {
	g, err := FitMarkov(5, bursts(300, 1))
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	benchmarkFlows(b, g)
}

func BenchmarkBootstrap(b *testing.B) {
	g, err := FitBootstrap(bursts(300, 1))
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	benchmarkFlows(b, g)
}

func benchmarkFlows(b *testing.B, g Generator) {
	packets := 0
	for f, err := range g.Flows(context.Background(), Request{Flows: b.N, Seed: 1}) {
		if err != nil {
			b.Fatal(err)
		}
		packets += len(f.Packets)
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(float64(packets)/float64(b.N), "packets/flow")
}
