package gmm

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// noSource is what Rand panics with if the model has no Source.
const noSource = "gmm: Rand without a Source: set Model.Source, or use Sample"

// Rand draws one point from Source into x [columns]; nil allocates.
func (m *Model) Rand(x []float64) []float64 {
	if m.Source == nil {
		panic(noSource)
	}
	if x != nil && len(x) != m.Columns() {
		panic(badLength)
	}
	point, _ := m.Sample(x, m.Source)
	return point
}

// Sample draws one point into dst [columns], and the component it came from; nil
// allocates.
func (m *Model) Sample(dst []float64, src rand.Source) (point []float64, component int) {
	u := float64(src.Uint64()>>11) / (1 << 53)
	for component < len(m.factors)-1 && u >= m.factors[component].upTo {
		component++
	}
	return m.SampleComponent(dst, component, src), component
}

// SampleComponent draws one point of component k, mean + L noise, into dst
// [columns]; nil allocates.
func (m *Model) SampleComponent(dst []float64, k int, src rand.Source) []float64 {
	d := m.Columns()
	if dst == nil {
		dst = make([]float64, d)
	}
	r := rand.New(src)
	for i := range d {
		dst[i] = r.NormFloat64()
	}
	f := &m.factors[k]
	for i := d - 1; i >= 0; i-- { // downwards: entry i needs the noise of those before it
		var sum float64
		for j := range i + 1 {
			sum += f.lower[i*d+j] * dst[j]
		}
		dst[i] = sum + m.Means[k][i]
	}
	return dst
}

// SampleRows draws n points [n, columns] and their components.
func (m *Model) SampleRows(n int, src rand.Source) (points *mat.Dense, components []int) {
	if n < 1 {
		return &mat.Dense{}, nil
	}
	points = mat.NewDense(n, m.Columns(), nil)
	components = make([]int, n)
	for i := range n {
		_, components[i] = m.Sample(points.RawRowView(i), src)
	}
	return points, components
}
