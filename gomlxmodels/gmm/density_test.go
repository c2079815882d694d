package gmm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// The density and the memberships of a mixture by its definition, to hold what EM
// finds to; nothing else asks for them.

// logProb is the logarithm of the mixture's density at x [columns].
func (m *Model) logProb(x []float64) float64 {
	most := math.Inf(-1)
	for k := range m.factors {
		most = max(most, m.joint(k, x))
	}
	var sum float64
	for k := range m.factors {
		sum += math.Exp(m.joint(k, x) - most)
	}
	return most + math.Log(sum)
}

// responsibilities are the probabilities of the components given x [columns].
func (m *Model) responsibilities(x []float64) []float64 {
	p := make([]float64, len(m.factors))
	for k := range p {
		p[k] = math.Exp(m.joint(k, x) - m.logProb(x))
	}
	return p
}

// logLikelihood is the mean over the rows of x of logProb.
func (m *Model) logLikelihood(x *mat.Dense) float64 {
	n, _ := x.Dims()
	var sum float64
	for r := range n {
		sum += m.logProb(x.RawRowView(r))
	}
	return sum / float64(n)
}

// sampleRows draws n points and their components.
func (m *Model) sampleRows(n int, src rand.Source) (points *mat.Dense, components []int) {
	points, components = mat.NewDense(n, m.Columns(), nil), make([]int, n)
	r := rand.New(src)
	for i := range n {
		u := r.Float64()
		for components[i] < len(m.Weights)-1 && u >= m.Weights[components[i]] {
			u -= m.Weights[components[i]]
			components[i]++
		}
		m.SampleComponent(points.RawRowView(i), components[i], src)
	}
	return points, components
}
