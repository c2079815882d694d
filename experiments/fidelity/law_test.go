package fidelity

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestIdentical: a capture that is compared with itself has no distance, covers itself, and
// no classifier tells it from itself.
func TestIdentical(t *testing.T) {
	flows := office(300, 1)
	scores, err := Compare(Config{Trees: 20, FloorSplits: 2}, Split{HeldOut: flows}, office(300, 1), nil, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range scores {
		if s.Value == nil {
			if !strings.Contains(s.Note, "training") && !strings.Contains(s.Note, "payloads") && s.Score != recurrentName && !strings.HasPrefix(s.Note, NotApplicable) {
				t.Errorf("%s/%s: %s", s.Level, s.Score, s.Note)
			}
			continue
		}
		switch d := measures[i].Definition; {
		case d.Kind == Classifier && *s.Value > 0.5, d.Kind == Similarity && *s.Value < 1-1e-12, d.Kind == Distance && *s.Value > 1e-9,
			s.Floor != nil && d.DistanceFromReal(*s.Value, s.Floor) > d.DistanceFromReal(*s.Floor, s.Floor)+2**s.FloorSpread+1e-9:
			t.Errorf("%s/%s is %g, floor %g", s.Level, s.Score, *s.Value, *s.Floor)
		}
	}
}

// TestHalves: two halves of one capture pass every adversary. One comparison may be above its
// floor by chance, since both are of random halves: by four spreads and 0.02, as of one
// spread that is estimated from four splits. The mean over the seeds may be above the mean
// floor by three standard errors of the difference, since there are eight adversaries.
func TestHalves(t *testing.T) {
	if testing.Short() {
		t.Skip("scores several captures")
	}
	const seeds = 4
	value, floor, spread := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for seed := range uint64(seeds) {
		flows := office(500, 50+seed)
		halves := draw(flows, len(flows), 1<<30, rand.NewPCG(seed, 3))
		scores, err := Compare(Config{Trees: 30, FloorSplits: 4, MaxWindows: 800}, Split{HeldOut: halves[:250]}, halves[250:], nil, rand.NewPCG(seed, 2))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range scores {
			if measures[i].Kind != Classifier || s.Value == nil || s.Floor == nil {
				continue
			}
			if *s.Value > *s.Floor+4**s.FloorSpread+0.02 {
				t.Errorf("seed %d: %s is %.3f, floor %.3f +- %.3f", seed, s.Score, *s.Value, *s.Floor, *s.FloorSpread)
			}
			value[s.Score], floor[s.Score], spread[s.Score] = value[s.Score]+*s.Value/seeds, floor[s.Score]+*s.Floor/seeds, spread[s.Score]+*s.FloorSpread/seeds
		}
	}
	if len(value) < 8 {
		t.Errorf("%d adversaries, want 8", len(value))
	}
	errors := 3 * math.Sqrt(1.0/seeds+1.0/(4*seeds))
	for name, v := range value {
		t.Logf("%-16s %.3f floor %.3f +- %.3f", name, v, floor[name], spread[name])
		if v > floor[name]+errors*spread[name] {
			t.Errorf("%s is %.3f at the mean of %d seeds, floor %.3f +- %.3f", name, v, seeds, floor[name], spread[name])
		}
	}
}
