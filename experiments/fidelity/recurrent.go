package fidelity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/fidelity/classifier"
)

// SequenceClassifier is a recurrent network that learns to tell two classes of
// sequences apart. This package links no network: its caller brings one.
type SequenceClassifier struct {
	MaxFlows   int // sequences of a class that it learns from in a few seconds
	MaxPackets int // steps of a sequence that it reads

	// CrossValidate scores each sequence of each task by a network that did not learn from
	// its fold: [task][sequence], greater where the network takes it for class 1. The same
	// tasks and seed give the same scores.
	CrossValidate func(tasks []SequenceTask, seed uint64) ([][]float64, error)
}

// SequenceTask is sequences of two classes, in folds.
type SequenceTask struct {
	Sequences [][][]float64 // [sequence][step][column]
	Classes   []int         // [sequence]: 0, 1, or -1: it is scored, but nothing is learnt from it
	Folds     []int         // [sequence], from 0
}

// minSequences is the number of flows a side from which a network can learn.
const minSequences = 100

// recurrentFloors is the number of pairs of halves of the real data that make the floor
// of the recurrent adversary: each costs as much as the score itself.
const recurrentFloors = 2

// recurrentName is the name of the recurrent adversary.
const recurrentName = "recurrent flow"

// recurrentMeasure is the adversary that reads whole flows. Its networks are trained
// together when all comparisons are known, so it is recurrentAdversary that fills its
// score in.
func recurrentMeasure() measure {
	return measure{Definition: Definition{"classifier", recurrentName, Classifier,
		"AUC of a recurrent network that tries to tell real from synthetic flows by their packets, one after the other: length, direction, log gap, its change since the last one between the same directions, header length and flags of each, of LoRaWAN uplinks also what windows have of them."},
		flows: true, compute: func(c *comparison) result { return c.reference.recurrent.add(c) }}
}

// recurrentAdversary is what the recurrent adversary is shown of the comparisons with
// one reference.
type recurrentAdversary struct {
	opened *SequenceClassifier // nil: not yet
	main   *sequences          // of the synthetic side; nil: too few
	halves []*sequences        // of the real data
	seed   uint64
}

// sequences are the flows of both sides of a comparison as a network reads them.
type sequences struct {
	packets [][][]float64 // [flow][packet][field], see windowFieldNames; the real side's first
	folds   []int         // [flow]
	groups  []int         // [flow], of flows that are in one fold
	note    string
}

// pending is the result of a score that recurrentAdversary fills in later.
var pending = result{value: math.NaN()}

// add takes the flows of a comparison.
func (w *recurrentAdversary) add(c *comparison) result {
	n := min(len(c.real.flows), len(c.synthetic.flows))
	switch {
	case c.half && (w.main == nil || len(w.halves) == recurrentFloors):
		return pending
	case c.baseline:
		return missing("baselines are not shown to it")
	case n < minSequences:
		return missing("%d real and %d synthetic flows: want at least %d of each for a network to learn from", len(c.real.flows), len(c.synthetic.flows), minSequences)
	case c.cfg.Recurrent == nil:
		return missing("no device to train its network on: evaluate has one, and run where the generator computes on one")
	}
	if w.opened == nil {
		opened, err := c.cfg.Recurrent()
		if err != nil {
			return missing("%v", err)
		}
		w.opened = &opened
	}
	src := c.source(recurrentName)
	s := newSequences(c, min(n, w.opened.MaxFlows), w.opened.MaxPackets, src)
	if c.half {
		w.halves = append(w.halves, s)
	} else {
		w.main, w.seed = s, src.Uint64()
	}
	return pending
}

// newSequences draws n flows of either side and takes their first most packets.
func newSequences(c *comparison, n, most int, src rand.Source) *sequences {
	s := &sequences{}
	var flat [][]float64
	var own []int
	longer := false
	for _, side := range []*sample{c.real, c.synthetic} {
		for _, f := range draw(side.flows, n, math.MaxInt, src) {
			values, width := packetRows(side, f)
			longer = longer || len(f.Packets) > most
			values = values[:min(len(values), width*most)]
			flat, own = append(flat, values), append(own, len(own))
			s.packets = append(s.packets, slices.Collect(slices.Chunk(values, width)))
		}
	}
	s.groups, s.note = foldGroups(flat, own, c.cfg.Folds)
	s.folds = classifier.Folds(c.cfg.Folds, s.synthetic(), s.groups, src)
	if n < len(c.real.flows) || n < len(c.synthetic.flows) {
		s.note = joinNotes(s.note, fmt.Sprintf("on %d flows a side", n))
	}
	if longer {
		s.note = joinNotes(s.note, fmt.Sprintf("by their first %d packets", most))
	}
	return s
}

// synthetic reports for each flow whether it is synthetic.
func (s *sequences) synthetic() []bool {
	y := make([]bool, len(s.packets))
	for i := len(y) / 2; i < len(y); i++ {
		y[i] = true
	}
	return y
}

