package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// blobs are n rows of d columns in k clouds of different shape.
func blobs(seed uint64, n, d, k int) *mat.Dense {
	r := rand.New(rand.NewPCG(seed, 3))
	centers := mat.NewDense(k, d, nil)
	shapes := make([]*mat.Dense, k)
	for i := range k {
		shapes[i] = mat.NewDense(d, d, nil)
		for j := range d {
			centers.Set(i, j, 3*r.NormFloat64())
			for l := range d {
				shapes[i].Set(j, l, 0.5*r.NormFloat64())
			}
		}
	}
	x := mat.NewDense(n, d, nil)
	for i := range n {
		c := r.IntN(k)
		noise := mat.NewVecDense(d, nil)
		for j := range d {
			noise.SetVec(j, r.NormFloat64())
		}
		var point mat.VecDense
		point.MulVec(shapes[c], noise)
		point.AddVec(&point, centers.RowView(c))
		x.SetRow(i, point.RawVector().Data)
	}
	return x
}

// engines are those of all tests, by what their programs are for: each shape of
// rows and components is compiled once for all tests.
var engines sync.Map

// engineOf is the engine that the tests share.
func engineOf(t testing.TB, b compute.Backend, covariance Covariance, columns int) *engine {
	t.Helper()
	type key struct {
		backend    compute.Backend
		covariance Covariance
		columns    int
	}
	of := key{b, covariance, columns}
	if e, ok := engines.Load(of); ok {
		return e.(*engine)
	}
	e, err := newEngine(b, covariance, columns)
	if err != nil {
		t.Fatal(err)
	}
	engines.Store(of, e)
	return e
}

// fitShared is Fit with the engine that the tests share.
func fitShared(ctx context.Context, t testing.TB, b compute.Backend, x mat.Matrix, cfg Config, src rand.Source) (*Model, error) {
	t.Helper()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	_, columns := x.Dims()
	return engineOf(t, b, cfg.Covariance, columns).model(ctx, x, cfg, src)
}

func fitted(t testing.TB, b compute.Backend, x mat.Matrix, cfg Config) *Model {
	t.Helper()
	m, err := fitShared(context.Background(), t, b, x, cfg, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLikelihoodNeverFalls(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		for _, kind := range []Covariance{Full, Diagonal, Tied} {
			for _, d := range []int{1, 2, 3, 5} {
				if d != 3 && !devicetest.IsGo(b) {
					continue // each shape is a compilation, the Go backend has them all
				}
				cfg := DefaultConfig()
				cfg.Components, cfg.Covariance, cfg.Tolerance, cfg.RegCovar, cfg.MaxIterations = 4, kind, 0, 0, 40
				x := blobs(uint64(d), 2500, d, 5)
				m := fitted(t, b, x, cfg)
				bounds := append(append([]float64{}, m.LowerBounds...), m.MeanLogLikelihood)
				if len(bounds) != 41 || m.Iterations != 40 {
					t.Fatalf("%s, %d columns: %d bounds after %d iterations, want 41 after 40", kind, d, len(bounds), m.Iterations)
				}
				for i := 1; i < len(bounds); i++ {
					if bounds[i] < bounds[i-1]-1e-10 {
						t.Errorf("%s, %d columns: likelihood falls from %v to %v in iteration %d", kind, d, bounds[i-1], bounds[i], i)
					}
				}
				near(t, fmt.Sprintf("%s, %d columns: likelihood by the model's own density", kind, d), m.logLikelihood(x), m.MeanLogLikelihood, 1e-9)
			}
		}
	})
}

func TestResponsibilities(t *testing.T) {
	x := blobs(2, 3000, 3, 4)
	cfg := DefaultConfig()
	cfg.Components = 4
	m := fitted(t, devicetest.Go(t), x, cfg)
	for r := range 3000 {
		row := x.RawRowView(r)
		p := m.responsibilities(row)
		sum, best := 0.0, 0
		for k, v := range p {
			sum += v
			if v > p[best] {
				best = k
			}
		}
		near(t, "sum of responsibilities", sum, 1, 1e-12)
		if m.Label(row) != best {
			t.Fatalf("row %d: predicted %d, but %d is the likeliest of %v", r, m.Label(row), best, p)
		}
	}
	// Far away from everything the densities underflow; the probabilities do not.
	p := m.responsibilities([]float64{1e6, -1e6, 1e6})
	if sum := p[0] + p[1] + p[2] + p[3]; math.Abs(sum-1) > 1e-12 {
		t.Errorf("far away, responsibilities sum to %v", sum)
	}
}

