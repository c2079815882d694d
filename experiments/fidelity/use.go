package fidelity

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity/classifier"
)

// realShares are the parts of the training flows that synthetic ones are added to; 0 is
// none of them.
var realShares = [...]float64{0, 0.01, 0.05, 0.1}

// useMeasures are about whether what is learnt from synthetic flows holds for real ones
// (train on synthetic, test on real: Esteban et al., Real-valued (medical) time series
// generation with recurrent conditional GANs, 2017).
func useMeasures() []measure {
	const task = " AUC on held-out flows of a random forest that says which application a flow is of, by what it looks like without its ports, or of one application whether a flow will be large, by its first packets"
	var list []measure
	for k, part := range realShares {
		d := Definition{"use", "trained on synthetic", Similarity, "Trained on synthetic flows:" + task + "; the floor is trained on as many real flows."}
		if part > 0 {
			d.Name = fmt.Sprintf("trained on %.0f %% real and synthetic", 100*part)
			d.Meaning = fmt.Sprintf("Trained on %.0f %% of the real training flows and synthetic ones beside them:%s; the floor has other real flows in place of the synthetic ones.", 100*part, task)
		}
		list = append(list, measure{Definition: d,
			compute: func(c *comparison) result { return c.reference.task().use(k, c.generated.flows, c.source("use")) },
			floor:   func(r *reference) (mean, deviation float64) { return r.useFloor(k) }})
	}
	return ofFlows(onAll(list))
}

// The bounds of a task.
const (
	mostLearnt       = 1000 // synthetic flows that are learnt from
	mostTested       = 1000 // held-out flows
	leastTested      = 20   // of a class and of the others
	mostApplications = 4    // that are told from the others, the most frequent ones
	mostFirst        = 10   // packets by which the size of a flow is foretold
	useFloors        = 3    // trainings on real flows that make the floor
)

// task is what is learnt from flows: one question or several with yes and no for an answer.
type task struct {
	missing   string // why there is none; "": there is
	about     string // completes "AUC of telling "
	trees     int
	row       func(f *flow.Flow) []float64
	questions []func(f *flow.Flow) bool
	tested    []*flow.Flow
	rows      [][]float64
	training  []*flow.Flow // in random order, of which the first are the real samples
	seed      uint64
}

// task is what is learnt of the reference's flows.
func (r *reference) task() *task { return r.learnt.get(func() *task { return newTask(r) }) }

// newTask chooses what is learnt: applications, or whether flows of one are large.
func newTask(r *reference) *task {
	src := rand.NewPCG(r.seed, 2)
	held := draw(r.split.HeldOut, min(len(r.split.HeldOut), mostTested), math.MaxInt, src)
	t := &task{trees: max(1, r.cfg.Trees/4), tested: held, seed: src.Uint64(), training: draw(r.split.Training, len(r.split.Training), math.MaxInt, src)}
	switch {
	case len(r.split.Training) < 2*leastTested:
		t.missing = fmt.Sprintf("%d training flows: want at least %d", len(r.split.Training), 2*leastTested)
		return t
	case r.several:
		t.tellApplications(r.clock)
	default:
		t.tellLarge(r.clock)
	}
	if t.missing == "" {
		for _, f := range held {
			t.rows = append(t.rows, t.row(f))
		}
	}
	return t
}

