package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// FitAll fits one mixture to each of the matrices, all with the same columns and the
// same configuration, in one program: all starts and all numbers of components that
// are tried make their passes together, padded to the same rows and components. It
// gives what Fit gives for one after the other with the same source, but for
// rounding, and pays where each has few rows; where it does not, with cfg.Patience,
// and on backends without loops, it is one after the other. The error names the index
// of the matrix.
func FitAll(ctx context.Context, b compute.Backend, xs []mat.Matrix, cfg Config, src rand.Source) ([]*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if len(xs) == 0 {
		return nil, nil
	}
	_, d := xs[0].Dims()
	e, err := engineFor(b, cfg.Covariance, d)
	if err != nil {
		return nil, err
	}
	if cfg.Patience > 0 {
		return e.oneByOne(ctx, xs, cfg, src)
	}
	var plans []*plan
	for i, x := range xs {
		p, err := e.draft(x, cfg, src)
		if err != nil {
			return nil, fmt.Errorf("matrix %d: %w", i, err)
		}
		plans = append(plans, p)
	}
	if err := e.run(ctx, plans); err != nil {
		return nil, err
	}
	models := make([]*Model, len(xs))
	for i, p := range plans {
		if models[i], err = p.end(); err != nil {
			return nil, fmt.Errorf("matrix %d: %w", i, err)
		}
	}
	return models, nil
}

func (e *engine) oneByOne(ctx context.Context, xs []mat.Matrix, cfg Config, src rand.Source) (models []*Model, err error) {
	for i, x := range xs {
		m, err := e.model(ctx, x, cfg, src)
		if err != nil {
			return nil, fmt.Errorf("matrix %d: %w", i, err)
		}
		models = append(models, m)
	}
	return models, nil
}

// job is one fit of a plan.
type job struct {
	components int // asked for
	start      moments
	outcome    *outcome
}

// draft plans a fit and draws all its starts.
func (e *engine) draft(x mat.Matrix, cfg Config, src rand.Source) (*plan, error) {
	if _, d := x.Dims(); d != e.columns {
		return nil, fmt.Errorf("gmm: %d columns: want %d as the first matrix has", d, e.columns)
	}
	t, err := e.inspect(x, cfg)
	if err != nil {
		return nil, err
	}
	p, err := e.plan(t, x, cfg, src)
	if err != nil {
		return nil, err
	}
	for _, k := range p.components {
		for _, start := range p.starts(k) {
			p.jobs = append(p.jobs, &job{components: k, start: start})
		}
	}
	return p, nil
}

// end chooses among the outcomes of a plan's jobs.
func (p *plan) end() (*Model, error) {
	for _, k := range p.components {
		var outcomes []*outcome
		for _, j := range p.jobs {
			if j.components == k {
				outcomes = append(outcomes, j.outcome)
			}
		}
		if err := p.add(k, outcomes); err != nil {
			return nil, err
		}
	}
	return p.model(), nil
}

// stackLimit is how many rows times components, padding included, a CPU passes over
// in one program: more do not gain from it what they lose by padding.
const stackLimit = 1 << 22

// run fits all jobs of the plans, in one program where that is faster.
func (e *engine) run(ctx context.Context, plans []*plan) error {
	s := e.stackOf(plans)
	if e.whole && (e.gpu || s.work() <= stackLimit) && s.fits > 1 {
		return s.fit(ctx)
	}
	for _, p := range plans {
		if err := e.place(p.table, p.x); err != nil {
			return err
		}
		for _, j := range p.jobs {
			var err error
			if j.outcome, err = e.fit(ctx, p.table, p.cfg, j.start, p.padded(j.components)); err != nil {
				p.table.finalize()
				return err
			}
		}
		p.table.finalize()
	}
	return nil
}

// stack is plans fitted in one program.
type stack struct {
	stackLoop
	engine     *engine
	plans      []*plan
	components int    // K
	longest    int    // rows
	jobs       []*job // [J]; plans with fewer jobs repeat their first
}

func (e *engine) stackOf(plans []*plan) *stack {
	s := &stack{engine: e, plans: plans}
	most := 0
	for _, p := range plans {
		most = max(most, len(p.jobs))
		s.longest = max(s.longest, p.table.rows)
		for _, j := range p.jobs {
			s.components = max(s.components, len(j.start.sums)/e.features())
		}
	}
	for _, p := range plans {
		for i := range most {
			s.jobs = append(s.jobs, p.jobs[min(i, len(p.jobs)-1)])
		}
	}
	s.stackLoop = stackLoop{program: e.program, tables: len(plans)}
	s.stackLoop.fits = len(s.jobs)
	return s
}

// work is the rows times components of a pass.
func (s *stack) work() int { return s.longest * s.components * s.fits }

