package markov

import (
	"math"
	"testing"
)

// A walk's probabilities are those by which LogProbability scores a sequence:
// for every label, and with what is left for END they sum to one.
func TestWalkAgreesWithLogProbability(t *testing.T) {
	c, err := Fit(3, [][]int{{1, 2, 3, 1, 2}, {1, 1, 2, 3}, {2, 3, 3, 3, 1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	sequence := []int{0, 1, 2, 2, 0, 1, 1, 0, 2} // indices of the labels 1, 2, 3
	walk := c.Prior().Start()
	var sum float64
	labels := []int{}
	for _, index := range sequence {
		row := walk.LogProbabilities()
		var total float64
		for _, p := range row {
			total += math.Exp(float64(p))
		}
		if total >= 1 || total <= 0 {
			t.Errorf("after %v the labels have probability %g, want below 1", labels, total)
		}
		sum += float64(row[index])
		labels = append(labels, c.Labels()[index])
		walk.Step(index)
		path := append([]int{}, labels...)
		node := c.trie.find(walk.path, c.order)
		end := math.Log(c.smoothed(node, int32(len(c.labels))))
		if want := c.LogProbability(path); math.Abs(sum+end-want) > 1e-5 {
			t.Errorf("walk over %v: log-probability %g, want %g", path, sum+end, want)
		}
	}
}
