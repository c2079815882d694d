package feature

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestVocabularyOrdersByFrequency(t *testing.T) {
	v := FitVocabulary([]int64{7, 3, 3, 9, 9, 3})
	if want := []int64{3, 9, 7}; !slices.Equal(v.Values, want) {
		t.Fatalf("values %v, want %v", v.Values, want)
	}
	for _, row := range []struct {
		value int64
		code  int
		known bool
	}{{3, 0, true}, {9, 1, true}, {7, 2, true}, {100, 1, false}, {-5, 0, false}} {
		if code, known := v.Code(row.value); code != row.code || known != row.known {
			t.Errorf("Code(%d) = %d, %v, want %d, %v", row.value, code, known, row.code, row.known)
		}
	}
}

// The law of the code: a value drawn back from its digits has those digits again,
// and the exact values come back as they are.
func TestQuantizerRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	columns := map[string][]float64{
		"normal":   make([]float64, 5000),
		"discrete": make([]float64, 5000),
		"mixed":    make([]float64, 5000),
		"single":   {4},
		"constant": {4, 4, 4, 4},
		"two":      {1, 2},
	}
	for i := range 5000 {
		columns["normal"][i] = random.NormFloat64()
		columns["discrete"][i] = float64(random.IntN(5))
		columns["mixed"][i] = random.NormFloat64()
		if i%3 == 0 {
			columns["mixed"][i] = 0.25
		}
	}
	for name, values := range columns {
		q, err := FitQuantizer(values, 16, 4, 0.01)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, value := range values {
			code, fine := q.Code(value)
			if code < 0 || code >= q.Len() || fine < 0 || fine >= q.Fine {
				t.Fatalf("%s: Code(%v) = %d, %d of %d, %d", name, value, code, fine, q.Len(), q.Fine)
			}
			back := q.Value(code, fine, random.Float64())
			if again, share := q.Code(back); (again != code || share != fine) && name != "single" {
				t.Errorf("%s: %v -> %d, %d -> %v -> %d, %d", name, value, code, fine, back, again, share)
			}
			if code < len(q.Exact) && back != value {
				t.Errorf("%s: exact %v came back as %v", name, value, back)
			}
		}
	}
}

// Drawing digits with their training frequencies gives the training distribution.
func TestQuantizerKeepsTheDistribution(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := make([]float64, 20000)
	for i := range values {
		values[i] = math.Exp(random.NormFloat64())
	}
	q, err := FitQuantizer(values, 32, 8, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	drawn := make([]float64, len(values))
	for i := range drawn {
		code, fine := q.Code(values[random.IntN(len(values))])
		drawn[i] = q.Value(code, fine, random.Float64())
	}
	slices.Sort(values)
	slices.Sort(drawn)
	for _, p := range []float64{0.01, 0.1, 0.5, 0.9, 0.99} {
		want, got := quantileOfSorted(values, p), quantileOfSorted(drawn, p)
		if math.Abs(got-want) > 0.05*want+0.01 {
			t.Errorf("quantile %g: %g, want %g", p, got, want)
		}
	}
}

func TestQuantizerRefuses(t *testing.T) {
	for name, values := range map[string][]float64{"none": nil, "nan": {1, math.NaN()}, "inf": {math.Inf(1)}} {
		if _, err := FitQuantizer(values, 4, 2, 0.1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
