package markov

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// web is a small source of flows with structure: 0 1 opens, a body of requests (2)
// and answers (3, 4), 5 closes.
func web(seed uint64, flows int) [][]int {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([][]int, flows)
	for i := range out {
		s := []int{0, 1}
		for range 1 + r.IntN(4) {
			s = append(s, 2, 3)
			for r.IntN(2) == 0 {
				s = append(s, 4)
			}
		}
		out[i] = append(s, 5)
	}
	return out
}

func TestFitRefuses(t *testing.T) {
	for _, test := range []struct {
		name      string
		order     int
		sequences [][]int
		want      string
	}{
		{"negative order", -1, [][]int{{1}}, "order -1"},
		{"huge order", maxOrder + 1, [][]int{{1}}, "order 65"},
		{"no sequences", 1, nil, "no sequence"},
		{"an empty sequence", 1, [][]int{{1}, {}}, "sequence 1 is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Fit(test.order, test.sequences); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Fit gives %v, want an error with %q", err, test.want)
			}
		})
	}
}

// One flow, and flows of one packet, give a chain that ends and knows no other label.
func TestFitOnLittle(t *testing.T) {
	for name, sequences := range map[string][][]int{"one flow": {{3, 4, 3}}, "flows of one packet": {{3}, {4}, {3}}, "one packet": {{3}}} {
		for order := range 4 {
			c, err := Fit(order, sequences)
			if err != nil {
				t.Fatal(err)
			}
			src := rand.NewPCG(1, 1)
			for range 20 {
				s := c.AppendSample(nil, src, 1000)
				for _, label := range s {
					if label != 3 && label != 4 {
						t.Fatalf("%s, order %d: sample %v", name, order, s)
					}
				}
				if order > 0 && name != "one flow" && len(s) != 1 {
					t.Errorf("%s, order %d: sample %v, want one label", name, order, s)
				}
			}
			if p := c.logProbability([]int{9, 9}); math.IsNaN(p) || math.IsInf(p, 0) {
				t.Errorf("%s, order %d: an unknown sequence has log-probability %v", name, order, p)
			}
			if s := c.AppendSampleLength(nil, src, 5); len(s) != 5 {
				t.Errorf("%s, order %d: %v, want five labels", name, order, s)
			}
		}
	}
}

// Counted by hand from 7 7 8 / 7 8 8 / 7.
func TestProbabilities(t *testing.T) {
	sequences := [][]int{{7, 7, 8}, {7, 8, 8}, {7}}
	for _, test := range []struct {
		name    string
		order   int
		history []int
		label   int
		want    float64
	}{
		{"order 0 counts all", 0, nil, 7, 4.0 / 10},
		{"first label", 1, nil, 7, 1},
		{"after 7", 1, []int{7}, 8, 2.0 / 4},
		{"after START 7", 2, []int{7}, 8, 1.0 / 3},
		{"after 7 7", 2, []int{7, 7}, 8, 1},
		{"unseen history backs off to its end", 2, []int{8, 7}, 8, 2.0 / 4},
		{"unknown history backs off to the shares", 1, []int{99}, 8, 3.0 / 10},
		{"unknown label", 1, []int{7}, 99, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Fit(test.order, sequences)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.probability(test.history, test.label); math.Abs(got-test.want) > 1e-15 {
				t.Errorf("P(%d | %v) = %v, want %v", test.label, test.history, got, test.want)
			}
		})
	}
	c, _ := Fit(1, sequences)
	if got := c.endProbability([]int{8}); got != 2.0/3 {
		t.Errorf("P(END | 8) = %v, want 2/3", got)
	}
}

// A chain of high order can only say what it has heard: every window of
// order+1 symbols of a sample, START and END included, stands in training (D16).
func TestSampleKeepsToWhatWasSeen(t *testing.T) {
	const order = 3
	training := web(1, 200)
	windows := make(map[[order + 1]int]bool)
	each := func(s []int, do func([order + 1]int)) {
		padded := append([]int{-1}, append(append([]int{}, s...), -2)...)
		for i := 1; i < len(padded); i++ {
			w := [order + 1]int{-9, -9, -9, -9}
			copy(w[max(0, order-i):], padded[max(0, i-order):i+1])
			do(w)
		}
	}
	for _, s := range training {
		each(s, func(w [order + 1]int) { windows[w] = true })
	}
	c, err := Fit(order, training)
	if err != nil {
		t.Fatal(err)
	}
	src := rand.NewPCG(3, 4)
	for n := range 2000 {
		s := c.AppendSample(nil, src, 0)
		if n%2 == 1 {
			s = c.AppendSampleLength(nil, src, 5+n%20)
		}
		each(s, func(w [order + 1]int) {
			if !windows[w] {
				t.Fatalf("sample %v has %v, which no training flow has", s, w)
			}
		})
	}
}

