package classifier

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"testing"
)

var regen = flag.Bool("regen", false, "write testdata/sklearn.json anew with the scikit-learn that is installed")

type dataset struct {
	X    [][]float64 `json:"x"`
	Y    []bool      `json:"y"`
	Fold []int       `json:"fold"`
}

// datasets are tables that a forest tells apart easily, hardly or not at all.
func datasets() map[string]dataset {
	sets := map[string]func(rng *rand.Rand, label bool, row []float64){
		"no difference": func(rng *rand.Rand, _ bool, row []float64) {
			for j := range row {
				row[j] = rng.NormFloat64()
			}
		},
		"one column shifted": func(rng *rand.Rand, label bool, row []float64) {
			for j := range row {
				row[j] = rng.NormFloat64()
			}
			row[2] += 0.8 * float64(class(label))
		},
		"interaction only": func(rng *rand.Rand, label bool, row []float64) {
			for j := range row {
				row[j] = rng.Float64() - 0.5
			}
			if (row[0]*row[1] > 0) != label && rng.Float64() < 0.7 {
				row[0] = -row[0]
			}
		},
		"whole numbers with ties": func(rng *rand.Rand, label bool, row []float64) {
			for j := range row {
				row[j] = float64(rng.IntN(4 + class(label)))
			}
		},
		"spikes inside a continuum": func(rng *rand.Rand, label bool, row []float64) {
			for j := range row {
				row[j] = rng.ExpFloat64()
			}
			if label && rng.Float64() < 0.3 {
				row[1] = float64(1+rng.IntN(3)) / 4
			}
		},
	}
	made := map[string]dataset{}
	for name, fill := range sets {
		rng := rand.New(rand.NewPCG(7, 7))
		d := dataset{}
		for i := range 1200 {
			row := make([]float64, 7)
			fill(rng, i%2 == 0, row)
			d.X, d.Y = append(d.X, row), append(d.Y, i%2 == 0)
		}
		groups := make([]int, len(d.X))
		for i := range groups {
			groups[i] = i
		}
		d.Fold = Folds(5, d.Y, groups, rand.NewPCG(3, 3))
		made[name] = d
	}
	return made
}

// meanAUC is cross_validate.py with a learner of this package.
func meanAUC(l Learner, d dataset) float64 {
	var sum float64
	for seed := range uint64(3) {
		for k := range 5 {
			var train, test [][]float64
			var trainY, testY []bool
			for i := range d.X {
				if d.Fold[i] == k {
					test, testY = append(test, d.X[i]), append(testY, d.Y[i])
				} else {
					train, trainY = append(train, d.X[i]), append(trainY, d.Y[i])
				}
			}
			area, _ := auc(l.fit(train, trainY, rand.NewPCG(seed, 1)).probabilities(nil, test), testY)
			sum += area / 15
		}
	}
	return sum
}

type reference struct {
	Version string                        `json:"version"`
	AUC     map[string]map[string]float64 `json:"auc"` // learner, table
}

var learners = map[string]Learner{"forest": Forest{Trees: 200}, "boosting": Boosting{Rounds: 100}}

// scikitLearn runs testdata/cross_validate.py, with the interpreter that PYTHON
// names or python3.
func scikitLearn(sets map[string]dataset) (reference, error) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import sklearn").CombinedOutput(); err != nil {
		return reference{}, fmt.Errorf("%s with scikit-learn is not installed: %w: %s", python, err, bytes.TrimSpace(out))
	}
	in, err := json.Marshal(sets)
	if err != nil {
		return reference{}, err
	}
	cmd := exec.Command(python, "testdata/cross_validate.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1") // its threads spin, and stand still on a busy machine
	out, err := cmd.Output()
	if err != nil {
		return reference{}, err
	}
	var r reference
	return r, json.Unmarshal(out, &r)
}

