package pipeline

import (
	"context"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
)

// Recurrent returns what opens the network of the adversary that reads whole flows:
// fidelity.Config.Recurrent. It opens the backend when there are flows enough for it,
// and ctx ends its training.
func Recurrent(ctx context.Context, open func(context.Context) (compute.Backend, error)) func() (fidelity.SequenceClassifier, error) {
	return func() (fidelity.SequenceClassifier, error) {
		b, err := open(ctx)
		if err != nil {
			return fidelity.SequenceClassifier{}, err
		}
		c := fidelity.SequenceClassifier{CrossValidate: func(tasks []fidelity.SequenceTask, seed uint64) ([][]float64, error) {
			own := make([]lstm.ClassifierTask, len(tasks))
			for i, t := range tasks {
				own[i] = lstm.ClassifierTask(t)
			}
			return lstm.CrossValidate(ctx, b, own, seed)
		}}
		c.MaxFlows, c.MaxPackets = lstm.ClassifierBounds(b)
		return c, nil
	}
}
