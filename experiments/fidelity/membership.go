package fidelity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
)

// attack is a way to say of a flow whether a generator has learnt from it, by the
// synthetic traffic alone: the flow scores the more, the better the synthetic flows fit
// it and the worse the real flows do that neither side has seen.
type attack int

// The attacks. Both divide what the synthetic flows say of a flow by what unseen real ones
// say, since some flows are like many others whoever has learnt from them (DOMIAS: van
// Breugel et al., Membership inference attacks against synthetic data through overfitting
// detection, AISTATS 2023; LiRA: Carlini et al., Membership inference attacks from first
// principles, S&P 2022, which also reports members found at few false alarms).
const (
	byDistance   attack = iota // how close the closest flow is, by what profile says of flows
	byLikelihood               // how likely the messages are for a messageChain
	attacks
)

var attackNames = [attacks]string{"distance", "likelihood"}

// membershipMeasures are about whether the synthetic traffic tells which flows were
// learnt from.
func membershipMeasures() []measure {
	what := [attacks]string{
		"how close the closest synthetic flow is to it, against the closest unseen real one",
		"how likely the directions and exact sizes of its messages are for a Markov chain of the synthetic flows, against one of unseen real flows",
	}
	var list []measure
	for a := range attacks {
		list = append(list,
			measure{Definition: Definition{"privacy", "members by " + attackNames[a] + " AUC", Classifier,
				"AUC of an attacker who tells training flows from other real flows by " + what[a] + "."},
				compute: func(c *comparison) result { return c.membership().result(a, 0, c.followedNote()) },
				floor:   func(r *reference) (mean, deviation float64) { return r.membershipFloor(a, 0) }},
			measure{Definition: Definition{"privacy", "members by " + attackNames[a] + " found", Proportion,
				"Share of the training flows that this attacker finds while taking 1 % of other real flows for such."},
				compute: func(c *comparison) result { return c.membership().result(a, 1, c.followedNote()) },
				floor:   func(r *reference) (mean, deviation float64) { return r.membershipFloor(a, 1) }})
	}
	return ofFlows(onAll(list))
}

// The bounds of the attacks. Twice as many flows of each kind move the AUC of the
// quickstart's copies by less than its interval.
const (
	mostSubjects = 500  // training flows, and as many others, that are attacked
	mostFitted   = 2000 // synthetic flows that the attacker looks at
	leastOthers  = 10   // held-out flows without which nothing can be said
)

// subjects are the flows that are attacked: half of them training flows, half held-out
// ones. The held-out flows are in two parts of which one is the unseen real traffic for
// the other, and each for half of the training flows.
type subjects struct {
	note     string // why there are none; "": there are
	flows    []*flow.Flow
	member   []bool
	rows     [][]float64        // [flows][columns] profile, in standard deviations of the unseen
	unseen   [attacks][]float64 // [flows] what unseen real flows say of each
	scale    scale
	of       func(f *flow.Flow) []float64
	training []*flow.Flow // those that are not attacked
}

// subjects are the flows of the reference that are attacked.
func (r *reference) subjects() *subjects {
	return r.attacked.get(func() *subjects { return newSubjects(r.split, r.clock, rand.NewPCG(r.seed, 0)) })
}

// newSubjects draws the flows that are attacked.
func newSubjects(split Split, c clock, src rand.Source) *subjects {
	s := &subjects{of: loggedProfile(c)}
	n := min(len(split.HeldOut), len(split.Training)/2, mostSubjects) / 2 * 2
	if n < leastOthers {
		s.note = fmt.Sprintf("%d training and %d held-out flows: want at least %d and %d", len(split.Training), len(split.HeldOut), 2*leastOthers, leastOthers)
		return s
	}
	held := draw(split.HeldOut, n, math.MaxInt, src)
	training := draw(split.Training, len(split.Training), math.MaxInt, src)
	s.training = training[n:]
	for part := range 2 {
		own, unseen := held[part*n/2:(part+1)*n/2], held[(1-part)*n/2:(2-part)*n/2]
		s.add(training[part*n/2:(part+1)*n/2], unseen, true)
		s.add(own, unseen, false)
	}
	return s
}

// add takes flows that are attacked, with what unseen real flows say of them.
func (s *subjects) add(flows, unseen []*flow.Flow, member bool) {
	rows := make([][]float64, len(unseen))
	for i, f := range unseen {
		rows[i] = s.of(f)
	}
	if s.scale.mean == nil {
		s.scale = newScale(rows)
	}
	for _, row := range rows {
		s.scale.apply(row)
	}
	slices.SortFunc(rows, slices.Compare)
	chain := newMessageChain(unseen)
	for _, f := range flows {
		row := s.of(f)
		s.scale.apply(row)
		s.flows, s.member, s.rows = append(s.flows, f), append(s.member, member), append(s.rows, row)
		s.unseen[byDistance] = append(s.unseen[byDistance], nearness(closest(rows, row)))
		s.unseen[byLikelihood] = append(s.unseen[byLikelihood], chain.logLikelihood(f))
	}
}

