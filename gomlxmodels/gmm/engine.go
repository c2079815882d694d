package gmm

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// callTime is how long one call may take: the answer to an interrupt waits for one
// call.
const callTime = 100 * time.Millisecond

// engine runs EM with one program, which is compiled once for each shape of its
// inputs.
type engine struct {
	program
	backend compute.Backend
	gpu     bool        // whether the device is a GPU
	exec    *graph.Exec // of iterate where the device loops, else of pass
}

func newEngine(b compute.Backend, covariance Covariance, columns int) (*engine, error) {
	if columns > maxColumns && covariance != Diagonal {
		return nil, fmt.Errorf("gmm: %d columns with %s covariance: want at most %d, or diagonal covariance", columns, covariance, maxColumns)
	}
	c := b.Capabilities()
	loops := c.Functions && c.Operations[compute.OpTypeDynamicSlice]
	e := &engine{program: program{covariance: covariance, columns: columns, loops: loops}, backend: b, gpu: isGPU(b)}
	build := e.program.pass
	if e.loops {
		e.backend, build = fit.NestLoops(b), e.program.iterate
	}
	var err error
	if e.exec, err = graph.NewExec(e.backend, build); err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	e.exec.SetMaxCache(-1)
	return e, nil
}

// isGPU reports whether a backend's device is a GPU. (The backend's own description
// begins with the plugin's path where it was opened by path.)
func isGPU(b compute.Backend) bool {
	device := strings.ToLower(b.DeviceDescription(0))
	return strings.Contains(device, "cuda") || strings.Contains(device, "rocm") || strings.Contains(device, "gpu")
}

// moments are what an M-step begins from.
type moments struct {
	sums   []float64 // [components, F] memberships times monomials
	second []float64 // [d, d] sums of x_i x_j over all rows
}

// outcome is a fit under way, and what it has found when it is done. Reals are in
// the table's centred coordinates.
type outcome struct {
	components  int       // the first of K; the rest pads the shape
	likelihood  float64   // mean per row under the final parameters
	trace       []float64 // mean log-likelihood before each M-step
	converged   bool
	done        bool
	weights     []float64 // [K]
	means       []float64 // [K, d]
	covariances []float64 // [K, entries]
}

// em is EM under way from several starts on one table.
type em struct {
	*engine
	table    *table
	cfg      Config
	outcomes []*outcome
	made     int // passes

	active           *tensors.Tensor // [J*K] as in program
	sums, sumsSecond *tensors.Tensor // of the last pass
	second           *tensors.Tensor // sumsSecond after the first pass
	perPass          time.Duration   // measured
}

// fit runs EM from each of the starts until its likelihood settles, all in one
// program, whose fits are padded to the given number of components. A fit that is done
// goes on beside the others, unheeded.
func (e *engine) fit(ctx context.Context, t *table, cfg Config, starts []moments, components int) ([]*outcome, error) {
	m := e.begin(t, cfg, starts, components)
	for left := len(starts); left > 0; {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("gmm: stopped after %d iterations: %w", m.made, err)
		}
		began, before := time.Now(), m.made
		call := m.blockByBlock
		if e.loops {
			call = m.loop
		}
		likelihoods, mixtures, err := call(ctx)
		if err != nil {
			return nil, fmt.Errorf("gmm: stopped after %d iterations: %w", m.made, err)
		}
		m.made += len(likelihoods) / len(starts)
		m.perPass = time.Since(began) / time.Duration(m.made-before)
		left = m.note(likelihoods, mixtures)
	}
	return m.outcomes, nil
}

func (e *engine) begin(t *table, cfg Config, starts []moments, components int) *em {
	m := &em{engine: e, table: t, cfg: cfg}
	d, width, fits := e.columns, e.features(), len(starts)
	sums, active := make([]float64, fits*components*width), make([]float64, fits*components)
	var startSecond, second []float64
	for i, s := range starts {
		o := &outcome{components: len(s.sums) / width, likelihood: math.Inf(-1)}
		m.outcomes = append(m.outcomes, o)
		copy(sums[i*components*width:], s.sums)
		for k := range o.components {
			active[i*components+k] = 1
		}
		startSecond, second = append(startSecond, s.second...), append(second, t.secondSums...)
	}
	of := tensors.FromFlatDataAndDimensions[float64]
	m.active, m.sums = of(active, len(active)), of(sums, len(active), width)
	m.sumsSecond, m.second = of(startSecond, fits, d, d), of(second, fits, d, d)
	return m
}