// One component is the rows' mean and covariance (divided by n).
func TestSingleComponentIsTheEmpiricalOne(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		x := blobs(3, 777, 2, 2)
		var want mat.SymDense
		stat.CovarianceMatrix(&want, x, nil)
		for _, kind := range []Covariance{Full, Diagonal, Tied} {
			cfg := DefaultConfig()
			cfg.Components, cfg.Covariance = 1, kind
			m := fitted(t, b, x, cfg)
			near(t, "weight", m.Weights[0], 1, 1e-15)
			for i := range 2 {
				near(t, "mean", m.Means[0][i], stat.Mean(mat.Col(nil, i, x), nil), 1e-12)
				for j := range 2 {
					c := want.At(i, j) * 776 / 777
					switch {
					case i == j:
						c += cfg.RegCovar
					case kind == Diagonal:
						c = 0
					}
					near(t, fmt.Sprintf("%s covariance", kind), m.Covariances[0].At(i, j), c, 1e-11)
				}
			}
		}
	})
}

// oneStep is one EM iteration from the start, straight from the textbook.
func oneStep(x *mat.Dense, s *Start, kind Covariance, reg float64) (weights []float64, means [][]float64, covariances []*mat.SymDense) {
	n, d := x.Dims()
	k := len(s.Means)
	m := &Model{Weights: append([]float64{}, s.Weights...), Means: s.Means, Covariances: s.Covariances}
	if err := m.prepare(); err != nil {
		panic(err)
	}
	r := mat.NewDense(n, k, nil)
	for i := range n {
		r.SetRow(i, m.responsibilities(x.RawRowView(i)))
	}
	tied := mat.NewSymDense(d, nil)
	for c := range k {
		var mass float64
		mean := make([]float64, d)
		for i := range n {
			mass += r.At(i, c)
			for j := range d {
				mean[j] += r.At(i, c) * x.At(i, j)
			}
		}
		for j := range d {
			mean[j] /= mass
		}
		cov := mat.NewSymDense(d, nil)
		for i := range n {
			diff := mat.NewVecDense(d, nil)
			for j := range d {
				diff.SetVec(j, x.At(i, j)-mean[j])
			}
			cov.SymRankOne(cov, r.At(i, c)/mass, diff)
			tied.SymRankOne(tied, r.At(i, c)/float64(n), diff)
		}
		weights, means, covariances = append(weights, mass/float64(n)), append(means, mean), append(covariances, cov)
	}
	for c := range k {
		if kind == Tied {
			covariances[c] = mat.NewSymDense(d, nil)
			covariances[c].CopySym(tied)
		}
		for i := range d {
			covariances[c].SetSym(i, i, covariances[c].At(i, i)+reg)
			for j := range i {
				if kind == Diagonal {
					covariances[c].SetSym(i, j, 0)
				}
			}
		}
	}
	return weights, means, covariances
}

func TestOneStepByTheTextbook(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		for _, kind := range []Covariance{Full, Diagonal, Tied} {
			const d = 3
			x := blobs(4, 2500, d, 4)
			s := &Start{Weights: []float64{0.2, 0.3, 0.4, 0.1}}
			for k := range 4 {
				c := mat.NewSymDense(d, nil)
				for i := range d {
					v := 1.0
					if kind != Tied {
						v += float64(k)
					}
					c.SetSym(i, i, v)
					if kind != Diagonal && i > 0 {
						c.SetSym(i, i-1, 0.3)
					}
				}
				s.Means = append(s.Means, mat.Row(nil, 100*k, x))
				s.Covariances = append(s.Covariances, c)
			}
			cfg := DefaultConfig()
			cfg.Start, cfg.Covariance, cfg.MaxIterations, cfg.RegCovar = s, kind, 1, 1e-3
			m := fitted(t, b, x, cfg)
			weights, means, covariances := oneStep(x, s, kind, 1e-3)
			for k := range 4 {
				near(t, fmt.Sprintf("%s weight", kind), m.Weights[k], weights[k], 1e-12)
				for i := range d {
					near(t, fmt.Sprintf("%s mean", kind), m.Means[k][i], means[k][i], 1e-11)
					for j := range d {
						near(t, fmt.Sprintf("%s covariance %d %d", kind, i, j), m.Covariances[k].At(i, j), covariances[k].At(i, j), 1e-11)
					}
				}
			}
		}
	})
}

func TestSamplingMoments(t *testing.T) {
	m := &Model{
		Kind: Full, Weights: []float64{0.25, 0.75}, Means: [][]float64{{1, -2}, {5, 3}},
		Covariances: []*mat.SymDense{symmetric([][]float64{{2, 1.2}, {1.2, 1}}), symmetric([][]float64{{0.5, -0.3}, {-0.3, 0.4}})},
	}
	if err := m.prepare(); err != nil {
		t.Fatal(err)
	}
	const n = 200000
	x, components := m.sampleRows(n, rand.NewPCG(4, 4))
	for k := range 2 {
		var rows []int
		for i, c := range components {
			if c == k {
				rows = append(rows, i)
			}
		}
		near(t, "proportion", float64(len(rows))/n, m.Weights[k], 5*math.Sqrt(0.2/n))
		of := pickRows(x, rows)
		var c mat.SymDense
		stat.CovarianceMatrix(&c, of, nil)
		for i := range 2 {
			near(t, "sampled mean", stat.Mean(mat.Col(nil, i, of), nil), m.Means[k][i], 0.03)
			for j := range 2 {
				near(t, "sampled covariance", c.At(i, j), m.Covariances[k].At(i, j), 0.05)
			}
		}
	}
	a, b := m.SampleComponent(nil, 1, rand.NewPCG(1, 1)), make([]float64, 2)
	if m.SampleComponent(b, 1, rand.NewPCG(1, 1)); !reflect.DeepEqual(a, b) {
		t.Errorf("the same source gives %v and %v", a, b)
	}
}

