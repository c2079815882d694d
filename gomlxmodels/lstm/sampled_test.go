package lstm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/fit"
)

// grammar is a language with a memory: a flow is a first symbol a in {0, 1},
// then a run of 2s whose length is 3+2a by the latent, then the same symbol a,
// whose second head says the end. A network that keeps no state cannot write it.
func grammar(cfg SampledConfig, flows int, random *rand.Rand) []Sequence {
	var all []Sequence
	for range flows {
		a := int32(random.IntN(2))
		s := Sequence{Latent: []float32{float32(a)}}
		for t := range 5 + 2*int(a) {
			code := []int32{2, 0}
			if t == 0 {
				code = []int32{a, 0}
			} else if t == 4+2*int(a) {
				code = []int32{a, 1}
			}
			s.Codes = append(s.Codes, code)
			s.Continuous = append(s.Continuous, []float32{})
		}
		all = append(all, s)
	}
	return all
}

func learnsGrammar(t *testing.T, b compute.Backend, steps int) {
	cfg := DefaultSampledConfig()
	cfg.Heads = []Head{{"symbol", 3}, {"end", 2}}
	cfg.Units, cfg.HeadUnits, cfg.Latent, cfg.Steps, cfg.WarmUp, cfg.Noise = 16, 12, 1, steps, 2, 0.02
	cfg.Fit.Epochs, cfg.Fit.Batch, cfg.Fit.LearningRate = 60, 8, 1e-2
	random := rand.New(rand.NewPCG(7, 7))
	model, err := FitSampled(context.Background(), b, cfg, grammar(cfg, 300, random), nil)
	if err != nil {
		t.Fatal(err)
	}
	first := model.Result.Epochs[0].Loss
	last := model.Result.Epochs[len(model.Result.Epochs)-1].Loss
	if !(last < first/4) {
		t.Errorf("loss %g -> %g: did not learn", first, last)
	}
	sampler, err := model.NewSampler(64, 11)
	if err != nil {
		t.Fatal(err)
	}
	defer sampler.CloseProgram()
	for slot := range sampler.Latent {
		sampler.Latent[slot] = float32(slot % 2)
	}
	right := 0
	flows := make([][]int32, 64)
	ended := make([]bool, 64)
	for step := range 8 {
		for slot := range sampler.Keep {
			sampler.Keep[slot] = float32(min(step, 1))
		}
		if err := sampler.Step(); err != nil {
			t.Fatal(err)
		}
		for slot := range flows {
			if !ended[slot] {
				flows[slot] = append(flows[slot], sampler.Codes[2*slot])
				ended[slot] = sampler.Codes[2*slot+1] == 1
			}
		}
	}
	for slot, flow := range flows {
		a := int32(slot % 2)
		if len(flow) == 5+2*slot%4 && flow[0] == a && flow[len(flow)-1] == a {
			right++
		}
	}
	if right < 58 {
		t.Errorf("%d of 64 drawn flows follow the grammar, want at least 58", right)
	}
}

func TestSampledLearnsScanned(t *testing.T)  { learnsGrammar(t, devicetest.XLA(t), 24) }
func TestSampledLearnsUnrolled(t *testing.T) { learnsGrammar(t, devicetest.XLA(t), 8) }

func TestSampledLearnsOnGoBackend(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	b := devicetest.Go(t)
	learnsGrammar(t, b, 8)
}

// The Go backend has no dynamic slices: rows that would be scanned are shortened
// until they are unrolled.
func TestShortenOnGoBackend(t *testing.T) {
	b := devicetest.Go(t)
	cfg := DefaultSampledConfig()
	cfg.Steps, cfg.WarmUp, cfg.MaxUnroll = 32, 12, 16
	cfg.shorten(b)
	if cfg.Steps != 16 || cfg.WarmUp != 8 || cfg.Steps > cfg.MaxUnroll {
		t.Errorf("rows of %d steps with a warm-up of %d, want 16 and 8", cfg.Steps, cfg.WarmUp)
	}
}

func TestSampledRefuses(t *testing.T) {
	good := testConfig(8)
	sequence := testSequences(good, 1, rand.New(rand.NewPCG(1, 2)))
	for name, change := range map[string]func(*SampledConfig, *[]Sequence){
		"no heads":        func(c *SampledConfig, _ *[]Sequence) { c.Heads = nil },
		"no units":        func(c *SampledConfig, _ *[]Sequence) { c.Units = 0 },
		"infinite noise":  func(c *SampledConfig, _ *[]Sequence) { c.Noise = math.Inf(1) },
		"long warm-up":    func(c *SampledConfig, _ *[]Sequence) { c.WarmUp = c.Steps },
		"no sequences":    func(_ *SampledConfig, s *[]Sequence) { *s = nil },
		"class too large": func(c *SampledConfig, _ *[]Sequence) { c.Heads = []Head{{"label", 3}, {"class", 4}, {"gap", 1}} },
		"wrong latent":    func(c *SampledConfig, _ *[]Sequence) { c.Latent = 5 },
	} {
		cfg, sequences := good, sequence
		cfg.Fit = fit.DefaultConfig()
		change(&cfg, &sequences)
		if _, err := FitSampled(context.Background(), nil, cfg, sequences, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
