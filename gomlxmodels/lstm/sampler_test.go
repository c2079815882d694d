package lstm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
)

// drawnConfig has everything that a step can have.
func drawnConfig() SampledConfig {
	cfg := DefaultSampledConfig()
	cfg.Units, cfg.HeadUnits, cfg.Continuous, cfg.Latent = 12, 8, 3, 2
	cfg.Heads = []Head{{"label", 5}, {"class", 4}, {"one", 1}, {"gap", 40}, {"share", 3}}
	cfg.Prior, cfg.Masked, cfg.Rare = true, 1, []float64{3: 0.1}
	return cfg
}

// record is what a sampler was told and what it drew, step by step.
type record struct {
	keep, continuous, latent, prior, mask, uniform [][]float32
	codes                                          [][]int32
}

// drive lets a sampler draw a number of steps with random inputs, and slots that
// begin anew now and then.
func drive(t *testing.T, s *Sampler, steps int, random *rand.Rand) (r record) {
	t.Helper()
	fill := func(x []float32) {
		for i := range x {
			x[i] = float32(random.NormFloat64())
		}
	}
	for step := range steps {
		fill(s.Continuous)
		fill(s.Prior)
		for i := range s.Keep {
			s.Keep[i] = 1
			if step == 0 || random.IntN(4) == 0 {
				s.Keep[i] = 0
			}
		}
		for i := range s.Mask {
			s.Mask[i] = 0
			if i%4 != 2 && random.IntN(3) == 0 {
				s.Mask[i] = -1e9
			}
		}
		if step == 0 {
			fill(s.Latent)
		}
		if err := s.Step(); err != nil {
			t.Fatal(err)
		}
		for _, part := range []struct {
			to   *[][]float32
			from []float32
		}{{&r.keep, s.Keep}, {&r.continuous, s.Continuous}, {&r.latent, s.Latent}, {&r.prior, s.Prior}, {&r.mask, s.Mask}, {&r.uniform, s.uniform}} {
			*part.to = append(*part.to, slices.Clone(part.from))
		}
		r.codes = append(r.codes, slices.Clone(s.Codes))
	}
	return r
}

// taught are the logits of each head, [steps, slots, classes], by the graph that
// is trained, given what was drawn.
func taught(t *testing.T, s *Sampled, r record, slots int) [][]float32 {
	t.Helper()
	n := newNetwork(s.Config)
	args := []any{}
	for _, value := range s.Params.Values {
		args = append(args, value)
	}
	flat := func(x [][]float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(slices.Concat(x...), len(x), slots, len(x[0])/slots)
	}
	args = append(args, tensors.FromFlatDataAndDimensions(slices.Concat(r.codes...), len(r.codes), slots, len(s.Config.Heads)),
		flat(r.keep), flat(r.continuous), flat(r.latent), flat(r.prior))
	out, err := graph.CallOnceN(s.backend, func(in []*graph.Node) []*graph.Node {
		params, rest := in[:len(n.names)], in[len(n.names):]
		x := batch{codes: rest[0], keep: rest[1], continuous: rest[2], latent: rest[3], prior: rest[4]}
		embedded := n.embed(params, x.codes)
		seen := []*graph.Node{unroll(n.projection(params, x), x.keep, n.param(params, "cell/recurrent")), x.latent}
		var logits []*graph.Node
		for k, head := range n.cfg.Heads {
			var prior *graph.Node
			if k == 0 {
				prior = x.prior
			}
			logits = append(logits, n.logits(params, head, seen, prior))
			seen = append(seen, embedded[k])
		}
		return logits
	}, args...)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]float32
	for _, o := range out {
		all = append(all, tensors.MustCopyFlatData[float32](o))
	}
	return all
}

