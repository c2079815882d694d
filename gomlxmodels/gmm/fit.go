package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"gonum.org/v1/gonum/mat"
)

// Fit fits a mixture to the rows of x [rows, columns] on the backend. The source
// seeds the starts; the same source, backend and rows give the same mixture.
// Doubts that do not stop a fit are in the model's Warnings.
func Fit(ctx context.Context, b compute.Backend, x mat.Matrix, cfg Config, src rand.Source) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	_, d := x.Dims()
	e, err := engineFor(b, cfg.Covariance, d)
	if err != nil {
		return nil, err
	}
	return e.model(ctx, x, cfg, src)
}

// engineFor is newEngine, unless the matrices would be too large for it.
func engineFor(b compute.Backend, covariance Covariance, columns int) (*engine, error) {
	if columns > MaxColumns && covariance != Diagonal {
		return nil, fmt.Errorf("gmm: %d columns with %s covariance: want at most %d, or diagonal covariance", columns, covariance, MaxColumns)
	}
	return newEngine(b, covariance, columns)
}

// model fits one mixture with the engine's programs.
func (e *engine) model(ctx context.Context, x mat.Matrix, cfg Config, src rand.Source) (*Model, error) {
	t, err := e.table(x, cfg)
	if err != nil {
		return nil, err
	}
	defer t.finalize()
	p, err := e.plan(t, x, cfg, src)
	if err != nil {
		return nil, err
	}
	for _, k := range p.components {
		if cfg.Patience > 0 && len(p.tried) > 0 && k-p.best.asked > cfg.Patience {
			break
		}
		var outcomes []*outcome
		for _, start := range p.starts(k) {
			o, err := e.fit(ctx, t, cfg, start, p.padded(k))
			if err != nil {
				return nil, err
			}
			outcomes = append(outcomes, o)
		}
		if err := p.add(k, outcomes); err != nil {
			return nil, err
		}
	}
	return p.model(), nil
}

// plan is what to fit for one mixture: starts for each number of components, and the
// best of what was fitted.
type plan struct {
	engine     *engine
	table      *table
	x          mat.Matrix
	cfg        Config
	src        rand.Source
	components []int  // to try
	jobs       []*job // of a stack
	tried      []BIC
	best       struct {
		model *Model
		asked int // its number of components
	}
}

func (e *engine) plan(t *table, x mat.Matrix, cfg Config, src rand.Source) (*plan, error) {
	p := &plan{engine: e, table: t, x: x, cfg: cfg, src: src}
	switch {
	case cfg.Start != nil:
		if err := cfg.Start.check(t.columns); err != nil {
			return nil, err
		}
		if cfg.Components != 0 && cfg.Components != len(cfg.Start.Means) {
			return nil, fmt.Errorf("gmm: components = %d, but the start has %d means", cfg.Components, len(cfg.Start.Means))
		}
		p.components = []int{len(cfg.Start.Means)}
	case cfg.Components > 0:
		p.components = []int{cfg.Components}
	default:
		for k := cfg.MinComponents; k <= max(cfg.MinComponents, min(cfg.MaxComponents, t.rows)); k++ {
			p.components = append(p.components, k)
		}
	}
	return p, t.enough(p.components[0])
}

// starts are the moments that EM begins with for a number of components: those of
// the given start, or of cfg.Starts draws of k-means++.
func (p *plan) starts(components int) (all []moments) {
	if p.cfg.Start != nil {
		return []moments{p.engine.given(p.cfg.Start, p.table)}
	}
	points := p.table.sample(p.x, max(startRows, startRowsEach*components), p.src)
	for range p.cfg.Starts {
		all = append(all, p.engine.kmeans(points, components, p.table.rows, p.src))
	}
	return all
}

// padded is the number of components of the program that fits so many.
func (p *plan) padded(components int) int {
	if len(p.components) == 1 {
		return components
	}
	return paddedComponents(components, p.cfg.MaxComponents, p.table.rows)
}

// add takes the likeliest of the outcomes for a number of components, and keeps it if
// its BIC is the least yet.
func (p *plan) add(components int, outcomes []*outcome) error {
	likeliest := outcomes[0]
	for _, o := range outcomes[1:] {
		if o.likelihood > likeliest.likelihood {
			likeliest = o
		}
	}
	m, err := p.engine.finish(p.table, p.cfg, likeliest, components)
	if err != nil {
		return err
	}
	p.tried = append(p.tried, BIC{Components: components, Value: m.BIC()})
	if p.best.model == nil || m.BIC() < p.best.model.BIC() {
		p.best.model, p.best.asked = m, components
	}
	return nil
}

// model is the mixture with the least BIC.
func (p *plan) model() *Model {
	if len(p.components) > 1 || p.cfg.Components == 0 && p.cfg.Start == nil {
		p.best.model.Tried = p.tried
	}
	return p.best.model
}

// enough refuses fewer rows than components.
func (t *table) enough(components int) error {
	if t.rows < components {
		return fmt.Errorf("gmm: %d rows for %d components: want at least as many rows; ask for fewer components", t.rows, components)
	}
	return nil
}

// paddedComponents is the number of components of the program that a scan fits k
// with. A program takes a third of a second to compile, as much as a hundred
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

// finish turns an outcome into a model in the rows' own coordinates, leaving out
// components without rows.
func (e *engine) finish(t *table, cfg Config, o *outcome, asked int) (*Model, error) {
	if math.IsNaN(o.likelihood) || math.IsInf(o.likelihood, 0) {
		return nil, fmt.Errorf("gmm: log-likelihood became %v: raise reg_covar (%v) or leave out extreme rows", o.likelihood, cfg.RegCovar)
	}
	d := e.columns
	m := &Model{
		Kind: cfg.Covariance, Rows: t.rows, LowerBounds: o.trace, Iterations: o.iterations,
		Converged: o.converged, MeanLogLikelihood: o.likelihood,
	}
	m.Warnings = append(m.Warnings, t.warnings...)
	if o.components < asked {
		m.warn("%d components were asked for, but there are only %d different rows to start from", asked, o.components)
	}
	if !o.converged {
		m.warn("not converged after %d iterations (last change above tolerance %v): raise max_iterations", o.iterations, cfg.Tolerance)
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
