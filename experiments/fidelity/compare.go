package fidelity

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/necstgen/necstgen/datasets/flow"
)

// comparison is a pair of samples, and all that a score may need to know.
type comparison struct {
	cfg       Config
	reference *reference
	real      *sample // held-out flows, as many as synthetic ones
	synthetic *sample
	candidate []*flow.Flow // of which synthetic is a sample, in the order in which they came; nil: of halves
	whole     *timeline    // the whole real capture
	generated *timeline    // all synthetic flows
	baseline  bool         // the synthetic side is a baseline
	half      bool         // both sides are halves of the real data
	seed      uint64       // each score derives its own source

	attack    once[*membership]  // for all scores of membership
	queued    once[queueing]     // for both scores of the queue
	resembled once[surroundings] // for both scores of profiles
}

// once is a value that several scores need and the first of them makes.
type once[T any] struct {
	sync.Once
	value T
}

// get returns the value, which make makes when it is first asked for.
func (o *once[T]) get(make func() T) T {
	o.Do(func() { o.value = make() })
	return o.value
}

// pair makes the two sides of a comparison know each other.
func (c *comparison) pair() *comparison {
	uplinks := c.real.radio != nil && c.synthetic.radio != nil
	c.real.uplinks, c.synthetic.uplinks = uplinks, uplinks
	return c
}

// source is the random source of the score of that name.
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
	interval        func() [2]float64 // computes it; nil: it has none
	chance          *chance           // the floor, of a score whose floor depends on the synthetic side; nil: others
	looksAt         []string          // what a classifier used most
}

// missing is the result of a score that could not be computed, with the reason.
func missing(format string, args ...any) result {
	return result{value: math.NaN(), note: fmt.Sprintf(format, args...)}
}

// reference is the real data of one application, to which all its comparisons
// refer.
type reference struct {
	cfg         Config
	several     bool             // applications
	application flow.Application // of all flows, where they are not several
	split       Split
	pool        []*flow.Flow // training and held-out flows
	clock       clock
	whole       *timeline
	training    map[string]struct{}
	neighbours  *neighbourhood
	recurrent   recurrentAdversary
	seed        uint64 // of what follows

	attacked       once[*subjects]
	attackedFloors once[[attacks][2][]float64]
	learnt         once[*task]
}

// newReference prepares what all comparisons with the real data need.
func newReference(cfg Config, real Split) *reference {
	r := &reference{cfg: cfg, split: real, pool: slices.Concat(real.Training, real.HeldOut)}
	if applications := real.Applications(); len(applications) > 1 {
		r.several = true
	} else if len(applications) == 1 {
		r.application = applications[0]
	}
	r.clock = clockOf(r.pool)
	r.whole = newTimeline(r.pool, r.clock)
	r.training = shapes(real.Training)
	r.neighbours = newNeighbourhood(real.Training, loggedSummary(r.clock))
	return r
}

// against pairs n random held-out flows with n random flows of the candidate.
func (r *reference) against(flows []*flow.Flow, src rand.Source) *comparison {
	n := min(len(r.split.HeldOut), len(flows), r.cfg.MaxFlows)
	c := &comparison{
		cfg:       r.cfg,
		reference: r,
		real:      newSample(draw(r.split.HeldOut, n, r.cfg.MaxPackets, src), r.clock),
		synthetic: newSample(draw(flows, n, r.cfg.MaxPackets, src), r.clock),
		candidate: flows,
		whole:     r.whole,
		generated: newTimeline(flows, r.clock),
		seed:      src.Uint64(),
	}
	return c.pair()
}

// halves pairs two disjoint random sets of real flows, of n flows each or, where
// there are fewer, of half the flows.
func (r *reference) halves(n int, src rand.Source) *comparison {
	half := len(r.pool) / 2
	order := draw(r.pool, len(r.pool), math.MaxInt, src)
	a, b := order[:half], order[half:2*half]
	n = min(n, half)
	c := &comparison{
		cfg:       r.cfg,
		reference: r,
		real:      newSample(draw(a, n, r.cfg.MaxPackets, src), r.clock),
		synthetic: newSample(draw(b, n, r.cfg.MaxPackets, src), r.clock),
		whole:     newTimeline(a, r.clock),
		generated: newTimeline(b, r.clock),
		half:      true,
		seed:      src.Uint64(),
	}
	return c.pair()
}

