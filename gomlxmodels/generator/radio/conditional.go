package radio

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/gomlxmodels/generator/draw"
)

// conditional is one component of the mixture, as the distribution of the last
// entries b given the first a: mean b + gain (x - mean a), covariance lower lower^T.
type conditional struct {
	logWeight float64 // of the component, without the factor of x
	mean      []float64
	inverse   *mat.SymDense // of the covariance of a
	gain      *mat.Dense    // [b, a]
	lower     *mat.TriDense // [b, b]
}

// prepare splits every component at the last profileWidth entries:
//
//	gain = S_ba S_aa^-1, lower lower^T = S_bb - gain S_ab
func (p *profiles) prepare() error {
	width := p.mixture.Columns()
	a := width - profileWidth
	if a < 1 || len(p.Scores) != profileWidth {
		return fmt.Errorf("generator: radio profiles of %d scores in a mixture of %d columns: want %d scores and more columns", len(p.Scores), width, profileWidth)
	}
	p.parts = nil
	for k, weight := range p.mixture.Weights {
		s := p.mixture.Covariances[k]
		given := mat.NewSymDense(a, nil)
		cross, rest := mat.NewDense(profileWidth, a, nil), mat.NewSymDense(profileWidth, nil)
		for i := range width {
			for j := range width {
				switch v := s.At(i, j); {
				case i < a && j < a:
					given.SetSym(i, j, v)
				case i >= a && j < a:
					cross.Set(i-a, j, v)
				case i >= a && j >= a:
					rest.SetSym(i-a, j-a, v)
				}
			}
		}
		var root, below mat.Cholesky
		c := conditional{mean: p.mixture.Means[k], inverse: mat.NewSymDense(a, nil), gain: new(mat.Dense), lower: new(mat.TriDense)}
		if !root.Factorize(given) {
			return fmt.Errorf("generator: radio profiles: component %d is singular", k)
		}
		if err := root.InverseTo(c.inverse); err != nil {
			return fmt.Errorf("generator: radio profiles: component %d: %w", k, err)
		}
		c.gain.Mul(cross, c.inverse)
		var explained mat.Dense
		explained.Mul(c.gain, cross.T())
		for i := range profileWidth {
			for j := i; j < profileWidth; j++ {
				rest.SetSym(i, j, rest.At(i, j)-(explained.At(i, j)+explained.At(j, i))/2)
			}
			rest.SetSym(i, i, rest.At(i, i)+1e-9)
		}
		if !below.Factorize(rest) {
			return fmt.Errorf("generator: radio profiles: component %d is singular", k)
		}
		below.LTo(c.lower)
		c.logWeight = math.Log(weight) - root.LogDet()/2
		p.parts = append(p.parts, c)
	}
	return nil
}

// append draws a profile given the flow's latent and adds it.
func (p *profiles) append(latent []float32, random *rand.Rand) []float32 {
	x := make([]float64, len(latent))
	logs := make([]float32, len(p.parts))
	for k, c := range p.parts {
		for i := range x {
			x[i] = float64(latent[i]) - c.mean[i]
		}
		v := mat.NewVecDense(len(x), x)
		logs[k] = float32(c.logWeight - mat.Inner(v, c.inverse, v)/2)
	}
	top := logs[0]
	for _, l := range logs {
		top = max(top, l)
	}
	for k := range logs {
		logs[k] -= top
	}
	c := &p.parts[draw.LogIndex(random, logs)]
	for i := range x {
		x[i] = float64(latent[i]) - c.mean[i]
	}
	var noise [profileWidth]float64
	for i := range noise {
		noise[i] = random.NormFloat64()
	}
	for i := range profileWidth {
		value := c.mean[len(x)+i]
		for j, d := range x {
			value += c.gain.At(i, j) * d
		}
		for j := range i + 1 {
			value += c.lower.At(i, j) * noise[j]
		}
		latent = append(latent, float32(value))
	}
	return latent
}
