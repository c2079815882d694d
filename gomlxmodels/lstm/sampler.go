package lstm

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Sampler advances many sequences, its slots, in lockstep: one call draws the
// next step of each in one compiled program, with the recurrent state and the
// classes drawn last kept on the device. A slot whose sequence has ended is given
// to the next one by setting its Keep to 0.
type Sampler struct {
	slots int

	// What the next Step reads, slot after slot; the caller fills it in.
	Keep       []float32 // [slots], 0: the slot begins a new sequence
	Continuous []float32 // [slots, continuous]
	Latent     []float32 // [slots, latent]
	Prior      []float32 // [slots, classes of head 0], or [slots] without a prior
	Mask       []float32 // [slots, classes of the masked head], added to its logits; [slots] without one

	// Codes is what the last Step drew, [slots, heads].
	Codes []int32

	program *samplerProgram
	random  *rand.PCG
	uniform []float32         // [slots, heads]
	inputs  []*tensors.Tensor // of keep, continuous, latent, prior, mask, uniform
	codes   *tensors.Tensor
	h, c    *tensors.Tensor
}

// samplerProgram is the compiled step and its weights, which samplers share.
type samplerProgram struct {
	cfg     SampledConfig
	exec    *graph.Exec
	weights []any
}

// NewSampler compiles the step for a number of slots. The draws are those of the
// seed on this backend.
func (s *Sampled) NewSampler(slots int, seed uint64) (*Sampler, error) {
	if slots < 1 {
		return nil, fmt.Errorf("lstm: %d slots: want at least 1", slots)
	}
	n := newNetwork(s.Config)
	if err := n.checkParams(s.Params); err != nil {
		return nil, err
	}
	weights, err := n.fuse(s.Params)
	if err != nil {
		return nil, err
	}
	exec, err := graph.NewExec(s.backend, func(in []*graph.Node) []*graph.Node { return n.draw(in) })
	if err != nil {
		return nil, fmt.Errorf("lstm: compile the sampling step: %w", err)
	}
	p := &samplerProgram{cfg: s.Config, exec: exec}
	for _, w := range weights {
		// Here, not at the first step: forks that step at the same time must find
		// them on the device. GoMLX looks at a tensor without its lock before it
		// moves it, and may find it in neither place.
		if err := w.ToDevice(s.backend, 0); err != nil {
			return nil, fmt.Errorf("lstm: weights of the sampling step: %w", err)
		}
		p.weights = append(p.weights, w)
	}
	return p.sampler(slots, seed), nil
}

// Fork is another sampler of the same program with idle slots and a seed of its
// own. Both may step at the same time; the one that was forked is closed last.
func (s *Sampler) Fork(seed uint64) *Sampler { return s.program.sampler(s.slots, seed) }

func (p *samplerProgram) sampler(slots int, seed uint64) *Sampler {
	cfg := p.cfg
	s := &Sampler{
		slots: slots, Keep: make([]float32, slots), Continuous: make([]float32, slots*cfg.Continuous),
		Latent: make([]float32, slots*cfg.Latent), Prior: make([]float32, slots*priorWidth(cfg)),
		Mask: make([]float32, slots*maskWidth(cfg)), Codes: make([]int32, slots*len(cfg.Heads)),
		program: p, random: rand.NewPCG(seed, 0x64726177), uniform: make([]float32, slots*len(cfg.Heads)),
		codes: tensors.FromShape(shapes.Make(dtypes.Int32, slots, len(cfg.Heads))),
		h:     tensors.FromShape(shapes.Make(dtypes.Float32, slots, cfg.Units)),
		c:     tensors.FromShape(shapes.Make(dtypes.Float32, slots, cfg.Units)),
	}
	for _, flat := range s.flat() {
		s.inputs = append(s.inputs, tensors.FromShape(shapes.Make(dtypes.Float32, slots, len(flat)/slots)))
	}
	return s
}

// flat are the numbers that go to the device with every step.
func (s *Sampler) flat() [6][]float32 {
	return [...][]float32{s.Keep, s.Continuous, s.Latent, s.Prior, s.Mask, s.uniform}
}

func maskWidth(cfg SampledConfig) int {
	if cfg.Masked > 0 {
		return cfg.Heads[cfg.Masked].Classes
	}
	return 1
}

// Step draws the next step of every slot into Codes.
func (s *Sampler) Step() error {
	s.drawUniform()
	args := append(s.program.weights[:len(s.program.weights):len(s.program.weights)], s.codes, s.h, s.c)
	for i, flat := range s.flat() {
		if err := tensors.AssignFlatData(s.inputs[i], flat); err != nil {
			return fmt.Errorf("lstm: what the step reads: %w", err)
		}
		args = append(args, s.inputs[i])
	}
	out, err := s.program.exec.Call(args...)
	if err != nil {
		return fmt.Errorf("lstm: sampling step: %w", err)
	}
	old := []*tensors.Tensor{s.codes, s.h, s.c}
	s.codes, s.h, s.c = out[0], out[1], out[2]
	err = tensors.ConstFlatData(s.codes, func(flat []int32) { copy(s.Codes, flat) })
	if err != nil {
		return fmt.Errorf("lstm: read the drawn classes: %w", err)
	}
	return release(old)
}

// drawUniform fills uniform with numbers in [0, 1) of 24 bits, two from each
// number of the source.
func (s *Sampler) drawUniform() {
	const scale = 1.0 / (1 << 24)
	u := s.uniform
	for ; len(u) > 1; u = u[2:] {
		bits := s.random.Uint64()
		u[0], u[1] = float32(bits>>40)*scale, float32(bits>>8&(1<<24-1))*scale
	}
	if len(u) > 0 {
		u[0] = float32(s.random.Uint64()>>40) * scale
	}
}

// Close frees the device memory of the sampler's state.
func (s *Sampler) Close() error {
	return release(append(s.inputs, s.codes, s.h, s.c))
}

// CloseProgram is Close, and frees the program and its weights, which forks share.
func (s *Sampler) CloseProgram() error {
	s.program.exec.Finalize()
	err := s.Close()
	for _, w := range s.program.weights {
		err = errors.Join(err, release([]*tensors.Tensor{w.(*tensors.Tensor)}))
	}
	return err
}

func release(all []*tensors.Tensor) error {
	for _, tensor := range all {
		if err := tensor.FinalizeAll(); err != nil {
			return fmt.Errorf("lstm: release: %w", err)
		}
	}
	return nil
}
