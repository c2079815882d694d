package pipeline

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// reach says of each key of experiments.toml another value than that of the
// experiment of these tests, and which stages are others then, by themselves and not
// by what they depend on. Of a key of the models, these are the stages of the
// generators that use it.
var reach = map[string]struct {
	value  string
	stages []string
}{
	"about":              {"x", nil},
	"seed":               {"2", nil}, // a fact beside the stages
	"backend":            {"auto", nil},
	"level":              {"flow", nil}, // which stages there are: TestLevels
	"data.name":          {"other", nil},
	"data.path":          {"other.pcap", nil},
	"data.application":   {"SMTP", []string{"read", "examples", "words", "evaluate"}},
	"data.from":          {"+1s", []string{"read", "examples", "words", "evaluate"}},
	"data.to":            {"+9h", []string{"read", "examples", "words", "evaluate"}},
	"data.limit":         {"5000", []string{"read", "examples", "words", "evaluate"}},
	"data.idle_timeout":  {"9s", []string{"read", "examples", "words", "evaluate"}},
	"data.decapsulate":   {"false", []string{"read", "examples", "words", "evaluate"}},
	"data.test_share":    {"0.4", []string{"read"}},
	"data.flows":         {"none", []string{"read", "features", "vae", "gmm", "markov", "flows", "lstm", "generate"}}, // there may be no aggregate level
	"data.port":          {"7", []string{"read", "examples", "words", "evaluate"}},
	"data.gateway":       {"0000024b0b031c97", []string{"read", "examples", "words", "evaluate"}},
	"features.variant":   {"lorawan", []string{"features"}},
	"features.compat":    {"true", []string{"features"}},
	"vae.hidden":         {"5", []string{"vae"}},
	"vae.latent":         {"3", []string{"vae"}},
	"vae.beta":           {"0.5", []string{"vae"}},
	"vae.epochs":         {"7", []string{"vae"}},
	"vae.batch":          {"7", []string{"vae"}},
	"vae.learning_rate":  {"0.5", []string{"vae"}},
	"gmm.components":     {"7", []string{"gmm"}},
	"gmm.max_components": {"7", []string{"gmm"}},
	"gmm.covariance":     {"diagonal", []string{"gmm"}},
	"gmm.iterations":     {"7", []string{"gmm"}},
	"gmm.tolerance":      {"0.5", []string{"gmm"}},
	"gmm.regularization": {"0.5", []string{"gmm"}},

	"markov.order":          {"7", []string{"markov", "evaluate"}}, // a baseline of every report
	"lstm.units":            {"7", []string{"lstm"}},
	"lstm.cell":             {"lstm", []string{"lstm"}},
	"lstm.epochs":           {"7", []string{"lstm"}},
	"lstm.batch":            {"7", []string{"lstm"}},
	"lstm.learning_rate":    {"0.5", []string{"lstm"}},
	"lstm.dropout":          {"0.5", []string{"lstm"}},
	"lstm.noise":            {"0.5", []string{"lstm"}},
	"lstm.jitter":           {"0.5", []string{"lstm"}},
	"lstm.validation_share": {"0.5", []string{"lstm"}},
	"lstm.patience":         {"7", []string{"lstm"}},
	"lstm.gap_bins":         {"7", []string{"lstm"}},
	"lstm.length_bins":      {"7", []string{"lstm"}},
	"lstm.max_length":       {"7", []string{"lstm"}},

	"generate.flows":          {"7", []string{"generate"}},
	"generate.packets":        {"7", []string{"generate"}},
	"generate.duration":       {"7s", []string{"generate"}},
	"generate.rate_factor":    {"7", []string{"generate", "evaluate"}},   // the baselines are as dense
	"generate.follow":         {"all", []string{"generate", "evaluate"}}, // scores say so
	"generate.flows_from":     {"flows.csv", []string{"generate"}},
	"generate.payload":        {"random", []string{"examples", "generate"}},
	"generate.mtu":            {"700", []string{"generate"}},
	"generate.complete":       {"true", []string{"generate"}},
	"generate.link":           {"semtech", []string{"generate"}},
	"generate.ipv6":           {"on", []string{"generate"}},
	"generate.addresses":      {"10.0.0.0/8", []string{"generate"}},
	"generate.keep_addresses": {"true", []string{"hosts", "dynamics", "generate"}}, // learnt, and not drawn anew
	"generate.clients":        {"7", []string{"generate"}},
	"generate.servers":        {"7", []string{"generate"}},
	"generate.losses":         {"0.05", []string{"generate"}},
	"generate.start":          {"2026-01-31T12:00:00Z", []string{"generate"}},
	"evaluate.trees":          {"7", []string{"evaluate"}},
	"evaluate.folds":          {"7", []string{"evaluate"}},
	"evaluate.floors":         {"7", []string{"evaluate"}},
	"evaluate.tools":          {"argus", []string{"evaluate"}},
}