// nearness grows as a distance falls: the logarithm of what is a density up to a factor. A
// distance below a thousandth of a standard deviation is as good as none.
func nearness(distance float64) float64 { return -math.Log(distance + 1e-3) }

// membership is how well the members among the subjects are told by synthetic flows.
type membership struct {
	*subjects
	fitted, all int // synthetic flows that the attacker looks at, and all
	curves      [attacks]roc
	seed        uint64
}

// membership is how well the synthetic flows tell the members.
func (c *comparison) membership() *membership {
	return c.attack.get(func() *membership { return c.reference.subjects().attackWith(c.candidate, c.source("membership")) })
}

// attackWith attacks the subjects with synthetic flows.
func (s *subjects) attackWith(synthetic []*flow.Flow, src rand.Source) *membership {
	m := &membership{subjects: s, all: len(synthetic), seed: src.Uint64()}
	if s.note != "" {
		return m
	}
	synthetic = draw(synthetic, min(len(synthetic), mostFitted), math.MaxInt, src)
	m.fitted = len(synthetic)
	rows := make([][]float64, len(synthetic))
	for i, f := range synthetic {
		rows[i] = s.of(f)
		s.scale.apply(rows[i])
	}
	slices.SortFunc(rows, slices.Compare)
	chain := newMessageChain(synthetic)
	var scores [attacks][]float64
	for i, f := range s.flows {
		scores[byDistance] = append(scores[byDistance], nearness(closest(rows, s.rows[i]))-s.unseen[byDistance][i])
		scores[byLikelihood] = append(scores[byLikelihood], chain.logLikelihood(f)-s.unseen[byLikelihood][i])
	}
	for a := range attacks {
		m.curves[a] = newROC(scores[a], s.member)
	}
	return m
}

// result is the area (0) or the members found (1) of an attack.
func (m *membership) result(a attack, rate int, followed string) result {
	if m.note != "" {
		return missing("%s", m.note)
	}
	area, found := m.curves[a].rates(nil)
	n := len(m.flows) / 2
	r := result{value: [2]float64{area, found}[rate], real: 2 * n, synthetic: m.fitted,
		note: fmt.Sprintf("%d training and %d held-out flows attacked", n, n),
		interval: func() [2]float64 {
			area, found := m.curves[a].intervals(rand.NewPCG(m.seed, uint64(a)))
			return [2][2]float64{area, found}[rate]
		}}
	if m.fitted < m.all {
		r.note = joinNotes(r.note, fmt.Sprintf("with %d of the %d synthetic flows", m.fitted, m.all))
	}
	if rate == 1 && n < 100 {
		r.note = joinNotes(r.note, "of so few no other flow at all may be taken for a training flow, in place of 1 %")
	}
	r.note = joinNotes(r.note, followed)
	return r
}

// membershipFloors are the rates of attacks with training flows in place of synthetic ones,
// others than those that are attacked: they give none of those away. Each floor split has
// other subjects. If training and held-out flows differ in kind, the attacker tells them
// apart all the same, and the floor says how well.
func (r *reference) membershipFloors() (values [attacks][2][]float64) {
	src := rand.NewPCG(r.seed, 1)
	for range r.cfg.FloorSplits {
		s := newSubjects(r.split, r.clock, src)
		if s.note != "" {
			return values
		}
		m := s.attackWith(draw(s.training, (len(s.training)+1)/2, math.MaxInt, src), src)
		for a := range attacks {
			area, found := m.curves[a].rates(nil)
			values[a][0], values[a][1] = append(values[a][0], area), append(values[a][1], found)
		}
	}
	return values
}

// membershipFloor is the mean and the deviation of a rate over membershipFloors.
func (r *reference) membershipFloor(a attack, rate int) (mean, deviation float64) {
	values := r.attackedFloors.get(r.membershipFloors)[a][rate]
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	return each(values).moments()
}

// loggedProfile is the profile of a flow with log10 of its duration and the logarithm of
// its counts and sizes, so that no column is ruled by its few great values.
func loggedProfile(c clock) func(f *flow.Flow) []float64 {
	return func(f *flow.Flow) []float64 {
		values := profile(f, c)
		values[2] = math.Log10(max(gapFloor, values[2]))
		for j, v := range values {
			if v > 0 {
				values[j] = math.Log1p(v)
			}
		}
		return values
	}
}
