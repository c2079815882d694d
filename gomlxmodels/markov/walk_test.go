package markov

import (
	"math"
	"math/rand/v2"
	"sync"
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
		end := math.Log(c.smoothed(walk.node, int32(len(c.labels))))
		if want := c.logProbability(path); math.Abs(sum+end-want) > 1e-5 {
			t.Errorf("walk over %v: log-probability %g, want %g", path, sum+end, want)
		}
	}
}

// A walk's state is the longest known history that the whole sequence ends with,
// whatever was walked before and however many walk at once.
func TestWalkKeepsLongestHistory(t *testing.T) {
	for _, order := range []int{0, 1, 3, 6} {
		random := rand.New(rand.NewPCG(1, uint64(order)))
		var training [][]int
		for range 40 {
			sequence := make([]int, 1+random.IntN(12))
			for i := range sequence {
				sequence[i] = random.IntN(4) * random.IntN(2)
			}
			training = append(training, sequence)
		}
		c, err := Fit(order, training)
		if err != nil {
			t.Fatal(err)
		}
		prior := c.Prior()
		var all sync.WaitGroup
		for seed := range uint64(4) {
			all.Go(func() {
				random := rand.New(rand.NewPCG(2, seed))
				path, walk := []int32{int32(len(c.labels))}, prior.Start()
				for range 300 {
					if want := c.trie.find(path, order); walk.node != want {
						t.Errorf("order %d: after %v the walk is at %d, want %d", order, path, walk.node, want)
						return
					}
					index := random.IntN(len(c.labels))
					path = append(path, int32(index))
					walk.Step(index)
				}
			})
		}
		all.Wait()
	}
}

// BenchmarkWalk is one label: its probabilities and the step.
func BenchmarkWalk(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	var training [][]int
	for range 1000 {
		sequence := make([]int, 40)
		for i := range sequence {
			sequence[i] = random.IntN(4) * random.IntN(4)
		}
		training = append(training, sequence)
	}
	c, err := Fit(5, training)
	if err != nil {
		b.Fatal(err)
	}
	walk, index := c.Prior().Start(), 0
	for b.Loop() {
		row := walk.LogProbabilities()
		walk.Step(index)
		index = (index + 1) % len(row)
	}
}
