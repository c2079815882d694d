package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// labelsName is a file that is written anew for a shared run, as the report is.
const labelsName = "model/labels.json"

// noLabels are the labels of no packets.
const noLabels = `{"lengths":[],"flows":[],"observed":[]}` + "\n"

// leftOut stands in a manifest in place of a file's path.
const leftOut = "left out"

// kept are the artifacts that are shared, apart from generated ones: names, folders,
// which end in "/", and patterns.
var kept = []string{"report.html", "report.md", "scores.json", run.MetricsName, "repairs.json", "figures/training_*.svg", "traffic.json", "model/plan.json", "model/words.json",
	"model/features.json", "model/vae/", "model/clusters.json", "model/chain.json", "model/aggregate/", "model/network.json", "model/lstm/", labelsName}

// generated are the synthetic packets or flows.
var generated = []string{"generated.pcap", "generated.parquet", "generated.csv", "generated.flows.parquet", "generated.flows.csv"}

// unshareable are the artifacts that are the capture's and that the generators which make
// them cannot do without.
var unshareable = map[string]string{
	"model/bootstrap.json": "the training flows",
	"model/flows.parquet":  "the training flows",
	"model/tokens.json":    "every gap and start of the training flows",
	"model/examples.json":  "what packets of the capture say",
}

// holds reports whether an artifact is one of names.
func holds(names []string, artifact string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		matched, err := path.Match(name, artifact)
		return err == nil && matched || strings.HasSuffix(name, "/") && strings.HasPrefix(artifact, name)
	})
}

// Share writes a finished run as an archive that has nothing of the capture, as the
// package describes, and returns the manifest in it, whose Withheld names the files that
// were left out. A run that cannot generate without what is the capture's is an error.
func Share(ctx context.Context, w io.Writer, m *run.Manifest) (*run.Manifest, error) {
	if err := shareable(m); err != nil {
		return nil, fmt.Errorf("archive: %s cannot be shared: %w", m.Dir, err)
	}
	s := anonymous(m)
	made := s.withhold(m)
	if err := s.writeReport(made); err != nil {
		return nil, err
	}
	return s.Manifest, export(ctx, w, s.Manifest, made)
}

// shareable returns an error for a run of which nothing that generates would remain.
func shareable(m *run.Manifest) error {
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(unshareable)) {
		if m.Has(name) {
			problems = append(problems, fmt.Sprintf("%s holds %s", name, unshareable[name]))
		}
	}
	want := "want a run with generator=sampled or generator=paper, and without generate.payload=copy"
	if m.Config.Generate.KeepAddresses {
		problems = append(problems, "model/plan.json holds the addresses of the capture")
		want = "want a run without generate.keep_addresses"
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, ", ") + ": " + want)
	}
	return nil
}

// shared is the manifest of a run that is being shared.
type shared struct{ *run.Manifest }

// anonymous returns a copy of a manifest without what its user, the host and the paths of
// files are called.
func anonymous(m *run.Manifest) shared {
	s := *m
	s.Annotation, s.Host.Name, s.Backend.PluginPath, s.Source.Diff = run.Annotation{}, "", "", ""
	s.Config, s.Overrides = withoutNames(m.Config), nil
	for _, override := range m.Overrides {
		key, _, _ := strings.Cut(override, "=")
		if !slices.Contains([]string{"about", "data.path", "data.gateway", "generate.flows_from"}, key) {
			s.Overrides = append(s.Overrides, override)
		}
	}
	s.Inputs = slices.Clone(m.Inputs)
	for i := range s.Inputs {
		if s.Inputs[i].Path != "" {
			s.Inputs[i].Path = leftOut
		}
	}
	return shared{&s}
}

// withoutNames returns a configuration without what names files or devices.
func withoutNames(e config.Experiment) config.Experiment {
	e.About, e.Data.Gateway, e.Generate.FlowsFrom = "", "", ""
	if len(e.Data.Path) > 0 {
		e.Data.Path = config.Paths{leftOut}
	}
	return e
}

// withhold takes what is not shared out of the manifest of the run m, and returns the texts
// of the artifacts that are written anew.
func (s shared) withhold(m *run.Manifest) map[string][]byte {
	names := kept
	follows := m.Config.Generate.Follow != "" || m.Config.Generate.FlowsFrom != ""
	if !follows && m.Config.Level != config.PacketLevel {
		names = slices.Concat(kept, generated)
	}
	made := map[string][]byte{}
	s.Artifacts = nil
	for _, a := range m.Artifacts {
		switch {
		case !holds(names, a.Name):
			s.Withheld = append(s.Withheld, a.Name)
			continue
		case a.Name == labelsName:
			made[a.Name] = []byte(noLabels)
			a = artifactOf(a.Name, made[a.Name])
		}
		s.Artifacts = append(s.Artifacts, a)
	}
	slices.Sort(s.Withheld)
	s.Withheld = slices.Compact(s.Withheld)
	s.stages(m.Stages, follows)
	return made
}

// stages takes over the stages of a run, with the artifacts that are shared. Nothing stays
// of what those said that read the capture, or the table of flows that generation follows.
func (s shared) stages(stages []run.Stage, follows bool) {
	digests := map[string]string{}
	for _, a := range s.Artifacts {
		digests[a.Name] = a.SHA256
	}
	s.Stages, s.Warnings = nil, []string{}
	for _, stage := range stages {
		artifacts := map[string]string{}
		for name := range stage.Artifacts {
			if digests[name] != "" {
				artifacts[name] = digests[name]
			}
		}
		stage.Artifacts = artifacts
		if stage.Name == "read" || stage.Name == "words" || stage.Name == "examples" || stage.Name == "generate" && follows {
			stage.Note, stage.Warnings = "", nil
		}
		s.Stages = append(s.Stages, stage)
		s.Warnings = append(s.Warnings, stage.Warnings...)
	}
}

// writeReport makes the report of what is shared, in the forms that the run has it in.
func (s shared) writeReport(made map[string][]byte) error {
	data := report.Load(s.Manifest)
	for _, p := range report.Pages() {
		i := slices.IndexFunc(s.Artifacts, func(a run.Artifact) bool { return a.Name == p.Name })
		if i < 0 {
			continue
		}
		var text bytes.Buffer
		if err := p.Write(&text, data); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
		made[p.Name] = text.Bytes()
		s.Artifacts[i] = artifactOf(p.Name, text.Bytes())
	}
	return nil
}

// artifactOf is the entry of a text in a manifest.
func artifactOf(name string, text []byte) run.Artifact {
	n, sum, err := store.Digest(bytes.NewReader(text))
	if err != nil {
		panic(err) // memory can be read
	}
	return run.Artifact{Name: name, Bytes: n, SHA256: sum}
}
