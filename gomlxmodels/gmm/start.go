package gmm

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// The k-means++ start uses a sample of the rows: more rows would move the centres by
// less than EM then does.
const (
	startRows      = 20000 // at most, or
	startRowsEach  = 400   // times the number of components
	lloydPasses    = 30
	lloydTolerance = 1e-4 // stop when a pass lessens the distances by less, relatively
)

// sample returns up to limit rows of x, drawn evenly at random and centred: [len, d]
// flat.
func (t *table) sample(x mat.Matrix, limit int, src rand.Source) []float64 {
	r := rand.New(src)
	take := min(limit, t.rows)
	out := make([]float64, 0, take*t.columns)
	for i := 0; i < t.rows && take > 0; i++ { // selection sampling, Knuth 3.4.2 algorithm S
		if r.Float64()*float64(t.rows-i) >= float64(take) {
			continue
		}
		take--
		for j := range t.columns {
			out = append(out, x.At(i, j)-t.center[j])
		}
	}
	return out
}

// kmeans makes a start by k-means++ (Arthur and Vassilvitskii 2007, with a few trials
// per centre) and Lloyd's passes: the moments of its memberships. It may find fewer
// components than asked for if there are fewer different rows.
func (e *engine) kmeans(points []float64, components, rows int, src rand.Source) moments {
	d := e.columns
	n := len(points) / d
	centers := plusPlus(points, d, components, rand.New(src))
	components = len(centers) / d
	nearest := make([]int, n)
	before := math.Inf(1)
	for range lloydPasses {
		total := assign(nearest, points, centers, d)
		recenter(centers, nearest, points, d)
		if before-total <= lloydTolerance*total {
			break
		}
		before = total
	}
	assign(nearest, points, centers, d)
	out := e.moments(components)
	scale := float64(rows) / float64(n)
	for i, k := range nearest {
		e.accumulate(out, k, points[i*d:][:d], scale)
	}
	return out
}

func (p program) moments(components int) moments {
	return moments{sums: make([]float64, components*p.features()), second: make([]float64, p.columns*p.columns)}
}

// accumulate adds a row of component k, times a weight.
func (p program) accumulate(to moments, k int, row []float64, weight float64) {
	sums := to.sums[k*p.features():][:p.features()]
	sums[0] += weight
	for i, v := range row {
		sums[1+i] += weight * v
		for j, w := range row {
			to.second[i*p.columns+j] += weight * v * w
		}
	}
	for at, pair := range p.pairs() {
		sums[1+p.columns+at] += weight * row[pair[0]] * row[pair[1]]
	}
}

func squaredDistance(a, b []float64) float64 {
	var sum float64
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return sum
}

// plusPlus draws the centres, each with a probability proportional to the squared
// distance from those before, the best of a few trials.
func plusPlus(points []float64, d, components int, r *rand.Rand) (centers []float64) {
	n := len(points) / d
	point := func(i int) []float64 { return points[i*d:][:d] }
	centers = append(centers, point(r.IntN(n))...)
	distance := make([]float64, n)
	var total float64
	for i := range distance {
		distance[i] = squaredDistance(point(i), centers)
		total += distance[i]
	}
	trials := 2 + int(math.Log(float64(components)))
	trial, best := make([]float64, n), make([]float64, n)
	for len(centers) < components*d && total > 0 {
		least, chosen := math.Inf(1), -1
		for range trials {
			candidate := pick(distance, r.Float64()*total)
			var sum float64
			for i := range trial {
				trial[i] = min(distance[i], squaredDistance(point(i), point(candidate)))
				sum += trial[i]
			}
			if sum < least {
				least, chosen = sum, candidate
				trial, best = best, trial
			}
		}
		centers = append(centers, point(chosen)...)
		distance, best = best, distance
		total = least
	}
	return centers
}

// pick returns the index at which the running sum of weights passes u. Its weight is
// above zero.
func pick(weights []float64, u float64) int {
	last := 0
	for i, w := range weights {
		if w == 0 {
			continue
		}
		last = i
		if u -= w; u < 0 {
			break
		}
	}
	return last
}