// TestAgainstScikitLearn holds the learners to the AUC that scikit-learn's reach on the
// same rows and folds.
func TestAgainstScikitLearn(t *testing.T) {
	sets := datasets()
	var want reference
	golden, err := os.ReadFile("testdata/sklearn.json")
	if err == nil {
		err = json.Unmarshal(golden, &want)
	}
	if err != nil && !*regen {
		t.Fatal(err)
	}
	if *regen {
		if want, err = scikitLearn(sets); err != nil {
			t.Fatal(err)
		}
		text, _ := json.MarshalIndent(want, "", "  ")
		if err := os.WriteFile("testdata/sklearn.json", append(text, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("scikit-learn %s", want.Version)
	for learner, l := range learners {
		for name, d := range sets {
			got, want := meanAUC(l, d), want.AUC[learner][name]
			t.Logf("%-26s %-8s %.4f scikit-learn %.4f", name, learner, got, want)
			if math.Abs(got-want) > 0.01 {
				t.Errorf("%s, %s: AUC %.4f, scikit-learn has %.4f", name, learner, got, want)
			}
		}
	}
}

// TestGoldenIsScikitLearn keeps testdata/sklearn.json honest where scikit-learn
// is installed.
func TestGoldenIsScikitLearn(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Python for ten seconds")
	}
	live, err := scikitLearn(datasets())
	if err != nil {
		t.Skip(err)
	}
	var golden reference
	text, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for learner, tables := range live.AUC {
		for name, auc := range tables {
			if stored := golden.AUC[learner][name]; math.Abs(auc-stored) > 0.01 {
				t.Errorf("%s, %s: scikit-learn %s has %.4f, testdata/sklearn.json %.4f", learner, name, live.Version, auc, stored)
			}
		}
	}
}

func TestSameForAnyWorkers(t *testing.T) {
	d := datasets()["one column shifted"]
	groups := make([]int, len(d.X))
	for i := range groups {
		groups[i] = i / 2
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, l := range map[string]Learner{"forest": Forest{20}, "boosting": Boosting{5}} {
		var results []Result
		for _, workers := range []int{1, 3} {
			runtime.GOMAXPROCS(workers)
			r, err := CrossValidate(l, 5, d.X, d.Y, groups, rand.NewPCG(5, 6))
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, r)
		}
		// What the splits of a forest gained is summed up in the order in which its workers end.
		if a, b := results[0], results[1]; a.AUC != b.AUC || a.Interval(rand.NewPCG(7, 8)) != b.Interval(rand.NewPCG(7, 8)) || math.Abs(a.Importance[2]-b.Importance[2]) > 1e-12 {
			t.Errorf("%s: 1 worker and 3 workers give %v and %v", name, a.AUC, b.AUC)
		}
	}
}

// TestImportance: the column that differs gains most, and the sum of all is 1.
func TestImportance(t *testing.T) {
	d := datasets()["one column shifted"]
	groups := make([]int, len(d.X))
	for i := range groups {
		groups[i] = i
	}
	for name, l := range learners {
		r, err := CrossValidate(l, 5, d.X, d.Y, groups, rand.NewPCG(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		var sum float64
		for j, part := range r.Importance {
			sum += part
			if j != 2 && part >= r.Importance[2] {
				t.Errorf("%s: column %d gained %.3f, column 2, which differs, %.3f", name, j, part, r.Importance[2])
			}
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: the importance of all columns is %v, want 1", name, sum)
		}
	}
}

// TestInterval: 95 % of the intervals hold the true AUC; here that of 1,000 rows each of two
// normal distributions whose means are one deviation apart, Phi(1/sqrt 2) = 0.7602. A
// group of identical rows counts as one row.
func TestInterval(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	const copies = 10
	inside, widths := 0, map[bool]float64{}
	const samples = 100
	for sample := range samples {
		var one, many part
		for i := range 200 {
			score := rng.NormFloat64()
			if i%2 == 1 {
				score++
			}
			one.y, one.scores, one.groups, one.x = append(one.y, i%2 == 1), append(one.scores, score), append(one.groups, i), append(one.x, nil)
			for range copies {
				many.y, many.scores, many.groups, many.x = append(many.y, i%2 == 1), append(many.scores, score), append(many.groups, i), append(many.x, nil)
			}
		}
		got := interval([]part{one}, rng)
		if got[0] <= 0.7602 && 0.7602 <= got[1] {
			inside++
		}
		if sample < 20 {
			widths[false] += got[1] - got[0]
			got = interval([]part{many}, rng)
			widths[true] += got[1] - got[0]
		}
	}
	if inside < 88 {
		t.Errorf("%d of %d intervals hold the true AUC, want some 95", inside, samples)
	}
	if ratio := widths[true] / widths[false]; ratio < 0.9 || ratio > 1.1 {
		t.Errorf("ten copies of each row make intervals %.2f times as wide, want the same", ratio)
	}
}

// TestLeaves checks that every leaf of a tree holds minLeaf distinct rows and
// that every split sends rows to both sides.
func TestLeaves(t *testing.T) {
	d := datasets()["whole numbers with ties"]
	g := newGrower(encode(d.X, d.Y, maxCodes))
	grown := g.grow(rand.New(rand.NewPCG(1, 1)))
	count := map[*node]int{}
	for i := range d.X {
		if g.weight[i] == 0 {
			continue
		}
		n := &grown[0]
		for n.left != 0 {
			if d.X[i][n.column] <= n.threshold {
				n = &grown[n.left]
			} else {
				n = &grown[n.right]
			}
		}
		count[n]++
	}
	leaves := 0
	for i := range grown {
		if grown[i].left != 0 {
			continue
		}
		leaves++
		if n := count[&grown[i]]; n < minLeaf {
			t.Errorf("a leaf of %d rows, want at least %d", n, minLeaf)
		}
	}
	if leaves < 10 {
		t.Errorf("%d leaves, want a tree", leaves)
	}
}

func TestClasses(t *testing.T) {
	for _, test := range []struct {
		name string
		in   []float64
		want int
	}{
		{"one row", []float64{3}, 1},
		{"one value", []float64{3, 3, 3}, 1},
		{"ties", []float64{1, 1, 2, 3, 3}, 3},
		{"more values than classes", ramp(3 * maxCodes), maxCodes},
	} {
		low, high := classes(test.in, maxCodes)
		if len(low) != test.want || len(high) != test.want {
			t.Errorf("%s: %d classes, want %d", test.name, len(low), test.want)
		}
		for i := range low {
			if low[i] > high[i] || i > 0 && high[i-1] >= low[i] {
				t.Errorf("%s: class %d is [%v, %v] after %v", test.name, i, low[i], high[i], high[max(0, i-1)])
			}
		}
	}
}

func ramp(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

func TestAUC(t *testing.T) {
	for _, test := range []struct {
		name   string
		scores []float64
		labels []bool
		want   float64
		ok     bool
	}{
		{"perfect", []float64{0.1, 0.2, 0.8, 0.9}, []bool{false, false, true, true}, 1, true},
		{"reversed", []float64{0.9, 0.8, 0.2, 0.1}, []bool{false, false, true, true}, 0, true},
		{"all tied", []float64{1, 1, 1, 1}, []bool{false, true, false, true}, 0.5, true},
		// The example of scikit-learn's documentation of roc_auc_score.
		{"scikit-learn's example", []float64{0.1, 0.4, 0.35, 0.8}, []bool{false, false, true, true}, 0.75, true},
		{"one class", []float64{1, 2}, []bool{true, true}, 0, false},
		{"no row", nil, nil, 0, false},
	} {
		got, ok := auc(test.scores, test.labels)
		if got != test.want || ok != test.ok {
			t.Errorf("%s: %v, %v, want %v, %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

func TestFolds(t *testing.T) {
	var y []bool
	var groups []int
	rng := rand.New(rand.NewPCG(1, 2))
	for id := range 300 {
		for range 1 + rng.IntN(6) {
			y, groups = append(y, id%3 == 0), append(groups, id)
		}
	}
	fold := Folds(5, y, groups, rand.NewPCG(9, 9))
	home := map[int]int{}
	var count [5][2]int
	for i, k := range fold {
		if first, ok := home[groups[i]]; ok && first != k {
			t.Fatalf("group %d is in folds %d and %d", groups[i], first, k)
		}
		home[groups[i]] = k
		count[k][class(y[i])]++
	}
	for c := range 2 {
		least, most := count[0][c], count[0][c]
		for k := range count {
			least, most = min(least, count[k][c]), max(most, count[k][c])
		}
		if most-least > 6 {
			t.Errorf("class %d has %d to %d rows a fold", c, least, most)
		}
	}
}

func TestBadInput(t *testing.T) {
	two, yes := [][]float64{{1}, {2}}, []bool{true, false}
	for _, test := range []struct {
		name    string
		learner Learner
		folds   int
		x       [][]float64
		y       []bool
		groups  []int
		want    string
	}{
		{"nothing", Forest{200}, 2, nil, nil, nil, "classifier: 0 rows and 0 classes: want the same number, at least 1"},
		{"ragged", Forest{200}, 2, [][]float64{{1, 2}, {1}}, yes, []int{1, 2}, "classifier: row 1 has 1 columns: want 2, at least 1"},
		{"not a number", Boosting{100}, 2, [][]float64{{1}, {math.NaN()}}, yes, []int{1, 2}, "classifier: row 1, column 0 is NaN: want a finite number"},
		{"no tree", Forest{-1}, 2, two, yes, []int{1, 2}, "classifier: a forest of -1 trees: want at least 1"},
		{"no round", Boosting{}, 2, two, yes, []int{1, 2}, "classifier: boosting in 0 rounds: want at least 1"},
		{"one fold", Boosting{1}, 1, two, yes, []int{1, 2}, "classifier: 1 folds: want at least 2"},
		{"too few groups", Forest{1}, 2, two, yes, []int{1}, "classifier: 1 groups for 2 rows: want one for each"},
		{"one group", Forest{1}, 2, two, yes, []int{4, 4}, "classifier: fold 1 of 2 is empty or holds every row: fewer groups than folds"},
		{"one class", Forest{1}, 2, two, []bool{true, true}, []int{1, 2}, "classifier: fold 1 of 2 has rows of one class only"},
	} {
		_, err := CrossValidate(test.learner, test.folds, test.x, test.y, test.groups, rand.NewPCG(1, 1))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// BenchmarkFit fits 3,200 rows of 25 columns, as the classifiers of packet windows do for
// each fold.
func BenchmarkFit(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	x, y := make([][]float64, 3200), make([]bool, 3200)
	for i := range x {
		x[i] = make([]float64, 25)
		for j := range x[i] {
			x[i][j] = rng.NormFloat64()
		}
		y[i] = i%2 == 0
	}
	for name, l := range learners {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				l.fit(x, y, rand.NewPCG(1, 1))
			}
			b.ReportMetric(float64(b.N)*3200/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
