package generator

import (
	"context"
	"fmt"
	"iter"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Generator draws flows, in start order, and can be saved.
type Generator interface {
	Flows(ctx context.Context, r Request) iter.Seq2[*flow.Flow, error]
	Save(dir string) error
}

// The kinds of generator.
const (
	KindSampled   = "sampled"
	KindPaper     = "paper"
	KindMarkov    = "markov"
	KindBootstrap = "bootstrap"
)

// Fit learns the flows, which must be in start order, with the generator of
// that kind. The baselines need no backend.
func Fit(ctx context.Context, b compute.Backend, kind string, cfg Config, flows []*flow.Flow, o Observer) (Generator, error) {
	switch kind {
	case KindSampled:
		return FitSampled(ctx, b, cfg, flows, o)
	case KindPaper:
		return FitPaper(ctx, b, cfg, flows, o)
	case KindMarkov:
		var g *Markov
		err := o.stage("markov", func() (err error) {
			flows, cfg.Before = withoutStrays(flows, cfg.Before, o)
			if g, err = FitMarkov(cfg.Order, flows); err != nil {
				return err
			}
			if g.noFlow, g.arrivals, err = arrivalsOf(cfg, flows); g.noFlow != nil {
				g.uplinks.noFlow(flows)
			}
			return err
		})
		return g, err
	case KindBootstrap:
		var g *Bootstrap
		err := o.stage("bootstrap", func() (err error) {
			if g, err = FitBootstrap(flows); err == nil {
				g.noFlow, g.arrivals, err = arrivalsOf(cfg, flows)
			}
			return err
		})
		return g, err
	}
	return nil, fmt.Errorf("generator: unknown kind %q: want %s, %s, %s or %s", kind, KindSampled, KindPaper, KindMarkov, KindBootstrap)
}

// Load reads a generator of that kind that Save wrote. The baselines need no
// backend.
func Load(b compute.Backend, kind, dir string) (Generator, error) {
	switch kind {
	case KindSampled:
		return LoadSampled(b, dir)
	case KindPaper:
		return LoadPaper(b, dir)
	case KindMarkov:
		return LoadMarkov(dir)
	case KindBootstrap:
		return LoadBootstrap(dir)
	}
	return nil, fmt.Errorf("generator: unknown kind %q: want %s, %s, %s or %s", kind, KindSampled, KindPaper, KindMarkov, KindBootstrap)
}
