package lstm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// Classes of the sequences of a ClassifierTask.
const (
	ClassFalse = 0
	ClassTrue  = 1
	ClassNone  = -1 // the sequence is scored, but no network learns from it
)

// ClassifierTask is sequences of two classes that networks are to tell apart.
type ClassifierTask struct {
	Sequences [][][]float64 // [sequence][step][column], at least one step each; finite
	Classes   []int         // [sequence], ClassFalse, ClassTrue or ClassNone
	Folds     []int         // [sequence], from 0 without a gap: the network of a fold scores it and learns from those of the other folds
}

// The network that tells sequences apart and its training. On the quickstart's flows the
// mean AUC of six seeds is 0.730 (a seed moves it by 0.02); twice the units make it 0.735
// and twice the epochs 0.738, in nearly twice the time; half the learning rate 0.715.
const (
	classifierUnits  = 16
	classifierEpochs = 8
	classifierBatch  = 16 // rows, of one or more sequences
	classifierRate   = 2e-2
)

// ClassifierBounds are the numbers of sequences a class and of steps a sequence with
// which CrossValidate takes seconds on a backend. The Go backend unrolls the steps and
// computes some twenty times slower.
func ClassifierBounds(b compute.Backend) (sequences, steps int) {
	if !scans(b) {
		return 150, 16
	}
	return 600, 64
}

// CrossValidate trains, for each fold of each task, an LSTM that reads a sequence step
// by step and says at each of which class it takes it to be, and scores each sequence by
// the network that did not learn from its fold: scores [task][sequence], the mean over
// its steps of the log-odds of ClassTrue. Of a sequence, the steps of ClassifierBounds
// count; columns are put into standard deviations of what is learnt from.
//
// All networks are trained side by side, as one program: they are compiled once, and
// the products of a step are large enough to be worth a call. The same arguments, seed
// included, give the same scores on the same backend.
func CrossValidate(ctx context.Context, b compute.Backend, tasks []ClassifierTask, seed uint64) (scores [][]float64, err error) {
	if err := checkTasks(tasks); err != nil || len(tasks) == 0 {
		return nil, err
	}
	v := newCrossValidation(b, tasks, rand.New(rand.NewPCG(seed, 0x636c6173)))
	cfg := fit.DefaultConfig()
	cfg.Epochs, cfg.Batch, cfg.LearningRate, cfg.Seed = classifierEpochs, classifierBatch, classifierRate, seed
	trained, _, err := fit.Run(ctx, b, cfg, v.network.initialize(rand.NewPCG(seed, 0x6c73746d)), v.training(), v.network.problem(), nil)
	if err != nil {
		return nil, fmt.Errorf("lstm: %w", err)
	}
	return v.score(ctx, b, trained)
}

// checkTasks reports every task that cannot be learnt.
func checkTasks(tasks []ClassifierTask) error {
	var problems []error
	for i, t := range tasks {
		err := t.check(tasks[0].columns())
		if err == nil && t.folds() != tasks[0].folds() {
			err = fmt.Errorf("%d folds: want %d, as task 0 has", t.folds(), tasks[0].folds())
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("lstm: task %d: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// columns is the number of columns of the sequences, 0 where there is none.
func (t *ClassifierTask) columns() int {
	if len(t.Sequences) == 0 || len(t.Sequences[0]) == 0 {
		return 0
	}
	return len(t.Sequences[0][0])
}

// folds is the number of folds.
func (t *ClassifierTask) folds() int {
	n := 0
	for _, fold := range t.Folds {
		n = max(n, fold+1)
	}
	return n
}

// check reports what keeps a task of sequences with so many columns from being learnt.
func (t *ClassifierTask) check(columns int) error {
	if len(t.Sequences) != len(t.Classes) || len(t.Sequences) != len(t.Folds) {
		return fmt.Errorf("%d sequences, %d classes and %d folds: want one of each for each sequence", len(t.Sequences), len(t.Classes), len(t.Folds))
	}
	for i, sequence := range t.Sequences {
		if len(sequence) == 0 {
			return fmt.Errorf("sequence %d has no step: want at least 1", i)
		}
		for s, step := range sequence {
			if len(step) != columns || columns == 0 {
				return fmt.Errorf("sequence %d, step %d has %d columns: want %d, at least 1", i, s, len(step), columns)
			}
			for j, v := range step {
				if v-v != 0 {
					return fmt.Errorf("sequence %d, step %d, column %d is %v: want a finite number", i, s, j, v)
				}
			}
		}
		if c := t.Classes[i]; c < ClassNone || c > ClassTrue {
			return fmt.Errorf("sequence %d is of class %d: want %d, %d or %d", i, c, ClassFalse, ClassTrue, ClassNone)
		}
		if t.Folds[i] < 0 {
			return fmt.Errorf("sequence %d is in fold %d: want 0 or more", i, t.Folds[i])
		}
	}
	return t.checkFolds()
}

// checkFolds reports a fold whose network would have one class to learn from, or none.
func (t *ClassifierTask) checkFolds() error {
	folds := t.folds()
	if folds < 2 {
		return fmt.Errorf("%d folds: want at least 2", folds)
	}
	for k := range folds {
		var count [2]int
		for i, c := range t.Classes {
			if c != ClassNone && t.Folds[i] != k {
				count[c]++
			}
		}
		if count[0] == 0 || count[1] == 0 {
			return fmt.Errorf("the network of fold %d has %d false and %d true sequences to learn from: want at least one of each", k, count[0], count[1])
		}
	}
	return nil
}
