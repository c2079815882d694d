package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/baseline"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// mostBaseline are the flows of a baseline at most; the scores compare fewer.
const mostBaseline = 20000

// allBaselines draws as many flows of the Markov chain and of the bootstrap as were
// generated, of each application its own.
func allBaselines(ctx context.Context, env *stage.Env, p evaluateParams, t generator.Traffic, training, synthetic []*flow.Flow) (map[string][]*flow.Flow, error) {
	seed, err := env.Seed("baselines")
	if err != nil {
		return nil, err
	}
	if len(p.Application) == 1 {
		return drawBaselines(ctx, seed, p, t, training, len(synthetic))
	}
	all := make(map[string][]*flow.Flow)
	for i, app := range p.Application {
		own, n := flow.OnlyOf(app, training), len(flow.OnlyOf(app, synthetic))
		if n == 0 {
			continue
		}
		found, err := drawBaselines(ctx, rand.NewPCG(seed, uint64(i)).Uint64()>>1, p, generator.TrafficOf(own), own, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", app, err)
		}
		for name, flows := range found {
			all[name] = append(all[name], flows...)
		}
	}
	for _, flows := range all {
		slices.SortStableFunc(flows, func(a, b *flow.Flow) int { return cmp.Compare(a.Start(), b.Start()) })
	}
	return all, nil
}

// drawBaselines draws n flows of each baseline, as it has learnt them of one application's
// traffic.
func drawBaselines(ctx context.Context, seed uint64, p evaluateParams, t generator.Traffic, training []*flow.Flow, n int) (map[string][]*flow.Flow, error) {
	r := generator.Request{Flows: min(n, mostBaseline), Seed: seed, Start: t.Start, RateFactor: p.RateFactor}
	found := make(map[string][]*flow.Flow)
	chain, err := baseline.FitMarkov(p.MarkovOrder, training, t.Segment > 0)
	if err != nil {
		return nil, err
	}
	copies, err := baseline.FitBootstrap(training, t.Segment > 0)
	if err != nil {
		return nil, err
	}
	for name, g := range map[string]generator.Generator{baseline.MarkovName: chain, baseline.BootstrapName: copies} {
		for f, err := range t.Pad(g.Flows(ctx, r)) {
			if err != nil {
				return nil, err
			}
			found[name] = append(found[name], f)
		}
	}
	return found, nil
}