// tellApplications asks for each frequent application whether a flow is of it.
func (t *task) tellApplications(c clock) {
	count := map[flow.Application]int{}
	for _, f := range t.tested {
		count[f.Application]++
	}
	var frequent []flow.Application
	for app, n := range count {
		if n >= leastTested && len(t.tested)-n >= leastTested {
			frequent = append(frequent, app)
		}
	}
	slices.SortFunc(frequent, func(a, b flow.Application) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	if len(frequent) == 0 {
		t.missing = fmt.Sprintf("no application has %d of the %d held-out flows that are tested, and the others as many", leastTested, len(t.tested))
		return
	}
	t.row = func(f *flow.Flow) []float64 { return profile(f, c) }
	t.about = "applications apart, the mean of"
	for _, app := range frequent[:min(len(frequent), mostApplications)] {
		t.about += " " + app.String()
		t.questions = append(t.questions, func(f *flow.Flow) bool { return f.Application == app })
	}
}

// tellLarge asks whether a flow has more bytes than the median real one, by the packets at
// its beginning: half as many as the median flow has, mostFirst at most.
func (t *task) tellLarge(c clock) {
	var packets []int
	var bytes []int64
	for _, f := range t.training {
		packets, bytes = append(packets, len(f.Packets)), append(bytes, f.Bytes())
	}
	slices.Sort(packets)
	slices.Sort(bytes)
	first, large := min(mostFirst, packets[len(packets)/2]/2), bytes[len(bytes)/2]
	n := 0
	for _, f := range t.tested {
		if f.Bytes() > large {
			n++
		}
	}
	switch {
	case first == 0:
		t.missing = NotApplicable + ": most flows are single packets, of which nothing can be foretold"
	case n < leastTested || len(t.tested)-n < leastTested:
		t.missing = fmt.Sprintf("%d of the %d held-out flows that are tested have more bytes than the median one, %d: want at least %d, and the others as many", n, len(t.tested), large, leastTested)
	}
	t.row = func(f *flow.Flow) []float64 { return firstValues(f, c)[:len(firstColumns)/firstPackets*first] }
	t.about = fmt.Sprintf("flows of more than %d bytes by their first %d packets", large, first)
	t.questions = []func(f *flow.Flow) bool{func(f *flow.Flow) bool { return f.Bytes() > large }}
}

// sample is how many of the training flows the real part of realShares[k] is.
func (t *task) sample(k int) int {
	if realShares[k] == 0 {
		return 0
	}
	return max(1, int(math.Round(realShares[k]*float64(len(t.training)))))
}

// use is how well what is learnt from flows, beside the real part of realShares[k], holds
// for the held-out ones.
func (t *task) use(k int, flows []*flow.Flow, src rand.Source) result {
	if t.missing != "" {
		return missing("%s", t.missing)
	}
	learnt := draw(flows, min(len(flows), mostLearnt), math.MaxInt, src)
	area, first, err := t.learn(slices.Concat(t.training[:t.sample(k)], learnt))
	if err != nil {
		return missing("%v", err)
	}
	r := result{value: area, real: len(t.tested), synthetic: len(learnt), note: "AUC of telling " + t.about}
	if len(t.questions) == 1 {
		r.interval = func() [2]float64 { return first.Interval(rand.NewPCG(t.seed, uint64(k))) }
	}
	if n := t.sample(k); n > 0 {
		alone, _, err := t.learn(t.training[:n])
		if err != nil {
			return missing("%v", err)
		}
		r.note = joinNotes(r.note, fmt.Sprintf("the %d real flows alone: %.3f, a gain of %+.3f", n, alone, area-alone))
	}
	return r
}

// learn is the mean over the questions of the AUC of a forest that has learnt from flows,
// and what is known of the first.
func (t *task) learn(flows []*flow.Flow) (area float64, first classifier.Result, err error) {
	x := make([][]float64, len(flows))
	for i, f := range flows {
		x[i] = t.row(f)
	}
	for q, ask := range t.questions {
		found, err := classifier.Transfer(classifier.Forest{Trees: t.trees}, x, answersOf(flows, ask), t.rows, answersOf(t.tested, ask), rand.NewPCG(t.seed, uint64(q)))
		if err != nil {
			return 0, first, err
		}
		area += found.AUC / float64(len(t.questions))
		if q == 0 {
			first = found
		}
	}
	return area, first, nil
}

// answersOf returns the answers to a question for each flow.
func answersOf(flows []*flow.Flow, ask func(*flow.Flow) bool) []bool {
	y := make([]bool, len(flows))
	for i, f := range flows {
		y[i] = ask(f)
	}
	return y
}

// useFloor is the mean and the deviation of what is learnt from training flows in place of
// synthetic ones, others than the real part.
func (r *reference) useFloor(k int) (mean, deviation float64) {
	t := r.task()
	if t.missing != "" {
		return math.NaN(), math.NaN()
	}
	var values []float64
	others := t.training[t.sample(k):]
	src := rand.NewPCG(t.seed, 1000+uint64(k))
	for range min(useFloors, r.cfg.FloorSplits) {
		area, _, err := t.learn(slices.Concat(t.training[:t.sample(k)], draw(others, min(mostLearnt, (len(others)+1)/2), math.MaxInt, src)))
		if err != nil {
			return math.NaN(), math.NaN()
		}
		values = append(values, area)
	}
	return each(values).moments()
}
