package classifier

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Transfer fits a learner on the rows x [n][columns] with the classes y [n] and looks how
// well it tells the classes apart in other rows, test [m][columns] with the classes
// testY [m]. An AUC below 0.5 stays as it is: what was learnt may be wrong for the others.
func Transfer(l Learner, x [][]float64, y []bool, test [][]float64, testY []bool, src rand.Source) (Result, error) {
	if err := errors.Join(l.check(), check(x, y), check(test, testY)); err != nil {
		return Result{}, err
	}
	if len(x[0]) != len(test[0]) {
		return Result{}, fmt.Errorf("classifier: %d columns to learn from and %d to test with: want as many", len(x[0]), len(test[0]))
	}
	f := l.fit(x, y, src)
	tested := part{x: test, y: testY, scores: f.probabilities(nil, test)}
	for i := range test {
		tested.groups = append(tested.groups, i)
	}
	area, ok := auc(tested.scores, testY)
	if !ok {
		return Result{}, errors.New("classifier: the rows to test with are of one class only")
	}
	return Result{AUC: area, Importance: shares([][]float64{f.gains()}), parts: []part{tested}}, nil
}
