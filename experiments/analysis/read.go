package analysis

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/necstgen/necstgen/gomlxmodels/markov"
)

// maxLabels is how many labels are compared: those of the first flows.
const maxLabels = 200_000

// ReadLabels takes the labels of the training packets from a run's labels.json, and
// draws as many by its chain.json, flow by flow of the same lengths.
func (l *Latent) ReadLabels(labels, chain io.Reader) error {
	var stored struct {
		Lengths []int `json:"lengths"`
		Flows   []int `json:"flows"`
	}
	if err := json.NewDecoder(labels).Decode(&stored); err != nil {
		return fmt.Errorf("analysis: labels.json: %w", err)
	}
	c, err := markov.Load(chain, "chain.json")
	if err != nil {
		return fmt.Errorf("analysis: %w", err)
	}
	l.Training, l.Drawn = nil, nil
	src := source()
	from, labelCount := 0, len(stored.Flows)
	for _, n := range stored.Lengths {
		if n <= 0 || from+n > min(labelCount, maxLabels) {
			break
		}
		l.Training = append(l.Training, stored.Flows[from:from+n])
		l.Drawn = append(l.Drawn, c.AppendSampleLength(nil, src, n))
		from += n
	}
	return nil
}
