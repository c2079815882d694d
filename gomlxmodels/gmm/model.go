package gmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Model is a mixture of Gaussians. Its methods are safe for concurrent use.
type Model struct {
	Kind        Covariance
	Weights     []float64       // [components], summing to 1
	Means       [][]float64     // [components][columns]
	Covariances []*mat.SymDense // [components] of [columns, columns]; equal ones if tied

	Rows              int       // number of rows that it was fitted on
	LowerBounds       []float64 // mean log-likelihood per row before each M-step
	Iterations        int       // M-steps
	Converged         bool
	MeanLogLikelihood float64 // per row of the fit, under these parameters
	Tried             []BIC   // one per number of components, where it was chosen
	Warnings          []error // doubts: empty or collapsed components, constant columns, no convergence

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
	var sum float64
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
		f.constant = math.Log(m.Weights[k]) - 0.5*(float64(d)*math.Log(2*math.Pi)+c.LogDet())
	}
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

// parameters is the number of free parameters: weights, means and covariances.
func (m *Model) parameters() int {
	k, d := m.Components(), m.Columns()
	each := map[Covariance]int{Full: k * d * (d + 1) / 2, Diagonal: k * d, Tied: d * (d + 1) / 2}[m.Kind]
	return k - 1 + k*d + each
}

// bic is the Bayesian information criterion on the rows of the fit; less is better:
//
//	-2 rows meanLogLikelihood + parameters log(rows)
func (m *Model) bic() float64 {
	n := float64(m.Rows)
	return -2*n*m.MeanLogLikelihood + float64(m.parameters())*math.Log(n)
}
