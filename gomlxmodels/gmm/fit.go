package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"
)

// Fit fits a mixture to the rows of x [rows, columns] on the backend. The source
// seeds the starts; the same source, backend and rows give the same mixture.
// Doubts that do not stop a fit are in the model's Warnings.
//
// Components are numbered by decreasing weight, and those of equal weight by their
// means, with a margin, so that labels do not depend on how a processor rounds; those
// of a given start keep its order.
func Fit(ctx context.Context, b compute.Backend, x mat.Matrix, cfg Config, src rand.Source) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	_, d := x.Dims()
	e, err := newEngine(b, cfg.Covariance, d)
	if err != nil {
		return nil, err
	}
	return e.model(ctx, x, cfg, src)
}

// model fits one mixture.
func (e *engine) model(ctx context.Context, x mat.Matrix, cfg Config, src rand.Source) (*Model, error) {
	t, err := inspect(x, cfg)
	if err != nil {
		return nil, err
	}
	s, err := e.newSearch(t, x, cfg, src)
	if err != nil {
		return nil, err
	}
	if err := e.place(t, x, s.widest()); err != nil {
		return nil, err
	}
	defer t.finalize()
	return s.run(ctx)
}

// search is the choice of one mixture: from several starts for each number of
// components, and between numbers of components.
type search struct {
	engine     *engine
	table      *table
	x          mat.Matrix
	cfg        Config
	src        rand.Source
	components []int // to try
	together   bool  // whether all fits run in one program, in place of one after the other
	tried      []BIC
	best       struct {
		model *Model
		asked int // its number of components
	}
}

// togetherLimit is how many rows times components, padding included, a CPU passes
// over in one program. Below it, one program for all fits saves calls and passes of
// a search; above it, the passes that finished fits make beside the others cost more.
const togetherLimit = 1 << 22

func (e *engine) newSearch(t *table, x mat.Matrix, cfg Config, src rand.Source) (*search, error) {
	s := &search{engine: e, table: t, x: x, cfg: cfg, src: src}
	switch {
	case cfg.Start != nil:
		if err := cfg.Start.check(t.columns); err != nil {
			return nil, err
		}
		if cfg.Components != 0 && cfg.Components != len(cfg.Start.Means) {
			return nil, fmt.Errorf("gmm: components = %d, but the start has %d means", cfg.Components, len(cfg.Start.Means))
		}
		s.components = []int{len(cfg.Start.Means)}
	case cfg.Components > 0:
		s.components = []int{cfg.Components}
	default:
		for k := cfg.MinComponents; k <= max(cfg.MinComponents, min(cfg.MaxComponents, t.rows)); k++ {
			s.components = append(s.components, k)
		}
	}
	// With patience, what is tried depends on what was found.
	s.together = e.loops && cfg.Patience == 0 && (e.gpu || t.rows*s.most()*len(s.components)*cfg.Starts <= togetherLimit)
	return s, t.enough(s.components[0])
}

// most is the largest number of components tried.
func (s *search) most() int { return s.components[len(s.components)-1] }

// widest is the number of components of all fits of the widest program.
func (s *search) widest() int {
	if s.together {
		return s.most() * len(s.components) * s.cfg.Starts
	}
	return s.most()
}

// run fits every number of components that is to be tried, and returns the mixture
// with the least BIC.
func (s *search) run(ctx context.Context) (*Model, error) {
	groups := [][]int{s.components}
	if !s.together {
		groups = slices.Collect(slices.Chunk(s.components, 1))
	}
	for _, group := range groups {
		if s.cfg.Patience > 0 && len(s.tried) > 0 && group[0]-s.best.asked > s.cfg.Patience {
			break
		}
		outcomes, err := s.fit(ctx, group)
		if err != nil {
			return nil, err
		}
		each := len(outcomes) / len(group)
		for i, k := range group {
			if err := s.add(k, outcomes[i*each:(i+1)*each]); err != nil {
				return nil, err
			}
		}
	}
	if len(s.components) > 1 || s.cfg.Components == 0 && s.cfg.Start == nil {
		s.best.model.Tried = s.tried
	}
	return s.best.model, nil
}

// fit runs all starts of the given numbers of components.
func (s *search) fit(ctx context.Context, group []int) (outcomes []*outcome, err error) {
	var starts []moments
	for _, k := range group {
		starts = append(starts, s.starts(k)...)
	}
	if s.together {
		return s.engine.fit(ctx, s.table, s.cfg, starts, s.most())
	}
	for _, start := range starts {
		o, err := s.engine.fit(ctx, s.table, s.cfg, []moments{start}, s.padded(group[0]))
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, o...)
	}
	return outcomes, nil
}

// starts are the moments that EM begins with for a number of components: those of
// the given start, or of cfg.Starts draws of k-means++.
func (s *search) starts(components int) (all []moments) {
	if s.cfg.Start != nil {
		return []moments{s.engine.given(s.cfg.Start, s.table)}
	}
	points := s.table.sample(s.x, max(startRows, startRowsEach*components), s.src)
	for range s.cfg.Starts {
		all = append(all, s.engine.kmeans(points, components, s.table.rows, s.src))
	}
	return all
}

