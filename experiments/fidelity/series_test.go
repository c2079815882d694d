package fidelity

import (
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// seriesOf is a series of values in consecutive bins; zeros are not held.
func seriesOf(x []float64) *Series {
	s := new(Series)
	for bin, value := range x {
		if value != 0 {
			s.Add(int64(bin), value)
		}
	}
	return s
}

// denseHaar is the same transform on an array with every bin.
func denseHaar(x []float64, most int) (energies []float64, counts []int64) {
	smooth := slices.Clone(x)
	for level := 1; level <= most && len(smooth)/2 >= minDetail; level++ {
		half := len(smooth) / 2
		var energy float64
		for i := range half {
			a, b := smooth[2*i], smooth[2*i+1]
			energy += (a - b) * (a - b) / 2
			smooth[i] = (a + b) / math.Sqrt2
		}
		smooth = smooth[:half]
		energies, counts = append(energies, energy/float64(half)), append(counts, int64(half))
	}
	return energies, counts
}

// TestSeriesIsDense: in any order of its bins, a series is what an array of all of
// them is.
func TestSeriesIsDense(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		n := 1 + rng.IntN(3000)
		dense, s, changes := make([]float64, n), new(Series), new(Series)
		level := make([]float64, n)
		for range rng.IntN(2 * n) {
			at, value := rng.IntN(n+n/4)-n/8, float64(1+rng.IntN(9))
			s.Add(int64(at), value)
			if at >= 0 && at < n {
				dense[at] += value
			}
		}
		for range rng.IntN(50) {
			from := rng.IntN(n)
			to := from + rng.IntN(n)
			changes.Add(int64(from), 1)
			changes.Add(int64(to)+1, -1)
			for i := from; i <= min(to, n-1); i++ {
				level[i]++
			}
		}
		for name, pair := range map[string][2]distribution{
			"values": {s.distribution(int64(n)), distributionOf(counted64(dense))},
			"levels": {changes.levels(int64(n)), distributionOf(counted64(level))},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Fatalf("seed %d: %s %v, want %v", seed, name, pair[0], pair[1])
			}
		}
		window := s.Window(int64(n/3), int64(n/3))
		for bin, value := range window.All() {
			if value != dense[n/3+int(bin)] {
				t.Fatalf("seed %d: bin %d of a window from %d has %v, want %v", seed, bin, n/3, value, dense[n/3+int(bin)])
			}
		}
		energies, counts := HaarEnergies(s, int64(n), math.MaxInt)
		wantEnergies, wantCounts := denseHaar(dense, math.MaxInt)
		if !reflect.DeepEqual(energies, wantEnergies) || !reflect.DeepEqual(counts, wantCounts) {
			t.Fatalf("seed %d: Haar energies %v of %v, want %v of %v", seed, energies, counts, wantEnergies, wantCounts)
		}
		sorted := slices.Sorted(slices.Values(dense))
		if a, b := s.distribution(int64(n)), each(sorted); wasserstein(a, b) > 1e-12 || kolmogorovSmirnov(a, b) != 0 {
			t.Fatalf("seed %d: counted values differ from the values one by one", seed)
		}
	}
}

func counted64(x []float64) map[float64]int64 {
	counts := map[float64]int64{}
	for _, v := range x {
		counts[v]++
	}
	return counts
}

// TestSubset: of few values among many zeros as many are drawn as the part of all
// that is drawn, each as often as another.
func TestSubset(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const rounds, size, n = 4000, 1_000_000_000_000, 250_000_000_000
	var times [8]float64
	for range rounds {
		for _, v := range subset([]float64{0, 1, 2, 3, 4, 5, 6, 7}, size, n, rng) {
			times[int(v)]++
		}
	}
	for v, count := range times { // binomial: 1,000, standard deviation 27
		if math.Abs(count-1000) > 140 {
			t.Errorf("value %d was drawn %v times of %d, want about 1,000", v, count, rounds)
		}
	}
	for range 100 { // all values are given: exactly n of them, none twice
		drawn := subset([]float64{1, 2, 3, 4, 5}, 5, 3, rng)
		if slices.Sort(drawn); len(drawn) != 3 || len(slices.Compact(drawn)) != 3 {
			t.Fatalf("3 of 5 values are %v", drawn)
		}
	}
}

// jumping moves the later half of flows from 1970 to 2024.
func jumping(flows []*flow.Flow) []*flow.Flow {
	for i, f := range flows {
		shift := -f.Packets[0].Time/1e9*1e9 + int64(i)*1e9
		if i >= len(flows)/2 {
			shift += time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC).UnixNano()
		}
		for k := range f.Packets {
			f.Packets[k].Time += shift
		}
	}
	return flows
}

// TestJumpingClock: a capture that spans 1970 to 2024 costs what its packets cost.
// In seconds the span is 1.7e9 bins, in fifths 8.6e9: an array of them would be
// 69 GB.
func TestJumpingClock(t *testing.T) {
	allocated := func(change func([]*flow.Flow) []*flow.Flow) uint64 {
		real, synthetic := change(simulate(300, 1, web)), change(simulate(200, 2, web))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		scores, err := Compare(Config{Trees: 5, FloorSplits: 2}, Split{real[:150], real[150:]}, synthetic,
			map[string][]*flow.Flow{"bootstrap": resample(real, 100, 2)}, rand.NewPCG(1, 2))
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		for _, name := range []string{"bytes/s KS", "open flows W1/sd", "flows/s KS", "Haar energy", "Hurst exponent"} {
			if s := byName(t, scores, "load", name); s.Value == nil || s.Floor == nil || math.IsInf(*s.Value, 0) {
				t.Errorf("%s: %v, floor %v, note %q", name, s.Value, s.Floor, s.Note)
			}
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	plain := allocated(func(flows []*flow.Flow) []*flow.Flow { return flows })
	if jumped := allocated(jumping); jumped > 2*plain {
		t.Errorf("with a clock that jumps 54 years %d bytes are allocated, without %d", jumped, plain)
	}
}