// task is the flows as a network takes them.
func (s *sequences) task() SequenceTask {
	t := SequenceTask{Folds: slices.Clone(s.folds)}
	for i, packets := range s.packets {
		t.Sequences, t.Classes = append(t.Sequences, columnsOf(packets)), append(t.Classes, 2*i/len(s.packets))
	}
	return t
}

// withoutField appends to a task, as sequences that nothing is learnt from, the flows
// with one field of all packets shuffled: so the networks are asked what they say
// without it.
func (s *sequences) withoutField(t *SequenceTask, field int, rng *rand.Rand) {
	var values []float64
	for _, packets := range s.packets {
		for _, p := range packets {
			values = append(values, p[field])
		}
	}
	rng.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	for i, packets := range s.packets {
		changed := make([][]float64, len(packets))
		for j, p := range packets {
			changed[j] = slices.Clone(p)
			changed[j][field], values = values[0], values[1:]
		}
		t.Sequences, t.Classes, t.Folds = append(t.Sequences, columnsOf(changed)), append(t.Classes, -1), append(t.Folds, s.folds[i])
	}
}

// columnsOf is what a network reads of the packets of a flow [packet][field]: the length
// and its logarithm, the direction, the log gap, the header length, how much the gap has
// changed, each TCP flag, and the other fields.
func columnsOf(packets [][]float64) [][]float64 {
	steps := make([][]float64, len(packets))
	changes := gapChanges(packets)
	for i, p := range packets {
		columns := []float64{p[0], math.Log1p(p[0]), p[1], p[2], p[3], changes[i]}
		for flag := flow.TCPFlags(1); flag != 0; flag <<= 1 {
			has := 0.0
			if flow.TCPFlags(p[4])&flag != 0 {
				has = 1
			}
			columns = append(columns, has)
		}
		steps[i] = append(columns, p[5:]...)
	}
	return steps
}

// leastChange is added to the change of a log gap before its logarithm is taken: 2 % of
// the gap.
const leastChange = 0.01

// gapChanges is for each packet log10 of how far its log gap is from the last one between
// packets of the same two directions; 0 where there is none. The round trip is one of a
// flow, so real gaps of a kind are alike: with it the AUC on the quickstart's flows is
// 0.73, without it 0.59, because a network cannot learn to compare from a thousand flows.
func gapChanges(packets [][]float64) []float64 {
	changes := make([]float64, len(packets))
	last := map[[2]float64]float64{} // log gap, by the directions before and behind it
	for i := 1; i < len(packets); i++ {
		directions, gap := [2]float64{packets[i-1][1], packets[i][1]}, packets[i][2]
		if before, ok := last[directions]; ok {
			changes[i] = math.Log10(leastChange + math.Abs(gap-before))
		}
		last[directions] = gap
	}
	return changes
}

// settle trains the networks and fills in the score, its floor, and what it looked at.
func (w *recurrentAdversary) settle(scores []Score) {
	score := Definition{Level: "classifier", Name: recurrentName}.In(scores)
	if w.main == nil || score == nil {
		return
	}
	task, rng := w.main.task(), rand.New(rand.NewPCG(w.seed, 0))
	fields := windowFieldNames[:len(w.main.packets[0][0])]
	for field := range fields {
		w.main.withoutField(&task, field, rng)
	}
	tasks := []SequenceTask{task}
	for _, half := range w.halves {
		tasks = append(tasks, half.task())
	}
	said, err := w.opened.CrossValidate(tasks, w.seed)
	if err != nil {
		score.Note = err.Error()
		return
	}
	if err := w.judge(score, said[0], fields); err != nil {
		score.Note = err.Error()
		return
	}
	var floors []float64
	for i, half := range w.halves {
		if found, err := half.judge(said[1+i]); err == nil {
			floors = append(floors, max(0.5, found.AUC))
		}
	}
	if len(floors) == recurrentFloors {
		mean, deviation := each(floors).moments()
		score.Floor, score.FloorSpread = number(mean), number(deviation)
	}
}

// judge is how well scores [flow] tell the sides apart.
func (s *sequences) judge(scores []float64) (classifier.Result, error) {
	return classifier.Judge(scores[:len(s.packets)], s.synthetic(), s.folds, s.groups)
}

// judge fills in the score of the synthetic side from what the networks say of its
// flows, and of the flows without each field.
func (w *recurrentAdversary) judge(score *Score, said []float64, fields []string) error {
	found, err := w.main.judge(said)
	if err != nil {
		return err
	}
	n := len(w.main.packets)
	score.NReal, score.NSynthetic, score.Note = n/2, n/2, w.main.note
	interval := found.Interval(rand.NewPCG(w.seed, 1))
	score.Value, score.Interval = number(max(0.5, found.AUC)), &interval
	if found.AUC < 0.5 {
		score.Note = joinNotes(fmt.Sprintf("measured %.3f", found.AUC), score.Note)
		return nil
	}
	loss := make([]float64, len(fields))
	for field := range fields {
		without, err := w.main.judge(said[(1+field)*n:])
		if err != nil {
			return err
		}
		loss[field] = found.AUC - without.AUC
	}
	score.LooksAt = mostUsed(loss, fields)
	return nil
}
