package generator_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	_ "github.com/gomlx/compute/gobackend"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/gomlxmodels/lstm"
	"github.com/necstgen/necstgen/gomlxmodels/vae"
)

// small is a configuration that the Go backend fits in seconds.
func small() generator.Config {
	cfg := generator.Config{Variant: feature.General, VAE: vae.DefaultConfig(), GMM: gmm.DefaultConfig(), Order: 3,
		Network: lstm.DefaultSampledConfig(), GapBins: 12, LengthBins: 8, MaxLength: 64, Lanes: 16, Seed: 1}
	cfg.VAE.Train.Epochs = 2
	cfg.GMM.Components = 3
	cfg.Network.Units, cfg.Network.HeadUnits, cfg.Network.Steps, cfg.Network.WarmUp = 16, 12, 12, 2
	cfg.Network.Fit.Epochs, cfg.Network.Fit.Batch = 6, 16
	cfg.Window = lstm.DefaultWindowConfig()
	cfg.Window.Fit.Epochs = 2
	return cfg
}

func TestGenerators(t *testing.T) {
	flows := gentest.Flows(80, rand.NewPCG(1, 1))
	b := devicetest.Go(t)
	for _, kind := range []string{generator.KindSampled, generator.KindPaper, generator.KindMarkov, generator.KindBootstrap} {
		t.Run(kind, func(t *testing.T) {
			if kind != generator.KindMarkov && kind != generator.KindBootstrap && testing.Short() {
				t.Skip("skipped in short mode: trains on the Go backend")
			}
			g, err := generator.Fit(context.Background(), b, kind, small(), flows, generator.Observer{})
			if err != nil {
				t.Fatal(err)
			}
			gentest.Test(t, g, func(dir string) (generator.Generator, error) { return generator.Load(b, kind, dir) })
		})
	}
}

func TestFitRefuses(t *testing.T) {
	flows := gentest.Flows(generator.MinFlows, rand.NewPCG(1, 1))
	for _, row := range []struct {
		name, kind, want string
		flows            []*flow.Flow
	}{
		{"few flows", generator.KindSampled, "want at least 20", flows[:3]},
		{"no flows for the chain", generator.KindMarkov, "no flow", nil},
		{"no flows for the bootstrap", generator.KindBootstrap, "no flow", nil},
		{"unknown kind", "gan", `unknown kind "gan"`, flows},
	} {
		_, err := generator.Fit(context.Background(), nil, row.kind, small(), row.flows, generator.Observer{})
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want an error with %q", row.name, err, row.want)
		}
	}
}
