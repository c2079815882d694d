package fidelity

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
)

var regen = flag.Bool("regen", false, "write testdata/statistics.json anew with the SciPy that is installed")

// questions are what both this package and SciPy are asked.
type questions struct {
	Pairs  map[string][2][]float64   `json:"pairs"`
	Tables map[string][2][]float64   `json:"tables"`
	Series map[string][]float64      `json:"series"`
	Rows   map[string][2][][]float64 `json:"rows"`
	Queues map[string]queued         `json:"queues"`
}

// queued is a question about a queue: packets that come at those times in seconds and have
// that many bytes, and a server of that many bytes a second.
type queued struct {
	At    []float64 `json:"at"`
	Bytes []int32   `json:"bytes"`
	Rate  float64   `json:"rate"`
}

type answers struct {
	Versions string
	Pairs    map[string]struct{ W1, KS float64 }
	Tables   map[string]struct{ JSD, TV float64 }
	Series   map[string]struct {
		Energies []float64
		Hurst    float64
	}
	Rows   map[string]struct{ Recall, Precision, Radius float64 }
	Queues map[string]struct{ Loss, Delay float64 }
}

func ask() questions {
	rng := rand.New(rand.NewPCG(21, 21))
	draw := func(n int, f func() float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Round(f()*1e6) / 1e6 // the same number in decimal and binary
		}
		return x
	}
	whole := func(n int) func() float64 { return func() float64 { return float64(rng.IntN(n)) } }
	return questions{
		Pairs: map[string][2][]float64{
			"shifted normals":         {draw(300, rng.NormFloat64), draw(200, func() float64 { return rng.NormFloat64() + 0.4 })},
			"ties":                    {draw(150, whole(5)), draw(90, whole(7))},
			"apart":                   {draw(20, rng.Float64), draw(30, func() float64 { return 5 + rng.Float64() })},
			"one against many":        {{3}, draw(50, whole(9))},
			"heavy tail, other scale": {draw(500, func() float64 { return math.Exp(2 * rng.NormFloat64()) }), draw(500, rng.ExpFloat64)},
		},
		Tables: map[string][2][]float64{
			"shares":   {{10, 20, 30, 40}, {25, 25, 25, 25}},
			"disjoint": {{1, 2, 0, 0}, {0, 0, 5, 1}},
			"zeros":    {{7, 0, 3, 0}, {7, 1, 0, 0}},
			"same":     {{1, 2, 3, 4}, {2, 4, 6, 8}},
		},
		Series: map[string][]float64{
			"white":       draw(3001, rng.NormFloat64),
			"counts":      draw(1000, whole(40)),
			"random walk": walk(rng, 2048),
		},
		Rows: map[string][2][][]float64{
			"as real":   {points(rng, 120, 0, 0), points(rng, 120, 0, 0)},
			"one mode":  {points(rng, 120, 6, 0.5), points(rng, 120, 0, 0)},
			"elsewhere": {points(rng, 60, 0, 0), points(rng, 60, 2, 1)},
			"ties":      {{{1}, {1}, {1}, {1}, {1}, {1}, {2}, {2}}, {{1}, {2}, {3}, {3}, {4}, {5}, {6}, {7}}},
		},
		Queues: map[string]queued{
			"half load":   queuedPackets(rng, 3000, 1600),
			"overload":    queuedPackets(rng, 3000, 600),
			"at one time": {make([]float64, 1200), slices.Repeat([]int32{100}, 1200), 1000},
		},
	}
}

// points are n rows of three columns, a part of which lie around another centre.
func points(rng *rand.Rand, n int, centre, part float64) [][]float64 {
	rows := make([][]float64, n)
	for i := range rows {
		var at float64
		if float64(i) < part*float64(n) {
			at = centre
		}
		for range 3 {
			rows[i] = append(rows[i], math.Round((rng.NormFloat64()+at)*1e6)/1e6)
		}
	}
	return rows
}

// queuedPackets are n packets of 1 to 1,500 bytes, one a second at the mean.
func queuedPackets(rng *rand.Rand, n int, rate float64) queued {
	q := queued{Rate: rate}
	var at float64
	for range n {
		at += math.Round(rng.ExpFloat64()*1e6) / 1e6
		q.At, q.Bytes = append(q.At, math.Round(at*1e6)/1e6), append(q.Bytes, 1+rng.Int32N(1500))
	}
	return q
}

