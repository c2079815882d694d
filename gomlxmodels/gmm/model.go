package gmm

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
)

var _ distmv.RandLogProber = (*Model)(nil)

// Model is a mixture of Gaussians. Its methods are safe for concurrent use, but
// for Rand.
type Model struct {
	Kind        Covariance
	Weights     []float64       // [components], summing to 1
	Means       [][]float64     // [components][columns]
	Covariances []*mat.SymDense // [components] of [columns, columns]; equal ones if tied

	Rows              int       // that it was fitted on
	LowerBounds       []float64 // mean log-likelihood per row before each M-step
	Iterations        int       // M-steps
	Converged         bool
	MeanLogLikelihood float64 // per row of the fit, under these parameters
	Tried             []BIC   // one per number of components, where it was chosen
	Warnings          []error // doubts: empty or collapsed components, constant columns, no convergence

	// Source is what Rand draws from. It is not saved.
	Source rand.Source

	factors []factor
}

// BIC is the Bayesian information criterion of one number of components.
type BIC struct {
	Components int     `json:"components"`
	Value      float64 `json:"bic"`
}

// factor is what density and sampling need of one component.
type factor struct {
	lower    []float64 // [d, d], Cholesky's L of the covariance
	inverse  []float64 // [d, d], of L
	constant float64   // log(weight) - log(sqrt((2 pi)^d det))
	upTo     float64   // cumulative weight
}

func (m *Model) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fmt.Errorf("gmm: "+format, args...))
}

// Components is how many Gaussians there are.
func (m *Model) Components() int { return len(m.Weights) }

// Columns is the dimension of a row.
func (m *Model) Columns() int { return len(m.Means[0]) }

// prepare computes the factors, after scaling the weights to sum to 1.
func (m *Model) prepare() error {
	d := m.Columns()
	var sum, upTo float64
	for _, w := range m.Weights {
		sum += w
	}
	m.factors = make([]factor, len(m.Weights))
	for k := range m.factors {
		m.Weights[k] /= sum
		var c mat.Cholesky
		if !c.Factorize(m.Covariances[k]) {
			return fmt.Errorf("gmm: covariance of component %d is not positive definite: raise reg_covar", k)
		}
		var lower, inverse mat.TriDense
		c.LTo(&lower)
		if err := inverse.InverseTri(&lower); err != nil {
			return fmt.Errorf("gmm: covariance of component %d is close to singular: raise reg_covar: %w", k, err)
		}
		f := &m.factors[k]
		f.lower, f.inverse = make([]float64, d*d), make([]float64, d*d)
		for i := range d {
			for j := range i + 1 {
				f.lower[i*d+j], f.inverse[i*d+j] = lower.At(i, j), inverse.At(i, j)
			}
		}
		upTo += m.Weights[k]
		f.upTo = upTo
		f.constant = math.Log(m.Weights[k]) - 0.5*(float64(d)*math.Log(2*math.Pi)+c.LogDet())
	}
	m.factors[len(m.factors)-1].upTo = 1
	return nil
}

// joint is log(weight) + log(density) of component k at x.
func (m *Model) joint(k int, x []float64) float64 {
	f, mean, d := &m.factors[k], m.Means[k], len(x)
	var sum float64
	for i := range d {
		var y float64
		for j := range i + 1 {
			y += f.inverse[i*d+j] * (x[j] - mean[j])
		}
		sum += y * y
	}
	return f.constant - 0.5*sum
}

// badLength is what methods of gonum's interfaces panic with, as gonum's own do.
const badLength = "gmm: length of x is not the number of columns"

// LogProb is the logarithm of the mixture's density at x [columns].
func (m *Model) LogProb(x []float64) float64 {
	if len(x) != m.Columns() {
		panic(badLength)
	}
	most, sum := math.Inf(-1), 0.0
	for k := range m.factors {
		l := m.joint(k, x)
		if l > most {
			sum = sum*math.Exp(most-l) + 1
			most = l
		} else {
			sum += math.Exp(l - most)
		}
	}
	return most + math.Log(sum)
}

// Responsibilities are the probabilities of the components given x [columns], into
// dst [components]; nil allocates. They sum to 1.
func (m *Model) Responsibilities(dst, x []float64) []float64 {
	if len(x) != m.Columns() {
		panic(badLength)
	}
	if dst == nil {
		dst = make([]float64, len(m.factors))
	}
	most := math.Inf(-1)
	for k := range m.factors {
		dst[k] = m.joint(k, x)
		most = max(most, dst[k])
	}
	var sum float64
	for k, l := range dst {
		dst[k] = math.Exp(l - most)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
	return dst
}

// Label is the likeliest component of x [columns].
func (m *Model) Label(x []float64) int {
	best, most := 0, math.Inf(-1)
	for k := range m.factors {
		if l := m.joint(k, x); l > most {
			best, most = k, l
		}
	}
	return best
}

// Predict is the likeliest component of each row of x [rows, columns].
func (m *Model) Predict(x mat.Matrix) ([]int, error) {
	n, _ := x.Dims()
	labels := make([]int, n)
	return labels, m.eachRow(x, func(r int, row []float64) { labels[r] = m.Label(row) })
}

// LogLikelihood is the mean over the rows of x [rows, columns] of LogProb.
func (m *Model) LogLikelihood(x mat.Matrix) (float64, error) {
	n, _ := x.Dims()
	each := make([]float64, n)
	if err := m.eachRow(x, func(r int, row []float64) { each[r] = m.LogProb(row) }); err != nil {
		return 0, err
	}
	var sum float64
	for _, l := range each {
		sum += l
	}
	return sum / float64(n), nil
}

// eachRow calls f for every row, on all processors, and refuses what is not finite.
func (m *Model) eachRow(x mat.Matrix, f func(r int, row []float64)) error {
	n, d := x.Dims()
	if d != m.Columns() {
		return fmt.Errorf("gmm: rows of %d columns for a mixture of %d", d, m.Columns())
	}
	if n == 0 {
		return fmt.Errorf("gmm: no rows")
	}
	const least = 1024
	each := max(least, (n+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	errs := make([]error, (n+each-1)/each)
	for part := range errs {
		wait.Go(func() {
			row := make([]float64, d)
			for r := part * each; r < min(n, (part+1)*each); r++ {
				for j := range row {
					row[j] = x.At(r, j)
					if v := row[j]; v-v != 0 && errs[part] == nil {
						errs[part] = fmt.Errorf("gmm: row %d, column %d is %v: leave such rows out or mend them first", r, j, v)
					}
				}
				f(r, row)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// Parameters is the number of free parameters: weights, means and covariances.
func (m *Model) Parameters() int {
	k, d := m.Components(), m.Columns()
	each := map[Covariance]int{Full: k * d * (d + 1) / 2, Diagonal: k * d, Tied: d * (d + 1) / 2}[m.Kind]
	return k - 1 + k*d + each
}

// BIC is the Bayesian information criterion on the rows of the fit; less is better:
//
//	-2 rows meanLogLikelihood + parameters log(rows)
func (m *Model) BIC() float64 {
	n := float64(m.Rows)
	return -2*n*m.MeanLogLikelihood + float64(m.Parameters())*math.Log(n)
}
