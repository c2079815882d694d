package lstm

import (
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
)

// mostDeviations is where the columns of sequences are cut off, in standard deviations:
// a flag that one packet in a thousand has would else be 30.
const mostDeviations = 5

// scaledTask is a task whose sequences have the length and the scale that networks read.
type scaledTask struct {
	ClassifierTask
	steps [][][]float32 // [sequence][step][column], in standard deviations
}

// newScaledTask cuts the sequences behind so many steps, and scales their columns by
// mean and standard deviation of those that are learnt from.
func newScaledTask(t ClassifierTask, longest int) *scaledTask {
	columns := t.columns()
	mean, deviation := make([]float64, columns), make([]float64, columns)
	var n float64
	for i, sequence := range t.Sequences {
		if t.Classes[i] == ClassNone {
			continue
		}
		for _, step := range sequence[:min(longest, len(sequence))] { // Welford 1962
			n++
			for j, v := range step {
				off := v - mean[j]
				mean[j] += off / n
				deviation[j] += off * (v - mean[j])
			}
		}
	}
	for j := range deviation {
		if deviation[j] = math.Sqrt(deviation[j] / n); deviation[j] == 0 {
			deviation[j] = 1
		}
	}
	s := &scaledTask{ClassifierTask: t, steps: make([][][]float32, len(t.Sequences))}
	for i, sequence := range t.Sequences {
		for _, step := range sequence[:min(longest, len(sequence))] {
			scaled := make([]float32, columns)
			for j, v := range step {
				scaled[j] = float32(max(-mostDeviations, min(mostDeviations, (v-mean[j])/deviation[j])))
			}
			s.steps[i] = append(s.steps[i], scaled)
		}
	}
	return s
}

// learnt are the sequences that the network of a fold learns from, in random order.
func (t *scaledTask) learnt(fold int, rng *rand.Rand) []int {
	var list []int
	for i := range t.Sequences {
		if t.Folds[i] != fold && t.Classes[i] != ClassNone {
			list = append(list, i)
		}
	}
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// scored are the sequences that the network of a fold scores.
func (t *scaledTask) scored(fold int) []int {
	var list []int
	for i := range t.Sequences {
		if t.Folds[i] == fold {
			list = append(list, i)
		}
	}
	return list
}

// place is where a sequence lies: from a step of a row.
type place struct{ sequence, row, from int }

// places lays sequences one behind the other into rows of so many steps, none cut, each
// into the first row that has room for it.
func (t *scaledTask) places(list []int, steps int) (all []place, rows int) {
	var used []int // steps of each row
	for _, sequence := range list {
		length, row := len(t.steps[sequence]), 0
		for row < len(used) && used[row]+length > steps {
			row++
		}
		if row == len(used) {
			used = append(used, 0)
		}
		all = append(all, place{sequence, row, used[row]})
		used[row] += length
	}
	return all, len(used)
}

// classifierRows is rows for networks side by side: see classifierNetwork.inputs and
// loss. A network with fewer sequences than another has rows without one.
type classifierRows struct {
	n               classifierNetwork
	rows            int
	x, keep, target []float32
}

func newClassifierRows(n classifierNetwork, rows int) *classifierRows {
	all := rows * n.networks * n.steps
	return &classifierRows{n: n, rows: rows, x: make([]float32, all*n.columns), keep: make([]float32, all), target: make([]float32, all)}
}

// set puts a sequence of a task into a row of a network.
func (r *classifierRows) set(network int, t *scaledTask, p place) {
	steps := t.steps[p.sequence]
	target := float32(2*t.Classes[p.sequence]-1) / float32(len(steps))
	for s, columns := range steps {
		at := (p.row*r.n.networks+network)*r.n.steps + p.from + s
		copy(r.x[at*r.n.columns:], columns)
		r.target[at] = target
		if s > 0 {
			r.keep[at] = 1
		}
	}
}

// tensors are the rows as x [rows, networks, steps, columns], keep and target [rows,
// networks, steps].
func (r *classifierRows) tensors() []*tensors.Tensor {
	of := func(flat []float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(flat, r.rows, r.n.networks, r.n.steps)
	}
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(r.x, r.rows, r.n.networks, r.n.steps, r.n.columns), of(r.keep), of(r.target)}
}
