package fidelity

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// comparison is a pair of samples, and all that a score may need to know.
type comparison struct {
	cfg        Config
	real       *sample // held-out flows, as many as synthetic ones
	synthetic  *sample
	whole      *timeline           // the whole real capture
	generated  *timeline           // all synthetic flows
	training   map[string]struct{} // shapes of the training flows
	neighbours *neighbourhood      // of the training flows
	seed       uint64              // each score derives its own source
}

func (c *comparison) source(name string) rand.Source {
	h := uint64(14695981039346656037) // FNV-1a of the name
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return rand.NewPCG(c.seed, h)
}

// result is what a score comes to in one comparison. A value that is not a
// number could not be computed; the note says why.
type result struct {
	value           float64
	real, synthetic int
	note            string
}

func missing(format string, args ...any) result {
	return result{value: math.NaN(), note: fmt.Sprintf(format, args...)}
}

// scene is the real side of one application, shared by all its comparisons.
type scene struct {
	cfg        Config
	split      Split
	pool       []*flow.Flow // training and held-out flows
	clock      clock
	whole      *timeline
	training   map[string]struct{}
	neighbours *neighbourhood
}

func newScene(cfg Config, real Split) *scene {
	s := &scene{cfg: cfg, split: real, pool: slices.Concat(real.Training, real.HeldOut)}
	s.clock = clockOf(s.pool)
	s.whole = newTimeline(s.pool, s.clock)
	s.training = shapes(real.Training)
	s.neighbours = newNeighbourhood(real.Training, s.clock)
	return s
}

// against pairs n random held-out flows with n random flows of the candidate.
func (s *scene) against(flows []*flow.Flow, src rand.Source) *comparison {
	n := min(len(s.split.HeldOut), len(flows), s.cfg.MaxFlows)
	return &comparison{
		cfg:        s.cfg,
		real:       newSample(draw(s.split.HeldOut, n, s.cfg.MaxPackets, src), s.clock),
		synthetic:  newSample(draw(flows, n, s.cfg.MaxPackets, src), s.clock),
		whole:      s.whole,
		generated:  newTimeline(flows, s.clock),
		training:   s.training,
		neighbours: s.neighbours,
		seed:       src.Uint64(),
	}
}

// halves pairs two disjoint random sets of real flows, of n flows each where
// there are as many.
func (s *scene) halves(n int, src rand.Source) *comparison {
	half := len(s.pool) / 2
	order := draw(s.pool, len(s.pool), math.MaxInt, src)
	a, b := order[:half], order[half:2*half]
	n = min(n, half)
	return &comparison{
		cfg:        s.cfg,
		real:       newSample(draw(a, n, s.cfg.MaxPackets, src), s.clock),
		synthetic:  newSample(draw(b, n, s.cfg.MaxPackets, src), s.clock),
		whole:      newTimeline(a, s.clock),
		generated:  newTimeline(b, s.clock),
		training:   s.training,
		neighbours: s.neighbours,
		seed:       src.Uint64(),
	}
}

// quarters are two quarters of the capture's time, another pair for each split:
// the load of a timeline without flows.
func (s *scene) quarters(split int) (a, b *timeline) {
	pairs := [][2]int{{0, 2}, {1, 3}, {0, 3}, {0, 1}, {2, 3}, {1, 2}}
	pair := pairs[split%len(pairs)]
	part := func(q int) *timeline {
		n := len(s.whole.flows)
		return newTimeline(s.whole.flows[q*n/4:(q+1)*n/4], s.clock)
	}
	return part(pair[0]), part(pair[1])
}

// part says how many flows of many are compared, nothing where it is all that
// the smaller side has.
func (c *comparison) part(heldOut, synthetic []*flow.Flow) string {
	a, b := len(c.real.flows), len(c.synthetic.flows)
	if most := min(len(heldOut), len(synthetic)); a == most && b == most {
		return ""
	}
	return fmt.Sprintf("on a random part, %d of %d held-out and %d of %d synthetic flows", a, len(heldOut), b, len(synthetic))
}

// draw takes n flows at random, fewer where they hold more than maxPackets.
func draw(flows []*flow.Flow, n, maxPackets int, src rand.Source) []*flow.Flow {
	drawn := slices.Clone(flows)
	rand.New(src).Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	packets := 0
	for i, f := range drawn[:n] {
		if packets += len(f.Packets); packets > maxPackets && i > 0 {
			return drawn[:i]
		}
	}
	return drawn[:n]
}

func compareOne(cfg Config, application string, real Split, synthetic []*flow.Flow, baselines map[string][]*flow.Flow, src rand.Source) []Score {
	scene := newScene(cfg, real)
	names := slices.Sorted(maps.Keys(baselines))
	scores := make([]Score, len(measures))
	for i, m := range measures {
		scores[i] = Score{Application: application, Level: m.Level, Score: m.Name, Baselines: map[string]*float64{}}
		for _, name := range names {
			scores[i].Baselines[name] = nil
		}
	}
	if n := min(len(real.HeldOut), len(synthetic)); n < cfg.MinFlows {
		for i := range scores {
			scores[i].Note = fmt.Sprintf("%d held-out and %d synthetic flows: want at least %d of each", len(real.HeldOut), len(synthetic), cfg.MinFlows)
		}
		return scores
	}
	main := scene.against(synthetic, src)
	for i, m := range measures {
		r := m.of(main)
		if part := main.part(real.HeldOut, synthetic); !m.all && !math.IsNaN(r.value) {
			r.note = joinNotes(r.note, part)
		}
		scores[i].Value, scores[i].NReal, scores[i].NSynthetic, scores[i].Note = number(r.value), r.real, r.synthetic, r.note
	}
	for _, name := range names {
		if len(baselines[name]) < cfg.MinFlows {
			continue
		}
		c := scene.against(baselines[name], src)
		for i, m := range measures {
			scores[i].Baselines[name] = number(m.of(c).value)
		}
	}
	scene.floors(scores, len(main.real.flows), src)
	return scores
}

// floors fills in the mean and spread of each score over random halves.
func (s *scene) floors(scores []Score, n int, src rand.Source) {
	values := make([][]float64, len(scores))
	for split := range s.cfg.FloorSplits {
		c := s.halves(n, src)
		if s.cfg.NoFlow {
			c.whole, c.generated = s.quarters(split)
		}
		for i, m := range measures {
			if m.floor != nil {
				continue
			}
			if v := m.of(c).value; !math.IsNaN(v) {
				values[i] = append(values[i], v)
			}
		}
	}
	for i, m := range measures {
		mean, deviation := math.NaN(), math.NaN()
		switch {
		case m.flows && s.cfg.NoFlow:
		case m.floor != nil:
			mean, deviation = m.floor(s)
		case len(values[i]) >= 2:
			mean, deviation = each(values[i]).moments()
		}
		scores[i].Floor, scores[i].FloorSpread = number(mean), number(deviation)
	}
}

// number is a pointer to v, nil where v is not a finite number.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
