package gmm

import "math/rand/v2"

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
