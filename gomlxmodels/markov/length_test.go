package markov

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// exact is the distribution over all sequences of the given length that END
// follows, by going through them.
func exact(c *Chain, length int) map[string]float64 {
	out := make(map[string]float64)
	var sum float64
	var walk func(sequence []int, p float64)
	walk = func(sequence []int, p float64) {
		if p == 0 {
			return
		}
		if len(sequence) == length {
			p *= c.endProbability(sequence)
			out[fmt.Sprint(sequence)] = p
			sum += p
			return
		}
		for _, label := range c.Labels() {
			walk(append(sequence[:len(sequence):len(sequence)], label), p*c.probability(sequence, label))
		}
	}
	walk(nil, 1)
	for s := range out {
		out[s] /= sum
	}
	return out
}

// SampleLength draws from the conditional distribution itself, not from one that
// is bent towards short or long bodies.
func TestSampleLengthIsTheConditionalDistribution(t *testing.T) {
	for _, order := range []int{0, 1, 2} {
		c, err := Fit(order, web(6, 400))
		if err != nil {
			t.Fatal(err)
		}
		length := []int{3, 9, 9}[order]
		want := exact(c, length)
		const draws = 40000
		got := make(map[string]float64)
		src := rand.NewPCG(1, uint64(order))
		for range draws {
			got[fmt.Sprint(c.AppendSampleLength(nil, src, length))] += 1.0 / draws
		}
		var distance float64
		for s, p := range want {
			distance += math.Abs(p-got[s]) / 2
			delete(got, s)
		}
		for s, p := range got {
			t.Errorf("order %d: %s was drawn with share %v, but cannot be", order, s, p)
		}
		// The expected total variation of n draws over m outcomes is below sqrt(m/n)/2.
		if limit := math.Sqrt(float64(len(want)) / draws); distance > limit {
			t.Errorf("order %d: total variation %.4f from the conditional distribution, want at most %.4f", order, distance, limit)
		}
	}
}

func TestSampleLengthBacksOffForLengthsNeverSeen(t *testing.T) {
	c, err := Fit(4, [][]int{{1, 2, 3, 4, 9}, {1, 2, 3, 9}})
	if err != nil {
		t.Fatal(err)
	}
	src := rand.NewPCG(5, 5)
	for length := -1; length < 60; length++ {
		s := c.AppendSampleLength(nil, src, length)
		if len(s) != max(1, length) {
			t.Fatalf("length %d gives %d labels", length, len(s))
		}
		if length >= 3 && (s[0] != 1 || s[len(s)-1] != 9) {
			t.Errorf("length %d: %v, want it to open with 1 and close with 9, which lengths seen would do", length, s)
		}
	}
}

// With labels tied to positions, every flow has its first and last labels in
// their places, even at lengths shorter than any in training.
func TestPositions(t *testing.T) {
	c, err := Fit(5, [][]int{{0, 1, 2, 10, 11, 10, 20, 21}, {0, 1, 2, 10, 11, 11, 10, 20, 22}})
	if err != nil {
		t.Fatal(err)
	}
	p := Positions{First: [][]int{{0}, {1}, {2, 3}}, Last: [][]int{{21, 22}, {20}}}
	if err := c.SetPositions(p); err != nil {
		t.Fatal(err)
	}
	src := rand.NewPCG(2, 2)
	for length := 1; length < 30; length++ {
		for range 20 {
			s := c.AppendSampleLength(nil, src, length)
			for i, label := range s {
				var ok bool
				switch after := len(s) - 1 - i; {
				case after == 0:
					ok = label == 21 || label == 22
				case after == 1:
					ok = label == 20
				case i == 0:
					ok = label == 0
				case i == 1:
					ok = label == 1
				case i == 2:
					ok = label == 2
				default:
					ok = label == 10 || label == 11
				}
				if !ok {
					t.Fatalf("length %d: %v has %d at position %d", length, s, label, i)
				}
			}
		}
	}
}

func TestSetPositionsRefuses(t *testing.T) {
	c, err := Fit(1, [][]int{{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		p    Positions
		want string
	}{
		{"twice", Positions{First: [][]int{{1}}, Last: [][]int{{1}}}, "label 1 is given to two positions"},
		{"empty", Positions{First: [][]int{{}}}, "no label is allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := c.SetPositions(test.p); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("SetPositions gives %v, want an error with %q", err, test.want)
			}
		})
	}
}

// Beyond the layers that are kept, the last ones stand for the rest; what comes
// out still keeps to the chain, and its shares are those that all layers give.
func TestSampleLengthBeyondTheLayersKept(t *testing.T) {
	training := web(7, 300)
	all, err := Fit(2, training)
	if err != nil {
		t.Fatal(err)
	}
	few, err := Fit(2, training)
	if err != nil {
		t.Fatal(err)
	}
	few.lastLayer = 8*period - 1
	shares := func(c *Chain) [6]float64 {
		var out [6]float64
		src := rand.NewPCG(9, 9)
		for range 100 {
			s := c.AppendSampleLength(nil, src, 1000)
			for _, label := range s {
				out[label] += 1.0 / 100000
			}
			if s[0] != 0 || s[999] != 5 {
				t.Fatalf("a flow from %d to %d, want 0 to 5", s[0], s[999])
			}
		}
		return out
	}
	a, b := shares(all), shares(few)
	for i := range a {
		if math.Abs(a[i]-b[i]) > 0.01 {
			t.Errorf("label %d: share %.4f with all layers, %.4f with few", i, a[i], b[i])
		}
	}
}

func TestSampleLengthConcurrently(t *testing.T) {
	c, err := Fit(3, web(8, 100))
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			src := rand.NewPCG(1, uint64(g))
			for n := range 200 {
				if s := c.AppendSampleLength(nil, src, n+5); len(s) != n+5 {
					t.Errorf("%d labels, want %d", len(s), n+5)
				}
			}
		})
	}
	wait.Wait()
}