// Number by BIC: three clear clouds are three components, on both backends.
func TestNumberByBIC(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		r := rand.New(rand.NewPCG(6, 6))
		x := mat.NewDense(900, 2, nil)
		for i := range 900 {
			x.SetRow(i, []float64{6*float64(i%3) + r.NormFloat64(), r.NormFloat64()})
		}
		cfg := DefaultConfig()
		cfg.MaxComponents, cfg.Starts = 7, 2
		m := fitted(t, b, x, cfg)
		if m.Components() != 3 || len(m.Tried) != 7 {
			t.Errorf("%d components of BICs %v, want 3 of 7", m.Components(), m.Tried)
		}
		cfg.Patience = 2
		if m := fitted(t, b, x, cfg); m.Components() != 3 || len(m.Tried) != 5 {
			t.Errorf("with patience 2: %d components of BICs %v, want 3 of 5", m.Components(), m.Tried)
		}
	})
}

func TestSameSourceSameModel(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		cfg := DefaultConfig()
		cfg.Components, cfg.Starts = 5, 3
		x := blobs(7, 5000, 2, 6)
		a, c := fitted(t, b, x, cfg), fitted(t, b, x, cfg)
		if !reflect.DeepEqual(a.Means, c.Means) || !reflect.DeepEqual(a.LowerBounds, c.LowerBounds) {
			t.Errorf("two fits from the same source differ: %v and %v", a.Means, c.Means)
		}
	})
}

// Rows beyond one block and one call, and padded shapes, change nothing.
func TestBackendsAgree(t *testing.T) {
	x := blobs(8, 2*blockRows+77, 2, 5)
	cfg := DefaultConfig()
	cfg.Components, cfg.Tolerance, cfg.MaxIterations = 6, 0, 300
	a, b := fitted(t, devicetest.Go(t), x, cfg), fitted(t, devicetest.XLA(t), x, cfg)
	near(t, "likelihood", a.MeanLogLikelihood, b.MeanLogLikelihood, 1e-9)
	for k := range a.Means {
		for j := range 2 {
			near(t, "mean", a.Means[k][j], b.Means[k][j], 1e-6)
		}
	}
}

// Columns far from zero and of very different scales are centred: the fit is the
// same, moved and stretched.
func TestMovedAndScaled(t *testing.T) {
	x := blobs(9, 3000, 2, 3)
	moved := mat.NewDense(3000, 2, nil)
	for i := range 3000 {
		moved.SetRow(i, []float64{1.5e9 + x.At(i, 0), -3e-4 + 1e-3*x.At(i, 1)})
	}
	cfg := DefaultConfig()
	cfg.Components, cfg.RegCovar, cfg.Covariance = 1, 0, Full
	for _, k := range []int{1, 3} {
		cfg.Components, cfg.MaxIterations = k, 30
		cfg.Start = &Start{}
		other := cfg
		other.Start = &Start{}
		for i := range k {
			cfg.Start.Means = append(cfg.Start.Means, mat.Row(nil, i, x))
			other.Start.Means = append(other.Start.Means, mat.Row(nil, i, moved))
		}
		a, b := fitted(t, devicetest.Go(t), x, cfg), fitted(t, devicetest.Go(t), moved, other)
		near(t, "likelihood", b.MeanLogLikelihood, a.MeanLogLikelihood-math.Log(1e-3), 1e-6)
	}
}

// The size of blocks, which differs between CPU and GPU, changes nothing.
func TestBlockSizes(t *testing.T) {
	x := blobs(10, 3*blockRows+5, 2, 4)
	cfg := DefaultConfig()
	cfg.Components, cfg.Tolerance, cfg.MaxIterations = 4, 0, 20
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		var models []*Model
		for _, gpu := range []bool{false, true} {
			e, err := newEngine(b, Full, 2)
			if err != nil {
				t.Fatal(err)
			}
			e.gpu = gpu
			m, err := e.model(context.Background(), x, cfg, rand.NewPCG(1, 2))
			if err != nil {
				t.Fatal(err)
			}
			models = append(models, m)
		}
		near(t, "likelihood", models[1].MeanLogLikelihood, models[0].MeanLogLikelihood, 1e-12)
		near(t, "mean", models[1].Means[0][0], models[0].Means[0][0], 1e-9)
	})
}