// padded is the number of components of the program that fits so many. Only where
// there is a loop does a program take long to compile.
func (s *search) padded(components int) int {
	if len(s.components) == 1 || !s.engine.loops {
		return components
	}
	return paddedComponents(components, s.cfg.MaxComponents, s.table.rows)
}

// add makes a model of the likeliest outcome for a number of components. It becomes the
// best one if its BIC is less than all before.
func (s *search) add(components int, outcomes []*outcome) error {
	likeliest := outcomes[0]
	for _, o := range outcomes[1:] {
		if exceeds(o.likelihood, likeliest.likelihood) {
			likeliest = o
		}
	}
	m, err := s.engine.finish(s.table, s.cfg, likeliest, components)
	if err != nil {
		return err
	}
	s.tried = append(s.tried, BIC{Components: components, Value: m.bic()})
	if s.best.model == nil || exceeds(s.best.model.bic(), m.bic()) {
		s.best.model, s.best.asked = m, components
	}
	return nil
}

// exceeds reports whether a is greater than b by more than rounding can make it.
// Several starts often end at the same mixture, and a mixture that lost an empty
// component is one of those with a component less: then the last bits of the
// likelihoods, which differ between processors, would choose. After a few hundred
// iterations such likelihoods differ by some 1e-13 relatively; mixtures that are not
// the same differ by more than 1e-9 of it in all but freak cases.
func exceeds(a, b float64) bool {
	return a-b > 1e-9*max(1, math.Abs(b)) || math.IsNaN(b) && !math.IsNaN(a)
}

// enough returns an error where there are fewer rows than components.
func (t *table) enough(components int) error {
	if t.rows < components {
		return fmt.Errorf("gmm: %d rows for %d components: want at least as many rows; ask for fewer components", t.rows, components)
	}
	return nil
}

// paddedComponents is the number of components of the program in which a search over
// numbers up to most fits k. A program takes a third of a second to compile, as much as a hundred
// iterations over a hundred thousand rows: so few rows use one program, for most
// components, and many rows a few programs.
func paddedComponents(k, most, rows int) int {
	const few = 5_000_000 // rows times components
	if rows*most <= few {
		return most
	}
	padded := 4
	for padded < k {
		if padded >= 8 && padded*3/2 >= k {
			return padded * 3 / 2
		}
		padded *= 2
	}
	return padded
}

// finish makes a model in the rows' own coordinates of an outcome. Components without
// rows are left out.
func (e *engine) finish(t *table, cfg Config, o *outcome, asked int) (*Model, error) {
	if math.IsNaN(o.likelihood) || math.IsInf(o.likelihood, 0) {
		return nil, fmt.Errorf("gmm: log-likelihood became %v: raise reg_covar (%v) or leave out extreme rows", o.likelihood, cfg.RegCovar)
	}
	d := e.columns
	m := &Model{
		Kind: cfg.Covariance, Rows: t.rows, LowerBounds: o.trace, Iterations: len(o.trace),
		Converged: o.converged, MeanLogLikelihood: o.likelihood,
	}
	m.Warnings = append(m.Warnings, t.warnings...)
	if o.components < asked {
		m.warn("%d components were asked for, but there are only %d different rows to start from", asked, o.components)
	}
	if !o.converged {
		m.warn("not converged after %d iterations (last change above tolerance %v): raise max_iterations", len(o.trace), cfg.Tolerance)
	}
	entries := len(e.matrixPairs())
	for k := range o.components {
		rows := o.weights[k] * float64(t.rows)
		if rows < emptyRows && o.components > 1 {
			m.warn("component %d of %d was left without rows and is taken out: ask for fewer components", k, o.components)
			continue
		}
		mean := make([]float64, d)
		for j := range mean {
			mean[j] = o.means[k*d+j] + t.center[j]
		}
		c := mat.NewSymDense(d, nil)
		for at, pair := range e.matrixPairs() {
			c.SetSym(pair[0], pair[1], o.covariances[k*entries+at])
		}
		m.Weights = append(m.Weights, o.weights[k])
		m.Means = append(m.Means, mean)
		m.Covariances = append(m.Covariances, c)
	}
	if cfg.Start == nil { // those of a given start keep its order
		m.sort(t.spread)
	}
	m.doubts(t)
	return m, m.prepare()
}

// emptyRows is the number of rows below which a component counts as empty.
const emptyRows = 1e-3

// doubts adds a warning for every component that holds hardly any rows, or whose
// rows have collapsed to a point or a line.
func (m *Model) doubts(t *table) {
	for k, w := range m.Weights {
		rows := w * float64(t.rows)
		if rows < float64(t.columns+1) {
			m.warn("component %d holds %.3g rows, fewer than its %d dimensions need: ask for fewer components", k, rows, t.columns)
		}
		for j, reg := range t.regular {
			if v := m.Covariances[k].At(j, j); v < 4*reg && t.spread[j] > 0 {
				m.warn("component %d has collapsed in column %d (variance %.3g, of which reg_covar is %.3g): it holds %.0f equal values; raise reg_covar or ask for fewer components", k, j, v, reg, math.Round(rows))
			}
		}
	}
}
