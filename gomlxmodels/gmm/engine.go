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
)

// callTime is how long one call of the loop may take: the answer to an interrupt
// waits for one call.
const callTime = 100 * time.Millisecond

// engine compiles the programs of one covariance type and number of columns, once
// per shape, and runs fits on them.
type engine struct {
	program
	backend compute.Backend
	whole   bool        // the loop runs on the device; else pass by pass
	gpu     bool        // the device is a GPU
	loop    *graph.Exec // XLA
	expect  *graph.Exec // one block, without a loop
	refit   *graph.Exec // the M-step
}

func newEngine(b compute.Backend, covariance Covariance, columns int) (*engine, error) {
	e := &engine{program: program{covariance: covariance, columns: columns}, backend: b, gpu: isGPU(b)}
	c := b.Capabilities()
	e.whole = c.Functions && c.Operations[compute.OpTypeDynamicSlice]
	var err error
	if e.whole {
		e.loop, err = graph.NewExec(b, e.program.loop)
	} else {
		e.expect, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
			mask := blockMask(in[1], in[2], in[0].Shape().Dimensions[1])
			sums, likelihood := e.expectation(in[0], mask, in[3])
			return []*graph.Node{sums, likelihood}
		})
		if err == nil {
			e.refit, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
				return e.maximization(in[0], in[1], in[2], in[3], in[4]).flat()
			})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	for _, x := range []*graph.Exec{e.loop, e.expect, e.refit} {
		if x != nil {
			x.SetMaxCache(-1) // a program per number of components and of blocks
		}
	}
	return e, nil
}

// isGPU tells whether a backend's device is a GPU. (The backend's own description
// begins with the plugin's path where it was opened by path.)
func isGPU(b compute.Backend) bool {
	device := strings.ToLower(b.DeviceDescription(0))
	return strings.Contains(device, "cuda") || strings.Contains(device, "rocm") || strings.Contains(device, "gpu")
}

// outcome is one finished fit, in the engine's centred coordinates.
type outcome struct {
	components  int       // the first of K; the rest pads the shape
	moments               // of the last pass
	likelihood  float64   // mean per row under the final parameters
	trace       []float64 // mean log-likelihood before each M-step
	iterations  int
	converged   bool
	weights     []float64
	means       []float64 // [K, d]
	covariances []float64 // [K, entries]
}

// moments are what an M-step begins from.
type moments struct {
	sums   []float64 // [components, F] memberships times monomials
	second []float64 // [d, d] sums of x_i x_j over all rows
}

// fit runs EM from the given moments until the likelihood settles, in the program
// for the given number of components, which may be larger.
func (e *engine) fit(ctx context.Context, rows *table, cfg Config, from moments, padded int) (*outcome, error) {
	components := len(from.sums) / e.features()
	padded = max(padded, components)
	from.sums = append(from.sums, make([]float64, padded*e.features()-len(from.sums))...)
	o := &outcome{components: components, moments: from, likelihood: math.Inf(-1)}
	if e.whole {
		return o, e.fitWhole(ctx, rows, cfg, o)
	}
	return o, e.fitByPass(ctx, rows, cfg, o)
}

// start is what both ways begin from: the moments and which components count.
func (e *engine) start(o *outcome) (sums, second, active *tensors.Tensor) {
	padded := len(o.sums) / e.features()
	ones := make([]float64, padded)
	for k := range o.components {
		ones[k] = 1
	}
	d := e.columns
	return tensors.FromFlatDataAndDimensions(o.sums, padded, e.features()),
		tensors.FromFlatDataAndDimensions(o.second, d, d), tensors.FromFlatDataAndDimensions(ones, padded)
}

// fitWhole calls the loop until it is done.
func (e *engine) fitWhole(ctx context.Context, rows *table, cfg Config, o *outcome) error {
	sums, second, active := e.start(o)
	state := []any{sums, second, o.likelihood, int32(0), fitting}
	for passes := int32(4); ; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("gmm: stopped after %d iterations: %w", len(o.trace), err)
		}
		began := time.Now()
		args := []any{rows.blocks, int32(rows.rows), rows.second, rows.reg, active, cfg.Tolerance, int32(cfg.MaxIterations), passes}
		out, err := e.loop.Call(append(args, state...)...)
		if err != nil {
			return fmt.Errorf("gmm: %w", err)
		}
		state, out = anys(out[:5]), out[2:]
		o.likelihood = tensors.ToScalar[float64](out[0])
		o.iterations = int(tensors.ToScalar[int32](out[1]))
		phase := tensors.ToScalar[int32](out[2])
		used := tensors.ToScalar[int32](out[3])
		trace := tensors.MustCopyFlatData[float64](out[4])[:used]
		if phase == done {
			trace = trace[:len(trace)-1] // the scoring pass
		}
		o.trace = append(o.trace, trace...)
		if phase == done {
			o.weights = tensors.MustCopyFlatData[float64](out[5])
			o.means = tensors.MustCopyFlatData[float64](out[6])
			o.covariances = tensors.MustCopyFlatData[float64](out[7])
			o.converged = settled(o.trace, cfg.Tolerance)
			return nil
		}
		perPass := time.Since(began).Seconds() / float64(used)
		passes = int32(min(passesPerCall, max(1, callTime.Seconds()/perPass)))
	}
}

func anys(in []*tensors.Tensor) (out []any) {
	for _, t := range in {
		out = append(out, t)
	}
	return out
}

// settled tells whether the last change of the trace is below the tolerance.
func settled(trace []float64, tolerance float64) bool {
	n := len(trace)
	return n > 1 && math.Abs(trace[n-1]-trace[n-2]) < tolerance
}

// fitByPass is fitWhole for backends without the loop: one call per block and one
// per M-step.
func (e *engine) fitByPass(ctx context.Context, rows *table, cfg Config, o *outcome) error {
	for scored := false; !scored; {
		before, second, active := e.start(o)
		now, err := e.refit.Call(before, second, rows.second, rows.reg, active)
		if err != nil {
			return fmt.Errorf("gmm: %w", err)
		}
		sums, likelihood, err := e.pass(ctx, rows, now)
		if err != nil {
			return err
		}
		o.likelihood = likelihood
		if o.converged || o.iterations == cfg.MaxIterations {
			o.weights = tensors.MustCopyFlatData[float64](now[0])
			o.means = tensors.MustCopyFlatData[float64](now[1])
			o.covariances = tensors.MustCopyFlatData[float64](now[2])
			scored = true
			continue
		}
		o.trace = append(o.trace, likelihood)
		o.sums, o.second = sums, rows.secondSums
		o.iterations++
		o.converged = settled(o.trace, cfg.Tolerance)
	}
	return nil
}

// pass is the E-step over all blocks, and the mean log-likelihood.
func (e *engine) pass(ctx context.Context, rows *table, now []*tensors.Tensor) (sums []float64, likelihood float64, err error) {
	likelihood = tensors.ToScalar[float64](now[4])
	for i, block := range rows.single {
		if err := ctx.Err(); err != nil {
			return nil, 0, fmt.Errorf("gmm: %w", err)
		}
		out, err := e.expect.Call(block, int32(i), int32(rows.rows), now[3])
		if err != nil {
			return nil, 0, fmt.Errorf("gmm: %w", err)
		}
		s := tensors.MustCopyFlatData[float64](out[0])
		if sums == nil {
			sums = make([]float64, len(s))
		}
		for j, v := range s {
			sums[j] += v
		}
		likelihood += tensors.ToScalar[float64](out[1])
	}
	return sums, likelihood / float64(rows.rows), nil
}
