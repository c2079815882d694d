package lstm

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// crossValidation is the networks of all folds of all tasks.
type crossValidation struct {
	tasks   []*scaledTask
	folds   []classifierFold // [network]: those of the first task first
	network classifierNetwork
}

// classifierFold is what one network learns from.
type classifierFold struct {
	task   *scaledTask
	learnt []int // sequences
}

func newCrossValidation(b compute.Backend, tasks []ClassifierTask, rng *rand.Rand) *crossValidation {
	_, longest := ClassifierBounds(b)
	v := &crossValidation{network: classifierNetwork{columns: tasks[0].columns(), units: classifierUnits, unrolled: !scans(b)}}
	for _, t := range tasks {
		s := newScaledTask(t, longest)
		v.tasks = append(v.tasks, s)
		for _, steps := range s.steps {
			v.network.steps = max(v.network.steps, len(steps))
		}
		for fold := range t.folds() {
			v.folds = append(v.folds, classifierFold{s, s.learnt(fold, rng)})
		}
	}
	v.network.networks = len(v.folds)
	return v
}

// training is the rows that the networks learn from.
func (v *crossValidation) training() []*tensors.Tensor {
	all, most := make([][]place, len(v.folds)), 0
	for k, f := range v.folds {
		places, rows := f.task.places(f.learnt, v.network.steps)
		all[k], most = places, max(most, rows)
	}
	r := newClassifierRows(v.network, most)
	for k, f := range v.folds {
		for _, p := range all[k] {
			r.set(k, f.task, p)
		}
	}
	return r.tensors()
}

// scoredRows is the number of rows of each network that one call of a program scores.
const scoredRows = 64

// score scores each sequence by the network of its fold, task by task.
func (v *crossValidation) score(ctx context.Context, b compute.Backend, trained fit.Params) ([][]float64, error) {
	n := v.network
	n.networks = len(v.folds) / len(v.tasks)
	program, err := graph.NewExec(b, n.scores)
	if err != nil {
		return nil, fmt.Errorf("lstm: build classifier: %w", err)
	}
	defer program.Finalize()
	scores := make([][]float64, len(v.tasks))
	for i, t := range v.tasks {
		params, err := networksOf(trained, i*n.networks, n.networks)
		if err != nil {
			return nil, err
		}
		if scores[i], err = t.score(ctx, program, n, params); err != nil {
			return nil, err
		}
	}
	return scores, nil
}

// networksOf cuts the parameters of count networks out of those of all.
func networksOf(params fit.Params, from, count int) (fit.Params, error) {
	cut := fit.Params{Names: params.Names}
	for i, p := range params.Values {
		flat, err := tensors.CopyFlatData[float32](p)
		if err != nil {
			return fit.Params{}, fmt.Errorf("lstm: copy parameter %q: %w", params.Names[i], err)
		}
		dims := p.Shape().Clone().Dimensions
		size := len(flat) / dims[0]
		dims[0] = count
		cut.Values = append(cut.Values, tensors.FromFlatDataAndDimensions(flat[from*size:(from+count)*size], dims...))
	}
	return cut, nil
}

// score scores the sequences of a task by the networks of its folds.
func (t *scaledTask) score(ctx context.Context, program *graph.Exec, n classifierNetwork, params fit.Params) ([]float64, error) {
	all, most := make([][]place, n.networks), 0
	for fold := range all {
		places, rows := t.places(t.scored(fold), n.steps)
		all[fold], most = places, max(most, rows)
	}
	scores := make([]float64, len(t.Sequences))
	for begin := 0; begin < most; begin += scoredRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		within := func(p place) bool { return p.row >= begin && p.row < begin+scoredRows }
		r := newClassifierRows(n, scoredRows)
		for fold, places := range all {
			for _, p := range places {
				if within(p) {
					r.set(fold, t, place{p.sequence, p.row - begin, p.from})
				}
			}
		}
		in := r.tensors()
		args := []any{in[0], in[1]}
		for _, p := range params.Values {
			args = append(args, p)
		}
		out, err := program.Call(args...)
		if err != nil {
			return nil, fmt.Errorf("lstm: classify: %w", err)
		}
		logits, err := tensors.CopyFlatData[float32](out[0]) // [steps, networks, rows]
		if err != nil {
			return nil, fmt.Errorf("lstm: read scores: %w", err)
		}
		for fold, places := range all {
			for _, p := range places {
				if within(p) {
					scores[p.sequence] = t.mean(logits, n, fold, place{p.sequence, p.row - begin, p.from})
				}
			}
		}
	}
	return scores, nil
}

// mean is the mean of the logits [steps, networks, scoredRows] over the steps of a
// sequence.
func (t *scaledTask) mean(logits []float32, n classifierNetwork, fold int, p place) float64 {
	var sum float64
	length := len(t.steps[p.sequence])
	for s := range length {
		sum += float64(logits[((p.from+s)*n.networks+fold)*scoredRows+p.row])
	}
	return sum / float64(length)
}
