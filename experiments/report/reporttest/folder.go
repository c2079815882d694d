// Package reporttest makes a run folder for tests of what reads one: the flows
// are the embedded capture's, the "generated" ones are real flows with changed
// gaps and lengths, and the scores are computed. No model is trained.
package reporttest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/testbed"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Folder makes a finished run of the experiment quickstart under runsDir, with
// so many flows, and opens it. The same arguments give the same artifacts.
func Folder(runsDir string, flows int, cfg fidelity.Config) (*run.Manifest, error) {
	real, err := capture(flows)
	if err != nil {
		return nil, err
	}
	held := len(real) * 3 / 10
	split := fidelity.Split{Training: real[held:], HeldOut: real[:held]}
	generated := perturbed(split.Training, held, rand.New(rand.NewPCG(1, 1)))
	baselines := map[string][]*flow.Flow{
		"bootstrap": resampled(split.Training, held, rand.New(rand.NewPCG(2, 2))),
		"markov":    perturbed(split.Training, held, rand.New(rand.NewPCG(3, 3))),
	}
	scores, err := fidelity.Compare(cfg, split, generated, baselines, rand.NewPCG(4, 4))
	if err != nil {
		return nil, err
	}
	experiment := config.Default()
	experiment.About = "HTTP of the embedded capture, perturbed: a test of the report"
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	graph, err := stages(split, generated, scores)
	if err != nil {
		return nil, err
	}
	keys, err := graph.Keys(stage.Facts{Seed: 1})
	if err != nil {
		return nil, err
	}
	spec := run.Spec{Experiment: "quickstart", Overrides: []string{"seed=1"}, Config: experiment, Seeds: map[string]uint64{"split": 5},
		Inputs:  []run.Input{{Name: "data", Bytes: 1234567, SHA256: "0123456789abcdef0123456789abcdef"}},
		Backend: run.Backend{Name: "go", Reason: "no model is trained here"}}
	for _, s := range graph.Stages {
		spec.Keys = append(spec.Keys, keys[s.Name].Sum)
	}
	now := func() time.Time { at = at.Add(700 * time.Millisecond); return at }
	r, err := run.Start(runsDir, spec, run.Options{Now: now})
	if err != nil {
		return nil, err
	}
	r.Warn("component 2 holds 3 packets")
	job := &executor.Job{Graph: graph, Keys: keys, Store: store.Open(filepath.Join(runsDir, ".cache"), now)}
	if err := r.Finish(executor.Run(context.Background(), job, r), nil); err != nil {
		return nil, err
	}
	return run.Open(r.Dir())
}

// stages are two stages that write what they are given.
func stages(split fidelity.Split, generated []*flow.Flow, scores []fidelity.Score) (*stage.Graph, error) {
	tables := map[string][]*flow.Flow{report.TrainingName: split.Training, report.HeldOutName: split.HeldOut, report.GeneratedName: generated}
	values := map[string]any{report.ScoresName: scores, report.LatentName: latent(), report.RepairsName: map[string]int{"time moved forward": 12, "repeated FIN cleared": 3}}
	return stage.NewGraph([]stage.Stage{
		{Name: "data", Outs: slices.Sorted(maps.Keys(tables)), Run: func(_ context.Context, env *stage.Env) error {
			env.Note("%d flows", len(split.Training)+len(split.HeldOut))
			for name, flows := range tables {
				err := env.Write(name, func(w io.Writer) error { return table.WritePackets(w, table.Parquet, flow.Packets(numbered(flows))) })
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{Name: "scores", Outs: slices.Sorted(maps.Keys(values)), Run: func(_ context.Context, env *stage.Env) error {
			if err := curves(env); err != nil {
				return err
			}
			for name, value := range values {
				if err := env.Write(name, func(w io.Writer) error { return json.NewEncoder(w).Encode(value) }); err != nil {
					return err
				}
			}
			return nil
		}},
	})
}

// curves records the losses of two trainings.
func curves(env *stage.Env) error {
	for step := 1; step <= 30; step++ {
		for name, scale := range map[string]float64{"vae/loss": 1.4, "vae/validation_loss": 1.5, "lstm/loss": 5, "lstm/validation_loss": 5.4} {
			if err := env.Record(name, step, scale*(0.4+math.Exp(-float64(step)/6))); err != nil {
				return err
			}
		}
	}
	return nil
}

// capture is the first flows of HTTP in the embedded capture, in random order.
func capture(n int) ([]*flow.Flow, error) {
	in, err := testbed.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var assembler flow.Assembler
	var web []*flow.Flow
	for f, err := range assembler.Flows(pcap.Packets(in, "testbed")) {
		if err == nil && f.Application == flow.HTTP {
			web = append(web, f)
		}
		if len(web) == n {
			break
		}
	}
	if len(web) < 50 {
		return nil, fmt.Errorf("reporttest: %d flows of HTTP in the embedded capture", len(web))
	}
	rng := rand.New(rand.NewPCG(9, 9))
	rng.Shuffle(len(web), func(i, j int) { web[i], web[j] = web[j], web[i] })
	return web, nil
}

func resampled(flows []*flow.Flow, n int, rng *rand.Rand) []*flow.Flow {
	drawn := make([]*flow.Flow, n)
	for i := range drawn {
		drawn[i] = flows[rng.IntN(len(flows))]
	}
	return drawn
}

// perturbed copies random flows with gaps that are stretched and some lengths
// that differ.
func perturbed(flows []*flow.Flow, n int, rng *rand.Rand) []*flow.Flow {
	drawn := resampled(flows, n, rng)
	for i, f := range drawn {
		c := *f
		c.Packets = slices.Clone(f.Packets)
		for k := 1; k < len(c.Packets); k++ {
			gap := float64(max(1000, f.Packets[k].Time-f.Packets[k-1].Time)) * math.Exp(0.4*rng.NormFloat64())
			c.Packets[k].Time = c.Packets[k-1].Time + int64(gap)/1000*1000
			if c.Packets[k].PayloadLength > 100 && rng.Float64() < 0.3 {
				change := int32(rng.IntN(90))
				c.Packets[k].PayloadLength -= change
				c.Packets[k].Length -= change
			}
		}
		drawn[i] = &c
	}
	return drawn
}

// numbered gives flows identifiers in their order.
func numbered(flows []*flow.Flow) []*flow.Flow {
	list := make([]*flow.Flow, len(flows))
	for i, f := range flows {
		c := *f
		c.ID, c.Packets = int64(i), slices.Clone(f.Packets)
		for k := range c.Packets {
			c.Packets[k].FlowID = c.ID
		}
		list[i] = &c
	}
	return list
}

// latent draws points from a mixture of five Gaussians, and returns both.
func latent() *analysis.Latent {
	rng := rand.New(rand.NewPCG(5, 5))
	l := &analysis.Latent{}
	for k := range 5 {
		angle := float64(k) * 1.3
		mean := []float64{2 * math.Cos(angle), 1.5 * math.Sin(angle)}
		a, b, d := 0.2+0.05*float64(k), 0.1, 0.25
		l.Weights = append(l.Weights, 0.2)
		l.Means = append(l.Means, mean)
		l.Covariances = append(l.Covariances, [][]float64{{a * a, a * b}, {a * b, b*b + d*d}})
		for range 600 {
			u, v := rng.NormFloat64(), rng.NormFloat64()
			l.Points = append(l.Points, []float64{mean[0] + a*u, mean[1] + b*u + d*v})
			l.Labels = append(l.Labels, k)
		}
	}
	return l
}
