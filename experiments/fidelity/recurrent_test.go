package fidelity

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// byLength is a SequenceClassifier that says of a flow what its longest packet is, and
// keeps what it was asked.
type byLength struct {
	tasks []SequenceTask
	seed  uint64
	err   error
}

func (b *byLength) open() (SequenceClassifier, error) {
	return SequenceClassifier{MaxFlows: 150, MaxPackets: 12, CrossValidate: func(tasks []SequenceTask, seed uint64) ([][]float64, error) {
		b.tasks, b.seed = tasks, seed
		scores := make([][]float64, len(tasks))
		for i, t := range tasks {
			for _, sequence := range t.Sequences {
				longest := 0.0
				for _, step := range sequence {
					longest = max(longest, step[0])
				}
				scores[i] = append(scores[i], longest)
			}
		}
		return scores, b.err
	}}, nil
}

// recurrentScore is the score of the recurrent adversary between simulated flows and
// others of which answers may be longer.
func recurrentScore(t *testing.T, cfg Config, n, payload int) Score {
	t.Helper()
	longer := web
	longer.payload = payload
	real := simulate(2*n, 1, web)
	cfg.Trees = 2
	scores, err := Compare(cfg, Split{real[:n], real[n:]}, simulate(n, 2, longer), map[string][]*flow.Flow{"bootstrap": real[:n]}, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	return *Definition{Level: "classifier", Name: recurrentName}.In(scores)
}

// TestRecurrent shows a classifier that goes by the longest packet alone flows of which
// the packets are longer: it is asked about all comparisons at once, and length is what
// it looks at.
func TestRecurrent(t *testing.T) {
	var asked byLength
	s := recurrentScore(t, Config{Recurrent: asked.open}, 200, 1300+1400)
	if s.Value == nil || s.Floor == nil || s.FloorSpread == nil || s.Interval == nil {
		t.Fatalf("%+v", s)
	}
	if *s.Value < 0.85 || *s.Floor > 0.56 || s.Interval[0] > *s.Value || s.Interval[1] < *s.Value {
		t.Errorf("AUC %.3f, floor %.3f, interval %.3v", *s.Value, *s.Floor, *s.Interval)
	}
	if !slices.Equal(s.LooksAt, []string{"length"}) {
		t.Errorf("looks at %q, want length alone", s.LooksAt)
	}
	if s.NReal != 150 || s.NSynthetic != 150 || !strings.Contains(s.Note, "on 150 flows a side; by their first 12 packets") {
		t.Errorf("%d real and %d synthetic flows: %s", s.NReal, s.NSynthetic, s.Note)
	}
	if bootstrap, ok := s.Baselines["bootstrap"]; !ok || bootstrap != nil {
		t.Errorf("bootstrap %v, want none", bootstrap)
	}
	if len(asked.tasks) != 1+recurrentFloors {
		t.Fatalf("%d tasks", len(asked.tasks))
	}
	for i, task := range asked.tasks {
		checkTask(t, task, i == 0)
	}
	first, seed := asked.tasks, asked.seed
	recurrentScore(t, Config{Recurrent: asked.open}, 200, 1300+1400)
	if seed != asked.seed || !slices.EqualFunc(first, asked.tasks, func(a, b SequenceTask) bool { return slices.Equal(a.Folds, b.Folds) }) {
		t.Error("the same flows are asked about in another way")
	}
}

// checkTask checks what a classifier is asked: 150 flows a class in 5 folds, of at most
// 12 packets, and of the first task each again without each of 5 fields.
func checkTask(t *testing.T, task SequenceTask, main bool) {
	t.Helper()
	count := map[int]int{}
	for i, sequence := range task.Sequences {
		count[task.Classes[i]]++
		if len(sequence) == 0 || len(sequence) > 12 || len(sequence[0]) != 6+8 {
			t.Fatalf("sequence %d: %d packets", i, len(sequence))
		}
		if task.Folds[i] < 0 || task.Folds[i] > 4 || task.Folds[i] != task.Folds[i%300] {
			t.Fatalf("sequence %d is in fold %d", i, task.Folds[i])
		}
	}
	changed := 0
	if main {
		changed = 5 * 300
	}
	if count[0] != 150 || count[1] != 150 || count[-1] != changed {
		t.Errorf("%d real, %d synthetic, %d changed flows", count[0], count[1], count[-1])
	}
	for field := range changed / 300 { // the values stay, and only of that field the places change
		same := [5]bool{true, true, true, true, true}
		var sums [5][2]float64
		for i := range 300 {
			for j, step := range task.Sequences[i] {
				other := task.Sequences[(1+field)*300+i][j]
				for k, column := range []int{0, 2, 3, 4, 6 + 3} { // length, direction, log gap, header length, PSH
					same[k] = same[k] && step[column] == other[column]
					sums[k][0] += step[column]
					sums[k][1] += other[column]
				}
			}
		}
		for k := range same {
			if same[k] == (k == field) || math.Abs(sums[k][0]-sums[k][1]) > 1e-6*math.Abs(sums[k][0]) {
				t.Errorf("without field %d: field %d the same: %t, sums %v", field, k, same[k], sums[k])
			}
		}
	}
}

// A score that cannot be computed is absent, with the reason.
func TestRecurrentAbsent(t *testing.T) {
	fails := func() (SequenceClassifier, error) { return SequenceClassifier{}, errors.New("no such device") }
	tooLong := byLength{err: errors.New("interrupted")}
	for _, test := range []struct {
		name string
		cfg  Config
		n    int
		want string
	}{
		{"no network", Config{}, 120, "no device to train its network on"},
		{"no device", Config{Recurrent: fails}, 120, "no such device"},
		{"a network that fails", Config{Recurrent: tooLong.open}, 120, "interrupted"},
		{"few flows", Config{Recurrent: fails}, 60, "60 real and 60 synthetic flows: want at least 100 of each"},
		{"no flows", Config{Recurrent: fails, NoFlow: true}, 120, NotApplicable},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := recurrentScore(t, test.cfg, test.n, 1400)
			if s.Value != nil || s.Floor != nil || s.Interval != nil || !strings.Contains(s.Note, test.want) {
				t.Errorf("%+v, want no value and %q", s, test.want)
			}
		})
	}
}

// The change of a gap is from the last one between packets of the same directions.
func TestGapChanges(t *testing.T) {
	packets := [][]float64{{0, 0, -6}, {0, 1, -2}, {0, 0, -1}, {0, 1, -2}, {0, 1, -5}, {0, 0, -1.9}, {0, 1, -3}} // length, direction, log gap
	want := []float64{0, 0, 0, math.Log10(0.01), 0, math.Log10(0.91), math.Log10(1.01)}
	for i, got := range gapChanges(packets) {
		if math.Abs(got-want[i]) > 1e-12 {
			t.Errorf("packet %d: %v, want %v", i, got, want[i])
		}
	}
}