// size is the rows of a block: as many as for one fit, shared by the fits.
func (s *stack) size() int {
	size := s.engine.blockSize(s.longest)
	for !s.engine.gpu && size > 64 && size*s.components*s.fits > 4*blockRows*25 {
		size /= 2
	}
	for size > 64 && size/2 >= s.longest {
		size /= 2
	}
	return size
}

// fit runs all jobs of the stack.
func (s *stack) fit(ctx context.Context) error {
	program, err := graph.NewExec(s.engine.backend, s.stackLoop.loop)
	if err != nil {
		return fmt.Errorf("gmm: %w", err)
	}
	defer program.Finalize()
	blocks, err := s.blocks()
	if err != nil {
		return err
	}
	defer func() { _ = blocks.FinalizeAll() }() // nothing can be done about memory that cannot be freed
	fixed, state := s.inputs()
	for _, j := range s.jobs {
		j.outcome = &outcome{components: len(j.start.sums) / s.features(), likelihood: math.Inf(-1)}
	}
	var trace [][]float64
	for passes := int32(4); ; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("gmm: stopped after %d iterations: %w", len(trace), err)
		}
		began := time.Now()
		out, err := program.Call(append(append(append([]any{blocks}, fixed...), passes), state...)...)
		if err != nil {
			return fmt.Errorf("gmm: %w", err)
		}
		used := int(tensors.ToScalar[int32](out[5]))
		all := tensors.MustCopyFlatData[float64](out[6])
		for i := range used {
			trace = append(trace, all[i*s.fits:(i+1)*s.fits])
		}
		left := 0
		for _, phase := range tensors.MustCopyFlatData[int32](out[4]) {
			if phase != done {
				left++
			}
		}
		if left == 0 {
			s.take(out, trace)
			return nil
		}
		state = anys(out[:5])
		perPass := time.Since(began).Seconds() / float64(used)
		passes = int32(min(passesPerCall, max(1, callTime.Seconds()/perPass)))
	}
}

// blocks are the rows of all tables on the device: [C, T, d, B].
func (s *stack) blocks() (*tensors.Tensor, error) {
	size, d := s.size(), s.columns
	count := (s.longest + size - 1) / size
	return s.engine.onDevice(func(flat []float64) {
		for i, p := range s.plans {
			p.table.fill(flat[i*d*size:], p.x, 0, p.table.rows, size, s.tables*d*size)
		}
	}, count, s.tables, d, size)
}

// inputs are those of the loop, without the blocks and the passes: what stays, and
// the state that it begins with.
func (s *stack) inputs() (fixed, state []any) {
	d, f, n := s.columns, s.features(), s.fits
	rows := make([]int32, s.tables)
	for i, p := range s.plans {
		rows[i] = int32(p.table.rows)
	}
	var second, reg, sumsSecond []float64
	active, sums := make([]float64, n*s.components), make([]float64, n*s.components*f)
	tolerance, likelihood := make([]float64, n), make([]float64, n)
	iterations := make([]int32, n)
	for i, j := range s.jobs {
		p := s.plans[i/(n/s.tables)]
		second = append(second, p.table.secondSums...)
		reg = append(reg, p.table.regular...)
		sumsSecond = append(sumsSecond, j.start.second...)
		copy(sums[i*s.components*f:], j.start.sums)
		for k := range len(j.start.sums) / f {
			active[i*s.components+k] = 1
		}
		tolerance[i], iterations[i], likelihood[i] = p.cfg.Tolerance, int32(p.cfg.MaxIterations), math.Inf(-1)
	}
	real := func(flat []float64, dims ...int) any { return tensors.FromFlatDataAndDimensions(flat, dims...) }
	fixed = []any{rows, int32(s.longest), real(second, n, d, d), real(reg, n, d), real(active, n*s.components), tolerance, iterations}
	state = []any{real(sums, n*s.components, f), real(sumsSecond, n, d, d), likelihood, make([]int32, n), make([]int32, n)}
	return fixed, state
}

// take reads the outcomes from the loop's outputs.
func (s *stack) take(out []*tensors.Tensor, trace [][]float64) {
	likelihood, iterations := tensors.MustCopyFlatData[float64](out[2]), tensors.MustCopyFlatData[int32](out[3])
	weights, means, covariances := tensors.MustCopyFlatData[float64](out[7]), tensors.MustCopyFlatData[float64](out[8]), tensors.MustCopyFlatData[float64](out[9])
	for i := len(s.jobs) - 1; i >= 0; i-- { // a repeated job ends with its own place
		o := s.jobs[i].outcome
		part := func(all []float64) []float64 {
			each := len(all) / s.fits
			return all[i*each : (i+1)*each]
		}
		o.weights, o.means, o.covariances = part(weights), part(means), part(covariances)
		o.likelihood, o.iterations = likelihood[i], int(iterations[i])
		o.trace = nil
		for _, pass := range trace[:o.iterations] {
			o.trace = append(o.trace, pass[i])
		}
		o.converged = settled(o.trace, s.plans[i/(s.fits/s.tables)].cfg.Tolerance)
	}
}
