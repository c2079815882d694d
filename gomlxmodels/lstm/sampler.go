package lstm

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Sampler advances many sequences, its lanes, in lockstep: one call draws the
// next step of each in one compiled program, with the recurrent state kept on
// the device. A lane whose sequence has ended is given to the next one by
// setting its Keep to 0.
type Sampler struct {
	Lanes int

	// What the next Step reads, lane after lane; the caller fills it in.
	Keep       []float32 // [lanes], 0: the lane begins a new sequence
	Continuous []float32 // [lanes, continuous]
	Latent     []float32 // [lanes, latent]
	Prior      []float32 // [lanes, classes of head 0], or [lanes] without a prior
	Mask       []float32 // [lanes, classes of the masked head], added to its logits; [lanes] without one

	// Codes is what the last Step drew, [lanes, heads]; the next one reads it.
	Codes []int32

	net    *network
	exec   *graph.Exec
	params []any
	h, c   *tensors.Tensor
	rng    *tensors.Tensor
}

// NewSampler compiles the step for a number of lanes. The draws are those of the
// seed on this backend.
func (s *Sampled) NewSampler(lanes int, seed int64) (*Sampler, error) {
	if lanes < 1 {
		return nil, fmt.Errorf("lstm: %d lanes: want at least 1", lanes)
	}
	n := newNetwork(s.Config)
	if err := n.checkParams(s.Params); err != nil {
		return nil, err
	}
	rng, err := graph.RNGStateFromSeed(seed)
	if err != nil {
		return nil, fmt.Errorf("lstm: random state: %w", err)
	}
	exec, err := graph.NewExec(s.backend, func(in []*graph.Node) []*graph.Node {
		p := len(n.names)
		keep := graph.InsertAxes(in[p+1], -1)
		return n.draw(in[:p], in[p], keep, in[p+2], in[p+3], in[p+4], in[p+5], in[p+6], in[p+7], in[p+8])
	})
	if err != nil {
		return nil, fmt.Errorf("lstm: compile the sampling step: %w", err)
	}
	sampler := &Sampler{
		Lanes: lanes, Keep: make([]float32, lanes), Continuous: make([]float32, lanes*s.Config.Continuous),
		Latent: make([]float32, lanes*s.Config.Latent), Prior: make([]float32, lanes*priorWidth(s.Config)),
		Mask:  make([]float32, lanes*maskWidth(s.Config)),
		Codes: make([]int32, lanes*len(s.Config.Heads)),
		net:   n, exec: exec, rng: rng,
		h: tensors.FromShape(shapes.Make(dtypes.Float32, lanes, s.Config.Units)),
		c: tensors.FromShape(shapes.Make(dtypes.Float32, lanes, s.Config.Units)),
	}
	for _, value := range s.Params.Values {
		sampler.params = append(sampler.params, value)
	}
	return sampler, nil
}

// Shrink goes on with fewer lanes: those of keep, in that order, at the front, and
// idle ones behind. Waiting for the last few long sequences then costs what they
// cost, not what all lanes did. The old sampler is closed.
func (s *Sampled) Shrink(old *Sampler, keep []int, lanes int) (*Sampler, error) {
	if len(keep) > lanes {
		return nil, fmt.Errorf("lstm: %d lanes to keep in %d", len(keep), lanes)
	}
	next, err := s.NewSampler(lanes, 0)
	if err != nil {
		return nil, err
	}
	next.rng, old.rng = old.rng, next.rng
	heads := len(s.Config.Heads)
	for to, from := range keep {
		copy(next.Codes[to*heads:(to+1)*heads], old.Codes[from*heads:(from+1)*heads])
	}
	units := s.Config.Units
	for _, state := range []struct{ to, from *tensors.Tensor }{{next.h, old.h}, {next.c, old.c}} {
		var read, write error
		read = tensors.ConstFlatData(state.from, func(from []float32) {
			write = tensors.MutableFlatData(state.to, func(to []float32) {
				for i, lane := range keep {
					copy(to[i*units:(i+1)*units], from[lane*units:(lane+1)*units])
				}
			})
		})
		if err := errors.Join(read, write); err != nil {
			return nil, fmt.Errorf("lstm: move the recurrent state: %w", err)
		}
	}
	return next, old.Close()
}

func maskWidth(cfg SampledConfig) int {
	if cfg.Masked > 0 {
		return cfg.Heads[cfg.Masked].Classes
	}
	return 1
}

// Step draws the next step of every lane into Codes.
func (s *Sampler) Step() error {
	cfg := s.net.cfg
	args := append(s.params[:len(s.params):len(s.params)],
		tensors.FromFlatDataAndDimensions(s.Codes, s.Lanes, len(cfg.Heads)),
		tensors.FromFlatDataAndDimensions(s.Keep, s.Lanes),
		tensors.FromFlatDataAndDimensions(s.Continuous, s.Lanes, cfg.Continuous),
		tensors.FromFlatDataAndDimensions(s.Latent, s.Lanes, cfg.Latent),
		tensors.FromFlatDataAndDimensions(s.Prior, s.Lanes, priorWidth(cfg)),
		tensors.FromFlatDataAndDimensions(s.Mask, s.Lanes, maskWidth(cfg)),
		s.h, s.c, s.rng)
	out, err := s.exec.Call(args...)
	if err != nil {
		return fmt.Errorf("lstm: sampling step: %w", err)
	}
	err = tensors.ConstFlatData(out[0], func(flat []int32) { copy(s.Codes, flat) })
	if err != nil {
		return fmt.Errorf("lstm: read the drawn classes: %w", err)
	}
	used := append(args[len(s.params):], any(out[0]))
	s.h, s.c, s.rng = out[1], out[2], out[3]
	for _, tensor := range used {
		if err := tensor.(*tensors.Tensor).FinalizeAll(); err != nil {
			return fmt.Errorf("lstm: release: %w", err)
		}
	}
	return nil
}

// Close frees the device memory of the sampler's state and program.
func (s *Sampler) Close() error {
	s.exec.Finalize()
	for _, tensor := range []*tensors.Tensor{s.h, s.c, s.rng} {
		if err := tensor.FinalizeAll(); err != nil {
			return fmt.Errorf("lstm: release: %w", err)
		}
	}
	return nil
}
