package fidelity

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
)

// Series is how much there is of something in equal bins of time. It holds the
// bins that have some of it and no others, so its size goes with the packets,
// never with the time that they span: two packets ten years apart are two bins.
// The zero value is an empty series.
type Series struct {
	points []point // bins rise strictly up to the index tidied
	tidied int
}

type point struct {
	bin   int64
	value float64
}

// Add adds value to a bin. Bins may come in any order; rising ones cost least.
func (s *Series) Add(bin int64, value float64) {
	n := len(s.points)
	if n > 0 && s.points[n-1].bin == bin {
		s.points[n-1].value += value
		return
	}
	s.points = append(s.points, point{bin, value})
	if n == s.tidied && (n == 0 || s.points[n-1].bin < bin) {
		s.tidied++
	}
	if n >= 2*s.tidied+1024 { // repeats of a bin must not add up
		s.tidy()
	}
}

// tidy sorts the bins and adds up those that came more than once.
func (s *Series) tidy() {
	if s.tidied == len(s.points) {
		return
	}
	slices.SortStableFunc(s.points, func(a, b point) int { return cmp.Compare(a.bin, b.bin) })
	kept := s.points[:1]
	for _, p := range s.points[1:] {
		if last := &kept[len(kept)-1]; last.bin == p.bin {
			last.value += p.value
		} else {
			kept = append(kept, p)
		}
	}
	s.points, s.tidied = kept, len(kept)
}

// All yields the bins that have a value, in their order.
func (s *Series) All() iter.Seq2[int64, float64] {
	return func(yield func(int64, float64) bool) {
		s.tidy()
		for _, p := range s.points {
			if !yield(p.bin, p.value) {
				return
			}
		}
	}
}

// Window copies the bins from first on, n of them, and counts them from 0.
func (s *Series) Window(first, n int64) *Series {
	w := new(Series)
	for bin, value := range s.All() {
		if bin >= first && bin-first < n {
			w.Add(bin-first, value)
		}
	}
	return w
}

// upTo is the part of the series in the bins 0 to n-1.
func (s *Series) upTo(n int64) []point {
	s.tidy()
	from, _ := slices.BinarySearchFunc(s.points, 0, point.compare)
	to, _ := slices.BinarySearchFunc(s.points, n, point.compare)
	return s.points[from:max(from, to)]
}

func (p point) compare(bin int64) int { return cmp.Compare(p.bin, bin) }

// distribution is how often the bins 0 to n-1 have each value.
func (s *Series) distribution(n int64) distribution {
	points := s.upTo(n)
	counts := map[float64]int64{}
	for _, p := range points {
		counts[p.value]++
	}
	counts[0] += n - int64(len(points))
	return distributionOf(counts)
}

// levels is the distribution over the bins 0 to n-1 of the running sum of the
// series: of flows under way, where it has +1 at each start and -1 after each end.
func (s *Series) levels(n int64) distribution {
	counts := map[float64]int64{}
	var level float64
	var since int64
	for _, p := range s.upTo(n) {
		counts[level] += p.bin - since
		level += p.value
		since = p.bin
	}
	counts[level] += n - since
	return distributionOf(counts)
}

// distribution is a sample by rising value, equal values counted together.
type distribution struct {
	values []float64
	counts []int64 // nil: each value counts once
}

// each is the distribution of a sorted sample.
func each(sorted []float64) distribution { return distribution{values: sorted} }

func distributionOf(counts map[float64]int64) distribution {
	var d distribution
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		if counts[value] > 0 {
			d.values, d.counts = append(d.values, value), append(d.counts, counts[value])
		}
	}
	return d
}

func (d distribution) count(i int) int64 {
	if d.counts == nil {
		return 1
	}
	return d.counts[i]
}

// size is the number of values in the sample.
func (d distribution) size() int64 {
	if d.counts == nil {
		return int64(len(d.values))
	}
	var sum int64
	for _, n := range d.counts {
		sum += n
	}
	return sum
}

// moments are the mean and the standard deviation (divided by n-1).
func (d distribution) moments() (mean, deviation float64) {
	n := d.size()
	for i, v := range d.values {
		mean += v * float64(d.count(i)) / float64(n)
	}
	for i, v := range d.values {
		deviation += (v - mean) * (v - mean) * float64(d.count(i))
	}
	return mean, math.Sqrt(deviation / float64(max(1, n-1)))
}

// HaarEnergies are the mean squares of the detail coefficients of the orthonormal
// Haar transform of the series' bins 0 to n-1: element i belongs to level i+1,
// the scale of 2^(i+1) bins. Coefficients that would reach past the end are left
// out. Levels with fewer than 8 coefficients, and beyond most, are not given.
// counts are the numbers of coefficients. The work of a level goes with the bins
// that have a value.
func HaarEnergies(s *Series, n int64, most int) (energies []float64, counts []int64) {
	smooth := slices.Clone(s.upTo(n))
	for level := 1; level <= most && n/2 >= minDetail; level++ {
		n /= 2
		var energy float64
		kept := smooth[:0]
		for i := 0; i < len(smooth); i++ {
			at := smooth[i].bin / 2
			if at >= n {
				break
			}
			var pair [2]float64
			pair[smooth[i].bin%2] = smooth[i].value
			if smooth[i].bin%2 == 0 && i+1 < len(smooth) && smooth[i+1].bin == smooth[i].bin+1 {
				i++
				pair[1] = smooth[i].value
			}
			energy += (pair[0] - pair[1]) * (pair[0] - pair[1]) / 2
			kept = append(kept, point{at, (pair[0] + pair[1]) / math.Sqrt2})
		}
		smooth = kept
		energies = append(energies, energy/float64(n))
		counts = append(counts, n)
	}
	return energies, counts
}

// hurstExponent estimates the Hurst exponent of the series' bins 0 to n-1 as
// (slope + 1)/2 of log2 of the Haar energies over the level, each level weighted by
// its number of coefficients (Abry and Veitch, IEEE Trans. Inf. Theory 44, 1998).
// ok is false where fewer than 3 levels have energy.
func hurstExponent(s *Series, bins int64) (exponent float64, ok bool) {
	energies, counts := HaarEnergies(s, bins, math.MaxInt)
	var n, sumX, sumY, sumXX, sumXY float64
	levels := 0
	for i, e := range energies {
		if e <= 0 {
			continue
		}
		levels++
		w, level, y := float64(counts[i]), float64(i+1), math.Log2(e)
		n += w
		sumX += w * level
		sumY += w * y
		sumXX += w * level * level
		sumXY += w * level * y
	}
	if levels < 3 {
		return 0, false
	}
	slope := (n*sumXY - sumX*sumY) / (n*sumXX - sumX*sumX)
	return (slope + 1) / 2, true
}