// loop makes several passes in one call: until a fit settles, or for as long as a
// call may take, or to the largest number of iterations. It returns the likelihoods of
// all passes and fits, and the mixtures of the last pass.
func (m *em) loop(context.Context) (likelihoods []float64, mixtures []*tensors.Tensor, err error) {
	watched, before := make([]float64, len(m.outcomes)), make([]float64, len(m.outcomes))
	passes := passesPerCall
	if m.perPass == 0 {
		passes = 4
	} else {
		passes = int(max(1, min(passesPerCall, callTime/max(m.perPass, 1))))
	}
	for i, o := range m.outcomes {
		before[i] = o.likelihood
		switch {
		case o.done:
		case o.last(m.cfg):
			passes = 1
		default:
			watched[i] = 1
			passes = min(passes, m.cfg.MaxIterations-len(o.trace))
		}
	}
	t := m.table
	out, err := m.exec.Call(t.blocks[0], t.first[0], t.count, t.second, t.reg, m.active, m.sums, m.sumsSecond,
		before, m.cfg.Tolerance, watched, int32(passes))
	if err != nil {
		return nil, nil, err
	}
	m.sums, m.sumsSecond = out[0], m.second
	made := int(tensors.ToScalar[int32](out[5]))
	return tensors.MustCopyFlatData[float64](out[1])[:made*len(m.outcomes)], out[2:5], nil
}

// blockByBlock is loop for one pass, with a call for each block.
func (m *em) blockByBlock(ctx context.Context) (likelihoods []float64, mixtures []*tensors.Tensor, err error) {
	t, fits := m.table, len(m.outcomes)
	sums := tensors.FromShape(m.sums.Shape())
	likelihood := tensors.FromFlatDataAndDimensions(make([]float64, fits), fits)
	for i, block := range t.blocks {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		out, err := m.exec.Call(block, t.first[i], t.count, t.second, t.reg, m.active, m.sums, m.sumsSecond, sums, likelihood)
		if err != nil {
			return nil, nil, err
		}
		sums, likelihood, mixtures = out[0], out[1], out[2:]
	}
	m.sums, m.sumsSecond = sums, m.second
	likelihoods = tensors.MustCopyFlatData[float64](likelihood)
	for i := range likelihoods {
		likelihoods[i] /= float64(t.rows)
	}
	return likelihoods, mixtures, nil
}

// note takes the likelihoods [passes, J] of a call and the mixtures of its last pass,
// and returns the number of fits that are not done.
func (m *em) note(likelihoods []float64, mixtures []*tensors.Tensor) (left int) {
	fits := len(m.outcomes)
	for i, o := range m.outcomes {
		if o.done {
			continue
		}
		for at := i; at < len(likelihoods); at += fits {
			o.after(likelihoods[at], m.cfg)
		}
		if o.done {
			o.take(mixtures, i, fits)
		} else {
			left++
		}
	}
	return left
}

// last reports whether the next pass is the fit's last one, which only finds the
// likelihood of what was fitted. As with scikit-learn, it comes when the fit has
// changed by less than the tolerance.
func (o *outcome) last(cfg Config) bool { return o.converged || len(o.trace) == cfg.MaxIterations }

// after notes the mean log-likelihood of a pass.
func (o *outcome) after(likelihood float64, cfg Config) {
	o.likelihood = likelihood
	if o.last(cfg) {
		o.done = true
		return
	}
	o.trace = append(o.trace, likelihood)
	n := len(o.trace)
	o.converged = n > 1 && math.Abs(o.trace[n-1]-o.trace[n-2]) < cfg.Tolerance
}

// take copies the mixture of one of the fits: weights, means, covariances of all.
func (o *outcome) take(mixtures []*tensors.Tensor, at, fits int) {
	part := func(t *tensors.Tensor) []float64 {
		all := tensors.MustCopyFlatData[float64](t)
		each := len(all) / fits
		return all[at*each : (at+1)*each]
	}
	o.weights, o.means, o.covariances = part(mixtures[0]), part(mixtures[1]), part(mixtures[2])
}