// quarterPairs are the pairs of quarters of the time that stand in for random halves
// in the floors of what depends on the order of time.
var quarterPairs = [][2]int{{0, 2}, {1, 3}, {0, 3}, {0, 1}, {2, 3}, {1, 2}}

// quarters returns two quarters of the capture's time, another pair for each
// split. They stand in for halves in the floors of traffic without flows.
func (r *reference) quarters(split int) (a, b *timeline) {
	pair := quarterPairs[split%len(quarterPairs)]
	part := func(q int) *timeline {
		n := len(r.whole.flows)
		return newTimeline(r.whole.flows[q*n/4:(q+1)*n/4], r.clock)
	}
	return part(pair[0]), part(pair[1])
}

// part is the note that a comparison is of a random part of the flows: of how many
// of how many. It is empty where the smaller side has no more.
func (c *comparison) part(heldOut, synthetic []*flow.Flow) string {
	a, b := len(c.real.flows), len(c.synthetic.flows)
	if most := min(len(heldOut), len(synthetic)); a == most && b == most {
		return ""
	}
	return fmt.Sprintf("on a random part, %d of %d held-out and %d of %d synthetic flows", a, len(heldOut), b, len(synthetic))
}

// draw returns n flows at random, fewer if these have more than maxPackets packets,
// but at least one.
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

// compareOne scores one part.
func compareOne(cfg Config, p part, src rand.Source) []Score {
	ref := newReference(cfg, p.real)
	names := slices.Sorted(maps.Keys(p.baselines))
	scores := make([]Score, len(measures))
	for i, m := range measures {
		scores[i] = Score{Application: p.application, Level: m.Level, Score: m.Name, Baselines: map[string]*float64{}}
		for _, name := range names {
			scores[i].Baselines[name] = nil
		}
	}
	if !p.enough(cfg) {
		for i := range scores {
			scores[i].Note = fmt.Sprintf("%d held-out and %d synthetic flows: want at least %d of each", len(p.real.HeldOut), len(p.synthetic), cfg.MinFlows)
		}
		return scores
	}
	byChance := make([]*chance, len(measures))
	main := ref.against(p.synthetic, src)
	ref.seed = main.seed
	others, halves := rand.NewPCG(main.seed, 1), rand.NewPCG(main.seed, 2) // so that baselines change no floor, and no score behind them
	for i, m := range measures {
		r := m.of(main)
		cfg.scored()
		if note := main.part(p.real.HeldOut, p.synthetic); !m.all && !math.IsNaN(r.value) {
			r.note = joinNotes(r.note, note)
		}
		scores[i].Value, scores[i].NReal, scores[i].NSynthetic, scores[i].Note = number(r.value), r.real, r.synthetic, r.note
		scores[i].LooksAt, byChance[i] = r.looksAt, r.chance
		if r.interval != nil && scores[i].Value != nil {
			found := r.interval()
			scores[i].Interval = &found
		}
	}
	for _, name := range names {
		if len(p.baselines[name]) < cfg.MinFlows {
			continue
		}
		c := ref.against(p.baselines[name], others)
		c.baseline = true
		for i, m := range measures {
			scores[i].Baselines[name] = number(m.of(c).value)
			cfg.scored()
		}
	}
	ref.floors(scores, len(main.real.flows), halves)
	for i, by := range byChance {
		if by != nil {
			scores[i].Floor, scores[i].FloorSpread = number(by.mean), number(by.deviation)
		}
	}
	ref.recurrent.settle(scores)
	return scores
}

// floors fills in the mean and spread of each score over random halves.
func (r *reference) floors(scores []Score, n int, src rand.Source) {
	values := make([][]float64, len(scores))
	for split := range r.cfg.FloorSplits {
		c := r.halves(n, src)
		if r.cfg.NoFlow {
			c.whole, c.generated = r.quarters(split)
		}
		for i, m := range measures {
			r.cfg.scored()
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
		case m.flows && r.cfg.NoFlow:
		case m.floor != nil:
			mean, deviation = m.floor(r)
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
