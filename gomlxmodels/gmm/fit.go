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
	if d > MaxColumns && cfg.Covariance != Diagonal {
		return nil, fmt.Errorf("gmm: %d columns with %s covariance: want at most %d, or diagonal covariance", d, cfg.Covariance, MaxColumns)
	}
	e, err := newEngine(b, cfg.Covariance, d)
	if err != nil {
		return nil, err
	}
	return e.model(ctx, x, cfg, src)
}

// model fits one mixture with the engine's programs.
func (e *engine) model(ctx context.Context, x mat.Matrix, cfg Config, src rand.Source) (*Model, error) {
	t, err := e.table(x, cfg)
	if err != nil {
		return nil, err
	}
	defer t.finalize()
	if cfg.Start != nil {
		if err := cfg.Start.check(t.columns); err != nil {
			return nil, err
		}
		if cfg.Components != 0 && cfg.Components != len(cfg.Start.Means) {
			return nil, fmt.Errorf("gmm: components = %d, but the start has %d means", cfg.Components, len(cfg.Start.Means))
		}
		if err := t.enough(len(cfg.Start.Means)); err != nil {
			return nil, err
		}
		o, err := e.fit(ctx, t, cfg, e.given(cfg.Start, t), 0)
		if err != nil {
			return nil, err
		}
		return e.finish(t, cfg, o, len(cfg.Start.Means))
	}
	if cfg.Components > 0 {
		return e.starts(ctx, t, x, cfg, cfg.Components, 0, src)
	}
	return e.scan(ctx, t, x, cfg, src)
}

// enough refuses fewer rows than components.
func (t *table) enough(components int) error {
	if t.rows < components {
		return fmt.Errorf("gmm: %d rows for %d components: want at least as many rows; ask for fewer components", t.rows, components)
	}
	return nil
}

// starts fits from each k-means++ start and keeps the likeliest end.
func (e *engine) starts(ctx context.Context, t *table, x mat.Matrix, cfg Config, components, padded int, src rand.Source) (*Model, error) {
	if err := t.enough(components); err != nil {
		return nil, err
	}
	points := t.sample(x, max(startRows, startRowsEach*components), src)
	var best *outcome
	for range cfg.Starts {
		o, err := e.fit(ctx, t, cfg, e.kmeans(points, components, t.rows, src), padded)
		if err != nil {
			return nil, err
		}
		if best == nil || o.likelihood > best.likelihood {
			best = o
		}
	}
	return e.finish(t, cfg, best, components)
}

// scan fits every number of components of the range and keeps the least BIC.
func (e *engine) scan(ctx context.Context, t *table, x mat.Matrix, cfg Config, src rand.Source) (*Model, error) {
	if err := t.enough(cfg.MinComponents); err != nil {
		return nil, err
	}
	var best *Model
	var tried []BIC
	bestAt := cfg.MinComponents
	for k := cfg.MinComponents; k <= min(cfg.MaxComponents, t.rows); k++ {
		if cfg.Patience > 0 && k-bestAt > cfg.Patience {
			break
		}
		m, err := e.starts(ctx, t, x, cfg, k, paddedComponents(k, cfg.MaxComponents, t.rows), src)
		if err != nil {
			return nil, err
		}
		tried = append(tried, BIC{Components: k, Value: m.BIC()})
		if best == nil || m.BIC() < best.BIC() {
			best, bestAt = m, k
		}
	}
	best.Tried = tried
	return best, nil
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
