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
	Pairs  map[string][2][]float64 `json:"pairs"`
	Tables map[string][2][]float64 `json:"tables"`
	Series map[string][]float64    `json:"series"`
}

type answers struct {
	Versions string
	Pairs    map[string]struct{ W1, KS float64 }
	Tables   map[string]struct{ JSD, TV float64 }
	Series   map[string]struct {
		Energies []float64
		Hurst    float64
	}
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
	}
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
	if err := exec.Command(python, "-c", "import scipy, pywt").Run(); err != nil {
		return nil, fmt.Errorf("%s with scipy and PyWavelets is not installed: %w", python, err)
	}
	in, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(python, "testdata/statistics.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	return cmd.Output()
}

// TestAgainstSciPy compares with testdata/statistics.json, which SciPy wrote, and
// with SciPy itself where it is installed.
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
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("%s: %.12g, want %.12g", name, got, want)
		}
	}
	for name, pair := range q.Pairs {
		a, b := slices.Sorted(slices.Values(pair[0])), slices.Sorted(slices.Values(pair[1]))
		near(name+" W1", wasserstein(each(a), each(b)), want.Pairs[name].W1)
		near(name+" KS", kolmogorovSmirnov(each(a), each(b)), want.Pairs[name].KS)
		near(name+" W1 the other way", wasserstein(each(b), each(a)), want.Pairs[name].W1)
	}
	for name, pair := range q.Tables {
		p, q := map[int]float64{}, map[int]float64{}
		for i := range pair[0] {
			p[i], q[i] = pair[0][i], pair[1][i]
		}
		near(name+" JSD", jensenShannon(p, q), want.Tables[name].JSD)
		near(name+" TV", totalVariation(p, q), want.Tables[name].TV)
	}
	for name, x := range q.Series {
		energies, _ := HaarEnergies(seriesOf(x), int64(len(x)), math.MaxInt)
		if len(energies) != len(want.Series[name].Energies) {
			t.Errorf("%s: %d levels, want %d", name, len(energies), len(want.Series[name].Energies))
			continue
		}
		for i, e := range energies {
			near(fmt.Sprintf("%s level %d", name, i+1), e, want.Series[name].Energies[i])
		}
		h, ok := hurstExponent(seriesOf(x), int64(len(x)))
		if !ok {
			t.Errorf("%s: no Hurst exponent", name)
		}
		near(name+" Hurst", h, want.Series[name].Hurst)
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
