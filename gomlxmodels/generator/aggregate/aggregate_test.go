package aggregate

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

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
			f.Packets = append(f.Packets, flow.Packet{Time: now, Direction: flow.Direction(j % 2), HeaderLength: 54, PayloadLength: 100, Length: 154, Tuple: f.Tuple})
			now += int64(random.ExpFloat64()*1e4) * 1000
		}
		flows[i] = f
		mean := 0.02
		if random.IntN(8) == 0 {
			mean = 10
		}
		at += int64(random.ExpFloat64()*mean*1e6)*1000 + 1000
	}
	return flows
}

func fittedBursts(t *testing.T, flows []*flow.Flow) *Model {
	t.Helper()
	a, err := Fit(context.Background(), Summary, withBefore(flows), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// withBefore sets the start of the flow before each.
func withBefore(flows []*flow.Flow) []*flow.Flow {
	for i, f := range flows {
		f.Before = flows[max(0, i-1)].Start()
	}
	return flows
}

func drawSpecs(t *testing.T, a *Model, r generator.Request) []Spec {
	t.Helper()
	var all []Spec
	next := a.Specs(r)
	for {
		s, more, err := next()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return all
		}
		all = append(all, s)
	}
}

// TestSpecBounds: flows and duration each end the specs, the first of the two
// wins, and the rate factor divides every inter-flow time.
func TestSpecBounds(t *testing.T) {
	flows := bursts(400, 1)
	a := fittedBursts(t, flows)
	start := int64(1_800_000_000_000_000_000)
	rate := float64(len(flows)-1) / (float64(flows[len(flows)-1].Start()-flows[0].Start()) / 1e9)
	last := func(p []Spec) time.Duration { return time.Duration(p[len(p)-1].Start - start) }
	if p := drawSpecs(t, a, generator.Request{Flows: 100, Seed: 1, Start: start}); len(p) != 100 || p[0].Start != start {
		t.Errorf("%d specs from %d, want 100 from %d", len(p), p[0].Start, start)
	}
	for _, span := range []time.Duration{2 * time.Minute, 3 * time.Hour, 72 * time.Hour} {
		p := drawSpecs(t, a, generator.Request{Duration: span, Seed: 1, Start: start})
		want := rate * span.Seconds()
		if got := float64(len(p)); last(p) > span || math.Abs(got-want) > 0.1*want+8*math.Sqrt(8*want) { // bursts of eight
			t.Errorf("%v: %v specs until %v, want about %.0f", span, got, last(p), want)
		}
		if expected := a.Expected(generator.Request{Duration: span}); math.Abs(float64(expected)-want) > 0.05*want+2 {
			t.Errorf("%v: %d flows expected, want about %.0f", span, expected, want)
		}
	}
	if p := drawSpecs(t, a, generator.Request{Flows: 10, Duration: 72 * time.Hour, Start: start}); len(p) != 10 {
		t.Errorf("%d specs, want the 10 flows, which come first", len(p))
	}
	slow := drawSpecs(t, a, generator.Request{Flows: 500, Seed: 4, Start: start})
	fast := drawSpecs(t, a, generator.Request{Flows: 500, Seed: 4, Start: start, RateFactor: 10})
	if ratio := float64(last(slow)) / float64(last(fast)); math.Abs(ratio-10) > 0.1 {
		t.Errorf("rate factor 10: the span shrinks %.2f times", ratio)
	}
	if p := drawSpecs(t, a, generator.Request{Duration: time.Nanosecond, Start: start}); len(p) < 1 {
		t.Error("no flow in a nanosecond, want the first")
	}
}

// TestLongLived: flows that last for much of the capture are there from its begin,
// as many in each span, and a longer timeline has one population after the other.
func TestLongLived(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	const span = int64(100e9)
	var flows []*flow.Flow
	for i := range 200 {
		f := &flow.Flow{ID: int64(i), Application: flow.LoRaWAN, Packets: []flow.Packet{{Time: 1e18}, {Time: 1e18}}}
		if i > 0 {
			f.Packets[0].Time += int64(random.ExpFloat64() * 5e9) // most start in the first twentieth
		}
		f.Packets[1].Time = f.Packets[0].Time + int64((0.5+0.4*random.Float64())*float64(span))
		flows = append(flows, f)
	}
	slices.SortFunc(flows, func(a, b *flow.Flow) int { return int(a.Start() - b.Start()) })
	a := fittedBursts(t, flows)
	if a.LongLived == nil {
		t.Fatal("not seen to be long-lived flows")
	}
	early := func(p []Spec) (n int) {
		for _, one := range p {
			if one.Start < a.LongLived.Span/10 {
				n++
			}
		}
		return n
	}
	one := drawSpecs(t, a, generator.Request{Flows: 200, Seed: 1})
	if last := one[len(one)-1].Start; len(one) != 200 || last > a.LongLived.Span || early(one) < 150 {
		t.Errorf("%d flows, %d of them in the first tenth, the last at %d ns of %d", len(one), early(one), last, a.LongLived.Span)
	}
	if p := drawSpecs(t, a, generator.Request{Flows: 220, Seed: 1}); p[len(p)-1].Start > a.LongLived.Span {
		t.Error("a few more flows than in training make a second population")
	}
	ten := drawSpecs(t, a, generator.Request{Duration: time.Duration(10 * a.LongLived.Span), Seed: 1})
	if n := float64(len(ten)); math.Abs(n-2000) > 200 {
		t.Errorf("%v flows in ten spans, want about 2000", n)
	}
	for i := 1; i < len(ten); i++ {
		if ten[i].Start < ten[i-1].Start {
			t.Fatalf("flow %d starts before the one before it", i)
		}
	}
	if p := drawSpecs(t, a, generator.Request{Duration: time.Duration(a.LongLived.Span - 1), RateFactor: 3, Seed: 1}); math.Abs(float64(len(p))-600) > 30 {
		t.Errorf("%d flows at three times the rate, want about 600", len(p))
	}
	if fittedBursts(t, bursts(200, 1)).LongLived != nil {
		t.Error("short flows are taken for long-lived flows")
	}
}