// assign finds the nearest centre of each point, and the sum of squared distances.
func assign(nearest []int, points, centers []float64, d int) (total float64) {
	if d == 2 {
		return assignPlane(nearest, points, centers)
	}
	for i := range nearest {
		least := math.Inf(1)
		for k := range len(centers) / d {
			if s := squaredDistance(points[i*d:][:d], centers[k*d:][:d]); s < least {
				least, nearest[i] = s, k
			}
		}
		total += least
	}
	return total
}

// assignPlane is assign in two dimensions, where latent points are: four times as
// fast as the general loop.
func assignPlane(nearest []int, points, centers []float64) (total float64) {
	for i := range nearest {
		x, y := points[2*i], points[2*i+1]
		least, at := math.Inf(1), 0
		for k := 0; k+1 < len(centers); k += 2 {
			dx, dy := x-centers[k], y-centers[k+1]
			if s := dx*dx + dy*dy; s < least {
				least, at = s, k
			}
		}
		nearest[i] = at / 2
		total += least
	}
	return total
}

// recenter moves each centre to the mean of its points; one without points stays.
func recenter(centers []float64, nearest []int, points []float64, d int) {
	counts := make([]float64, len(centers)/d)
	sums := make([]float64, len(centers))
	for i, k := range nearest {
		counts[k]++
		for j := range d {
			sums[k*d+j] += points[i*d+j]
		}
	}
	for k, n := range counts {
		for j := range d {
			if n > 0 {
				centers[k*d+j] = sums[k*d+j] / n
			}
		}
	}
}

// check returns what is wrong with a given start for rows of d columns.
func (s *Start) check(d int) error {
	components := len(s.Means)
	if components == 0 {
		return errors.New("gmm: start has no means: want one per component")
	}
	if s.Weights != nil && len(s.Weights) != components {
		return fmt.Errorf("gmm: start has %d weights for %d means", len(s.Weights), components)
	}
	if s.Covariances != nil && len(s.Covariances) != components {
		return fmt.Errorf("gmm: start has %d covariances for %d means", len(s.Covariances), components)
	}
	var sum float64
	for k := range components {
		if len(s.Means[k]) != d {
			return fmt.Errorf("gmm: start mean %d has %d values: rows have %d columns", k, len(s.Means[k]), d)
		}
		if s.Weights != nil {
			if !(s.Weights[k] > 0) {
				return fmt.Errorf("gmm: start weight %d is %v: want more than 0", k, s.Weights[k])
			}
			sum += s.Weights[k]
		}
		if s.Covariances != nil {
			var c mat.Cholesky
			if s.Covariances[k].SymmetricDim() != d || !c.Factorize(s.Covariances[k]) {
				return fmt.Errorf("gmm: start covariance %d: want a positive definite matrix of %d columns", k, d)
			}
		}
	}
	if s.Weights != nil && math.Abs(sum-1) > 1e-6 {
		return fmt.Errorf("gmm: start weights sum to %v: want 1", sum)
	}
	return nil
}

// given returns the moments whose M-step is the given start.
func (e *engine) given(s *Start, t *table) moments {
	d, n := e.columns, float64(t.rows)
	out := e.moments(len(s.Means))
	for k := range s.Means {
		weight := n / float64(len(s.Means))
		if s.Weights != nil {
			weight = n * s.Weights[k]
		}
		mean := make([]float64, d)
		for j := range d {
			mean[j] = s.Means[k][j] - t.center[j]
		}
		e.accumulate(out, k, mean, weight)
		covariance := func(i, j int) float64 {
			c := t.secondSums[i*d+j] / n
			if s.Covariances != nil {
				c = s.Covariances[k].At(i, j)
			}
			if i == j {
				c -= t.regular[i]
			}
			return c
		}
		for i := range d {
			for j := range d {
				out.second[i*d+j] += weight * covariance(i, j)
			}
		}
		for at, pair := range e.pairs() {
			out.sums[k*e.features()+1+d+at] += weight * covariance(pair[0], pair[1])
		}
	}
	return out
}