// A key changes the stages that use it, and no other: a stage that depends on more
// than it uses is computed in vain, and one that depends on less gives a wrong result.
func TestKeysReachTheirStages(t *testing.T) {
	for _, kind := range generator.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			base := []string{"generator=" + kind.Name, "generate.payload=copy", "data.application=LORAWAN"} // so that all keys count
			before := ownOf(t, experiment(t, base...))
			for _, key := range config.Keys() {
				if key == "generator" {
					continue
				}
				want, ok := reach[key]
				if !ok {
					t.Errorf("%s: say here which stages it changes", key)
					continue
				}
				e := experiment(t, append(base, key+"="+want.value)...)
				if follows(e.Generate) && !kind.Follows {
					if _, err := Graph(e); err == nil || !strings.Contains(err.Error(), "want markov, paper, sampled") {
						t.Errorf("%s: %v, want an error with the generators that follow", key, err)
					}
					continue
				}
				after := ownOf(t, e)
				reached := 0
				for _, name := range []string{"read", "features", "vae", "gmm", "markov", "bootstrap", "flows", "lstm", "hosts", "dynamics", "examples", "words", "generate", "evaluate"} {
					changed := before[name] != after[name]
					if changed {
						reached++
					}
					if changed && !slices.Contains(want.stages, name) {
						t.Errorf("%s changes stage %s, which does not use it: %s -> %s", key, name, before[name], after[name])
					}
					expected := slices.Contains(want.stages, name) && key != "data.flows" && (!config.OfGenerator(key) || kind.Uses(key) || name == "evaluate")
					if _, there := before[name]; there && expected && !changed {
						t.Errorf("%s does not change stage %s, which uses it", key, name)
					}
				}
				if config.OfGenerator(key) && kind.Uses(key) && reached == 0 {
					t.Errorf("%s reaches no stage, though the generator says that it uses it", key)
				}
			}
			for name := range before {
				if !known(name) {
					t.Errorf("stage %s: say here which keys change it", name)
				}
			}
		})
	}
}

// known reports whether some key is said to change a stage, or the stage is known to
// have none.
func known(name string) bool {
	for _, r := range reach {
		if slices.Contains(r.stages, name) {
			return true
		}
	}
	return name == "bootstrap"
}

// ownOf returns what decides each stage of an experiment by itself.
func ownOf(t *testing.T, e config.Experiment) map[string]string {
	t.Helper()
	g, err := Graph(e)
	if err != nil {
		t.Fatal(err)
	}
	own := make(map[string]string)
	for _, s := range g.Stages {
		s.Run = nil
		text, err := json.Marshal(struct {
			stage.Stage
			Run bool // in place of the function
		}{Stage: s})
		if err != nil {
			t.Fatal(err)
		}
		own[s.Name] = string(text)
	}
	return own
}

// No stage but those of its inputs decides what a stage makes: the same graph of the
// same facts has the same keys, and another seed changes the stages that draw.
func TestKeysAreStable(t *testing.T) {
	for _, kind := range generator.Kinds() {
		g, err := Graph(experiment(t, "generator="+kind.Name))
		if err != nil {
			t.Fatal(err)
		}
		facts := stage.Facts{Seed: 1, Inputs: map[string]string{dataName: "0"}, Device: "go"}
		first, err := g.Keys(facts)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			h, err := Graph(experiment(t, "generator="+kind.Name, "about=x", "seed=9"))
			if err != nil {
				t.Fatal(err)
			}
			again, err := h.Keys(facts)
			if err != nil {
				t.Fatal(err)
			}
			for name, key := range first {
				if key.Sum != again[name].Sum {
					t.Errorf("%s: stage %s has another key: %s", kind.Name, name, stage.Difference(key.Preimage, again[name].Preimage))
				}
			}
		}
		facts.Seed = 2
		other, err := g.Keys(facts)
		if err != nil {
			t.Fatal(err)
		}
		for name, key := range first {
			if key.Sum == other[name].Sum { // every stage draws, or depends on read, which does
				t.Errorf("%s: stage %s does not depend on the seed", kind.Name, name)
			}
		}
	}
}