func TestSampleStopsAtMaxLength(t *testing.T) {
	c, err := Fit(1, [][]int{{1, 1, 1, 1, 1, 1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	src := rand.NewPCG(1, 1)
	for range 100 {
		if s := c.AppendSample(nil, src, 3); len(s) > 3 || len(s) == 0 {
			t.Fatalf("%d labels, want 1 to 3", len(s))
		}
	}
}

// The stationary distribution of the chain that starts again at END is the share
// of each label in training, whatever the order: every history is left as often as
// it is entered.
func TestStationaryIsTheTrainingProportion(t *testing.T) {
	training := web(2, 300)
	shares := make([]float64, 6)
	total := 0.0
	for _, s := range training {
		for _, label := range s {
			shares[label]++
			total++
		}
	}
	for order := range 5 {
		c, err := Fit(order, training)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.stationary(100000)
		if err != nil {
			t.Fatal(err)
		}
		for i, label := range c.Labels() {
			if math.Abs(got[i]-shares[label]/total) > 1e-9 {
				t.Errorf("order %d: label %d has stationary share %v, training share %v", order, label, got[i], shares[label]/total)
			}
		}
	}
}

// Long runs have the stationary shares too.
func TestSampledShares(t *testing.T) {
	c, err := Fit(2, web(2, 300))
	if err != nil {
		t.Fatal(err)
	}
	want, err := c.stationary(100000)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float64, len(want))
	src := rand.NewPCG(8, 9)
	n := 0.0
	for range 30000 {
		for _, label := range c.AppendSample(nil, src, 0) {
			got[label]++
			n++
		}
	}
	for i := range got {
		if math.Abs(got[i]/n-want[i]) > 0.005 {
			t.Errorf("label %d: sampled share %.4f, stationary %.4f", i, got[i]/n, want[i])
		}
	}
}

func TestSmoothedProbabilitiesSumToOne(t *testing.T) {
	c, err := Fit(3, web(4, 50))
	if err != nil {
		t.Fatal(err)
	}
	for node := range c.trie.size() {
		sum := 0.0
		for symbol := int32(-1); symbol <= int32(len(c.labels)); symbol++ {
			sum += c.smoothed(int32(node), symbol)
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Fatalf("history %v: probabilities sum to %v", c.trie.history(nil, int32(node)), sum)
		}
	}
	if p := c.logProbability([]int{99, 5, 5, 0}); math.IsInf(p, 0) || math.IsNaN(p) || p >= 0 {
		t.Errorf("log-probability of an unseen sequence is %v, want finite and negative", p)
	}
}

func TestSaveLoad(t *testing.T) {
	for order := range 4 {
		c, err := Fit(order, web(5, 100))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetPositions(Positions{First: [][]int{{0}, {1}}, Last: [][]int{{5}}}); err != nil {
			t.Fatal(err)
		}
		var saved, again bytes.Buffer
		if err := c.Save(&saved); err != nil {
			t.Fatal(err)
		}
		text := saved.String()
		d, err := Load(&saved, "chain.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Save(&again); err != nil {
			t.Fatal(err)
		}
		if text != again.String() {
			t.Errorf("order %d: saved again, the file differs", order)
		}
		a, b := rand.NewPCG(1, 2), rand.NewPCG(1, 2)
		for n := range 50 {
			if x, y := c.AppendSample(nil, a, 0), d.AppendSample(nil, b, 0); !reflect.DeepEqual(x, y) {
				t.Fatalf("order %d: %v before and %v after loading", order, x, y)
			}
			if x, y := c.AppendSampleLength(nil, a, n), d.AppendSampleLength(nil, b, n); !reflect.DeepEqual(x, y) {
				t.Fatalf("order %d, length %d: %v before and %v after loading", order, n, x, y)
			}
		}
	}
}
