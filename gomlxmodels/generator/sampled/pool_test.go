package sampled

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/aggregate"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/radio"
)

// Each sampler is given its own flows in order, whoever asks first.
func TestDispatcher(t *testing.T) {
	all := func() specs {
		n := int64(-1)
		return func() (scheduledFlow, bool, error) {
			n++
			return scheduledFlow{Spec: aggregate.Spec{Number: n, Start: 10 * n}}, n < 100, nil
		}
	}
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(1, seed))
		d := newDispatcher(all(), 3)
		got := make([]int64, 3)
		for over := make(map[int]bool); len(over) < 3; {
			k := random.IntN(3)
			j, ok := d.next(k)
			if !ok {
				over[k] = true
				continue
			}
			if want := got[k]*3 + int64(k); j.Number != want || j.number != got[k] || j.Start != 10*want {
				t.Fatalf("sampler %d was given flow %d as its %d: want %d as %d", k, j.Number, j.number, want, got[k])
			}
			got[k]++
		}
		if got[0]+got[1]+got[2] != 100 {
			t.Errorf("%d flows were given, want 100", got[0]+got[1]+got[2])
		}
	}
}

// A long flow is begun as much earlier as it takes longer, equal ones in order,
// and where no more may wait only the one whose turn it is.
func TestLongestFirst(t *testing.T) {
	lengths := []float64{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 11, 2, 2, 2}
	ahead := func() *longestFirst {
		n := int64(0)
		more := func() (scheduledFlow, bool) {
			n++
			return scheduledFlow{number: n - 1}, int(n) <= len(lengths)
		}
		return newLongestFirst(more, func(j *scheduledFlow) float64 { return lengths[j.number] }, 2)
	}
	a := ahead()
	var order []int64
	for j, ok := a.pop(0, true); ok; j, ok = a.pop(0, true) {
		order = append(order, j.number)
	}
	// A turn is 41/16/2 = 1.28 steps: 9 steps more are 7 turns.
	if want := []int64{0, 1, 2, 3, 4, 12, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15}; !slices.Equal(order, want) {
		t.Errorf("flows are begun in the order %v, want %v", order, want)
	}
	a = ahead()
	if j, ok := a.pop(7, false); !ok || j.number != 7 {
		t.Errorf("without room flow %d was begun (%v), want 7, whose turn it is", j.number, ok)
	}
	if j, ok := a.pop(7, false); ok {
		t.Errorf("without room flow %d was begun, want none: 7 is under way", j.number)
	}
	if j, ok := a.pop(7, true); !ok || j.number != 0 {
		t.Errorf("with room again flow %d was begun (%v), want 0", j.number, ok)
	}
}

func TestPoolSize(t *testing.T) {
	for _, row := range []struct {
		packets, longest float64
		most             int
		samplers, slots  int
	}{
		{10, 100, 1, 1, 1},
		{1e4, 600, 4096, 1, 64},
		{7e4, 600, 4096, 1, 64},
		{1e6, 600, 4096, 2, 256},
		{1e8, 600, 4096, 4, 512},
		{1e8, 600, 100, 1, 64},
		{1e8, 1e7, 4096, 1, 64},
	} {
		samplers, slots := poolSize(row.packets, row.longest, row.most)
		if samplers != row.samplers || slots != row.slots {
			t.Errorf("%g packets, %g in the longest flow, %d slots at most: %d samplers of %d slots, want %d of %d",
				row.packets, row.longest, row.most, samplers, slots, row.samplers, row.slots)
		}
	}
}

// learned is a generator of the flows with a network of so many units; what else it
// has is small.
func learned(t testing.TB, b compute.Backend, flows []*flow.Flow, units, epochs int) *Generator {
	t.Helper()
	s := gentest.Small()
	s.LSTM.Units, s.LSTM.Epochs, s.LSTM.GapBins, s.LSTM.LengthBins = units, epochs, 96, 64
	return gentest.Learn(t, b, Name, s, flows).Load(t).(*Generator)
}

// Several samplers hand out the flows of all in order, the same however many
// processors there are and however slow the consumer is; when it stops early
// nothing runs on.
func TestPool(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	g := learned(t, devicetest.Go(t), bursts(80, 1), 16, 4)
	r := generator.Request{Flows: 400, Seed: 5, Start: 1_700_000_000_000_000_000}
	draw := func(take int, slow bool) (flows []*flow.Flow) {
		c, err := g.newPool(r, radio.None{}.Plans(r), 3, 16)
		if err != nil {
			t.Fatal(err)
		}
		c.start(context.Background())
		err = c.handOut(context.Background(), func(f *flow.Flow) bool {
			flows = append(flows, f)
			if slow && len(flows)%50 == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			return len(flows) < take
		})
		if closing := c.close(); err != nil || closing != nil {
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

// BenchmarkFlows draws flows from a network of the default size, hardly trained: an
// operation is a flow, so -benchtime=20000x asks for 20,000 of them. The time
// includes the compilation of the step.
func BenchmarkFlows(b *testing.B) {
	g := learned(b, devicetest.XLA(b), bursts(300, 1), generator.DefaultSettings().LSTM.Units, 1)
	b.ResetTimer()
	gentest.Benchmark(b, g)
}

// bursts are flows of 2 to 30 packets that come in bursts: 20 ms apart, and
// every eight of them after some 10 s of silence.
func bursts(n int, seed uint64) []*flow.Flow {
	random := rand.New(rand.NewPCG(seed, 1))
	at := int64(1_700_000_000_000_000_000)
	flows := make([]*flow.Flow, n)
	for i := range flows {
		f := &flow.Flow{ID: int64(i), Application: flow.HTTP, Tuple: flow.FiveTuple{Proto: flow.TCP}}
		now := at
		for j := range 2 + random.IntN(29) {
			f.Packets = append(f.Packets, flow.Packet{Time: now, FlowID: f.ID, Direction: flow.Direction(j % 2), HeaderLength: 54, PayloadLength: 100, Length: 154, Tuple: f.Tuple, Application: flow.HTTP})
			now += int64(random.ExpFloat64()*1e4) * 1000
		}
		flows[i] = f
		mean := 0.02
		if random.IntN(8) == 0 {
			mean = 10
		}
		at += int64(random.ExpFloat64()*mean*1e6)*1000 + 1000
	}
	return gentest.Before(flows)
}
