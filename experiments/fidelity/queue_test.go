package fidelity

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestServe holds what becomes of packets that can be followed by hand.
func TestServe(t *testing.T) {
	every := func(n int, nanoseconds int64, bytes int32) []arrival {
		var list []arrival
		for i := range n {
			list = append(list, arrival{int64(i) * nanoseconds, bytes})
		}
		return list
	}
	for _, tt := range []struct {
		name        string
		packets     []arrival
		rate        float64
		loss, delay float64
	}{
		{"alone", every(200, 1e9, 100), 1000, 0, 0.1},
		{"just in time", every(200, 1e8, 100), 1000, 0, 0.1},
		{"one behind the other", every(100, 0, 100), 1000, 0, 0.1 * (1 + 0.99*99)},
		{"a full queue", every(2*queueLimit, 0, 100), 1000, 0.5, 0.1 * (1 + 0.99*(queueLimit-1))},
		{"no bytes", every(100, 1e9, 0), 1000, 0, gapFloor},
	} {
		if got := serve(tt.packets, tt.rate); got.loss != tt.loss || math.Abs(got.delay-tt.delay) > 1e-9 {
			t.Errorf("%s: %+v, want loss %g, delay %g", tt.name, got, tt.loss, tt.delay)
		}
	}
}

// TestMD1: of Poisson arrivals and equal packets the delays are those of the exact
// distribution of M/D/1 (Erlang, 1909).
func TestMD1(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for _, load := range []float64{0.5, 0.8} {
		var packets []arrival
		var at float64
		for range 400_000 {
			at += rng.ExpFloat64() / load
			packets = append(packets, arrival{int64(at * 1e9), 100})
		}
		want := md1Quantile(load, 0.99) + 1
		if got := serve(packets, 100); got.loss != 0 || math.Abs(got.delay/want-1) > 0.03 {
			t.Errorf("load %g: %+v, want a delay of %.3f", load, got, want)
		}
	}
}

// md1Quantile is the wait in services that a part of the packets of M/D/1 does not exceed:
// P(W <= t) = (1-rho) sum over k <= t of (rho(k-t))^k exp(rho(t-k))/k!.
func md1Quantile(rho, part float64) float64 {
	below := func(t float64) float64 {
		sum := 0.0
		for k := 0.0; k <= t; k++ {
			factorial, _ := math.Lgamma(k + 1)
			term := math.Exp(rho*(t-k) - factorial)
			if k > 0 {
				term *= math.Pow(rho*(k-t), k)
			}
			sum += term
		}
		return (1 - rho) * sum
	}
	t := 0.0
	for below(t) < part {
		t += 0.001
	}
	return t
}

// TestQueueSees: more traffic and burstier traffic meet the same server and show in loss
// and delay; the same traffic does not. A pause leaves the server's rate as it is.
func TestQueueSees(t *testing.T) {
	busy := web
	busy.rate = 20
	real := newTimeline(simulate(2000, 1, busy), 1000)
	double, same := busy, busy
	double.rate *= 2
	bursts := simulate(2000, 2, same)
	for _, f := range bursts { // flows begin together each ten seconds
		shift := (f.Start()-real.begin)/1e10*1e10 + real.begin - f.Start()
		for i := range f.Packets {
			f.Packets[i].Time += shift
		}
	}
	paused := real.offered()
	for i := range paused[len(paused)/2:] {
		paused[len(paused)/2+i].at += 3600e9
	}
	if got, want := busyRate(paused), busyRate(real.offered()); math.Abs(got/want-1) > 0.02 { // the second in which it begins counts twice
		t.Errorf("with a pause of an hour the server has %g bytes/s, without %g", got, want)
	}
	for _, tt := range []struct {
		name        string
		synthetic   *timeline
		least, most float64 // of the delay
	}{
		{"the same", newTimeline(simulate(2000, 2, same), 1000), 0, 0.15},
		{"double", newTimeline(simulate(2000, 2, double), 1000), 0.5, 10},
		{"in bursts", newTimeline(bursts, 1000), 0.5, 10},
	} {
		c := &comparison{cfg: Config{}.withDefaults(), whole: real, generated: tt.synthetic}
		q := c.queues()
		for _, m := range queueMeasures() {
			r := m.of(c)
			t.Log(tt.name, m.Name, r.value, r.note)
			if m.Name == "queue delay" && (r.value < tt.least || r.value > tt.most) {
				t.Errorf("%s: %s %.3f, want %g to %g", tt.name, m.Name, r.value, tt.least, tt.most)
			}
		}
		if !slices.IsSortedFunc(q.real, func(a, b served) int { return int(math.Copysign(1, a.delay-b.delay)) }) {
			t.Errorf("%s: delays %v do not grow with the load", tt.name, q.real)
		}
	}
}

// TestQueuePart: of more packets than MaxPackets the first are simulated, and the note says
// so; of few there is a reason.
func TestQueuePart(t *testing.T) {
	c := &comparison{cfg: Config{MaxPackets: 1000}.withDefaults(), whole: newTimeline(simulate(500, 1, web), 1000), generated: newTimeline(simulate(500, 2, web), 1000)}
	r := queueMeasures()[1].of(c)
	if math.IsNaN(r.value) || max(r.real, r.synthetic) != 1000 || !strings.Contains(r.note, "over the first ") {
		t.Errorf("%+v, want a score of 1,000 packets and a note", r)
	}
	c = &comparison{cfg: c.cfg, whole: c.whole, generated: newTimeline(simulate(3, 2, web), 1000)}
	if r := queueMeasures()[1].of(c); !math.IsNaN(r.value) || !strings.Contains(r.note, "want at least 100 of each") {
		t.Errorf("%+v, want a reason", r)
	}
}

// BenchmarkQueue is the delay of as many packets a side as are simulated.
func BenchmarkQueue(b *testing.B) {
	c := &comparison{cfg: Config{}.withDefaults(), whole: newTimeline(simulate(16000, 1, web), 1000), generated: newTimeline(simulate(16000, 2, web), 1000)}
	for b.Loop() {
		c.queues()
	}
}