// Every draw is the inverse of the cumulative distribution that the training graph
// gives, with prior and mask and without rare classes, at the uniform number that it
// was drawn with.
func TestSamplerDrawsWhatWasTaught(t *testing.T) {
	devicetest.Each(t, func(t *testing.T, b compute.Backend) {
		const slots, steps = 24, 7
		random := rand.New(rand.NewPCG(4, 4))
		cfg := drawnConfig()
		s := &Sampled{Config: cfg, Params: newNetwork(cfg).initialize(rand.NewPCG(1, 1)), backend: b}
		for _, value := range s.Params.Values {
			tensors.MustMutableFlatData(value, func(x []float32) {
				for i := range x {
					x[i] = 2*x[i] + 0.3*float32(random.NormFloat64())
				}
			})
		}
		sampler, err := s.NewSampler(slots, 5)
		if err != nil {
			t.Fatal(err)
		}
		defer sampler.CloseProgram()
		r := drive(t, sampler, steps, random)
		all := taught(t, s, r, slots)
		drawn, left := make(map[[2]int]int), 0
		for k, head := range cfg.Heads {
			for step := range steps {
				for slot := range slots {
					logits := all[k][(step*slots+slot)*head.Classes:][:head.Classes]
					if k == cfg.Masked {
						for class := range logits {
							logits[class] += r.mask[step][slot*head.Classes+class]
						}
					}
					code := int(r.codes[step][slot*len(cfg.Heads)+k])
					u := float64(r.uniform[step][slot*len(cfg.Heads)+k])
					left += leaveOut(logits, cfg.rare(k))
					if below, upTo := interval(logits, code); u < below-1e-4 || u > upTo+1e-4 || upTo-below < 1e-12 {
						t.Fatalf("head %s, step %d, slot %d: class %d of [%g, %g] was drawn with %g", head.Name, step, slot, code, below, upTo, u)
					}
					drawn[[2]int{k, code}]++
				}
			}
		}
		if left == 0 {
			t.Error("no class was rare")
		}
		if len(drawn) < 30 {
			t.Errorf("%d different classes were drawn, want most of %d", len(drawn), 5+4+1+40+3)
		}
	})
}

// leaveOut makes classes below the proportion rare of the most probable one impossible
// and returns how many.
func leaveOut(logits []float32, rare float64) (n int) {
	top := slices.Max(logits)
	for i, l := range logits {
		if math.Exp(float64(l-top)) < rare {
			logits[i], n = float32(math.Inf(-1)), n+1
		}
	}
	return n
}

// interval is the part of [0, 1) that draws a class.
func interval(logits []float32, class int) (below, upTo float64) {
	var total float64
	top := float64(slices.Max(logits))
	for i, l := range logits {
		p := math.Exp(float64(l) - top)
		if i < class {
			below += p
		}
		if i <= class {
			upTo += p
		}
		total += p
	}
	return below / total, upTo / total
}

// A fork draws as a sampler of its seed does, however the steps of both interleave.
func TestForksAreIndependent(t *testing.T) {
	b := devicetest.Go(t)
	cfg := drawnConfig()
	s := &Sampled{Config: cfg, Params: newNetwork(cfg).initialize(rand.NewPCG(1, 1)), backend: b}
	codes := func(sampler *Sampler, other func()) (all [][]int32) {
		for i := range sampler.Keep {
			sampler.Keep[i] = 1
		}
		for range 5 {
			if err := sampler.Step(); err != nil {
				t.Fatal(err)
			}
			all = append(all, slices.Clone(sampler.Codes))
			other()
		}
		return all
	}
	first, err := s.NewSampler(8, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range first.program.weights {
		if !w.(*tensors.Tensor).IsOnDevice(0) {
			t.Errorf("weight %d is not on the device: forks that step at the same time would move it there together", i)
		}
	}
	defer first.CloseProgram()
	second := first.Fork(2)
	defer second.Close()
	interleaved := codes(second, func() {
		if err := first.Step(); err != nil {
			t.Fatal(err)
		}
	})
	alone, err := s.NewSampler(8, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.CloseProgram()
	want := codes(alone, func() {})
	if !slices.EqualFunc(interleaved, want, slices.Equal[[]int32]) {
		t.Error("a fork draws other classes than a sampler of its seed alone")
	}
	third := first.Fork(3)
	defer third.Close()
	if slices.EqualFunc(codes(third, func() {}), want, slices.Equal[[]int32]) {
		t.Error("another seed drew the same classes")
	}
}

func TestSamplerRefuses(t *testing.T) {
	cfg := drawnConfig()
	s := &Sampled{Config: cfg, Params: newNetwork(cfg).initialize(rand.NewPCG(1, 1)), backend: devicetest.Go(t)}
	if _, err := s.NewSampler(0, 1); err == nil {
		t.Error("no slots: no error")
	}
	s.Config.Units++
	if _, err := s.NewSampler(4, 1); err == nil {
		t.Error("parameters of another network: no error")
	}
}