func walk(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := 1; i < n; i++ {
		x[i] = x[i-1] + math.Round(rng.NormFloat64()*1e3)/1e3
	}
	return x
}

// scipyAnswers runs testdata/statistics.py with the interpreter that PYTHON
// names, or python3.
func scipyAnswers(q questions) ([]byte, error) {
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import scipy, pywt, sklearn").Run(); err != nil {
		return nil, fmt.Errorf("%s with SciPy, PyWavelets and scikit-learn is not installed: %w", python, err)
	}
	in, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(python, "testdata/statistics.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	return cmd.Output()
}

// TestAgainstSciPy compares with testdata/statistics.json, which SciPy 1.17.1, NumPy 2.4.6,
// PyWavelets 1.8.0 and scikit-learn 1.7.2 wrote (go test -run AgainstSciPy -regen), and with
// those that are installed.
func TestAgainstSciPy(t *testing.T) {
	q := ask()
	if *regen {
		text, err := scipyAnswers(q)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/statistics.json", append(text, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile("testdata/statistics.json")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("golden", func(t *testing.T) { compareAnswers(t, q, golden) })
	t.Run("live", func(t *testing.T) {
		live, err := scipyAnswers(q)
		if err != nil {
			t.Skip(err)
		}
		compareAnswers(t, q, live)
	})
}

func compareAnswers(t *testing.T, q questions, text []byte) {
	t.Helper()
	var want answers
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	t.Log(want.Versions)
	same := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("%s: %.12g, want %.12g", name, got, want)
		}
	}
	for name, pair := range q.Pairs {
		a, b := slices.Sorted(slices.Values(pair[0])), slices.Sorted(slices.Values(pair[1]))
		same(name+" W1", wasserstein(each(a), each(b)), want.Pairs[name].W1)
		same(name+" KS", kolmogorovSmirnov(each(a), each(b)), want.Pairs[name].KS)
		same(name+" W1 the other way", wasserstein(each(b), each(a)), want.Pairs[name].W1)
	}
	for name, pair := range q.Tables {
		p, q := map[int]float64{}, map[int]float64{}
		for i := range pair[0] {
			p[i], q[i] = pair[0][i], pair[1][i]
		}
		same(name+" JSD", jensenShannon(p, q), want.Tables[name].JSD)
		same(name+" TV", totalVariation(p, q), want.Tables[name].TV)
	}
	for name, sides := range q.Rows {
		reach := radii(sides[0])
		recall, precision := near(sides[0], sides[1], reach)
		mean, _ := each(reach).moments()
		same(name+" recall", recall, want.Rows[name].Recall)
		same(name+" precision", precision, want.Rows[name].Precision)
		same(name+" radius", mean, want.Rows[name].Radius)
	}
	for name, asked := range q.Queues {
		var packets []arrival
		for i, at := range asked.At {
			packets = append(packets, arrival{int64(math.Round(at * 1e9)), asked.Bytes[i]})
		}
		found := serve(packets, asked.Rate)
		same(name+" loss", found.loss, want.Queues[name].Loss)
		same(name+" delay", found.delay, want.Queues[name].Delay)
	}
	for name, x := range q.Series {
		energies, _ := HaarEnergies(seriesOf(x), int64(len(x)), math.MaxInt)
		if len(energies) != len(want.Series[name].Energies) {
			t.Errorf("%s: %d levels, want %d", name, len(energies), len(want.Series[name].Energies))
			continue
		}
		for i, e := range energies {
			same(fmt.Sprintf("%s level %d", name, i+1), e, want.Series[name].Energies[i])
		}
		h, ok := hurstExponent(seriesOf(x), int64(len(x)))
		if !ok {
			t.Errorf("%s: no Hurst exponent", name)
		}
		same(name+" Hurst", h, want.Series[name].Hurst)
	}
}

func TestEmptySamples(t *testing.T) {
	for name, v := range map[string]float64{
		"W1": wasserstein(each(nil), each([]float64{1})), "KS": kolmogorovSmirnov(each([]float64{1}), each(nil)),
		"JSD": jensenShannon(map[int]float64{}, map[int]float64{1: 1}), "TV": totalVariation[int](nil, nil),
		"cosine": cosineOf([]float64{0, 0}, []float64{1, 2}),
	} {
		if !math.IsNaN(v) {
			t.Errorf("%s of an empty sample is %v, want NaN", name, v)
		}
	}
	if _, ok := hurstExponent(new(Series), 100); ok {
		t.Error("a silent series has a Hurst exponent")
	}
}
