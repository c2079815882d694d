package gentest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// Learned is what the stages of a kind have made in a folder.
type Learned struct {
	Kind     generator.Kind
	Dir      string
	Warnings []error

	backend compute.Backend
	noFlow  bool // it learnt a timeline without flows
}

// Learn runs the stages of a kind of generator over flows, in start order, in a
// temporary folder. With Settings.NoFlow the flows are segments.
func Learn(t testing.TB, b compute.Backend, kind string, s generator.Settings, flows []*flow.Flow) *Learned {
	t.Helper()
	l, err := TryLearn(t, b, kind, s, flows)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TryLearn does what Learn does and returns the error of a stage.
func TryLearn(t testing.TB, b compute.Backend, kind string, s generator.Settings, flows []*flow.Flow) (*Learned, error) {
	t.Helper()
	k, err := generator.Find(kind)
	if err != nil {
		t.Fatal(err)
	}
	l := &Learned{Kind: k, Dir: t.TempDir(), backend: b, noFlow: s.NoFlow}
	if err := l.inputs(s, flows); err != nil {
		t.Fatal(err)
	}
	graph, err := stage.NewGraph(k.Stages(s), generator.TrainingName, generator.TrafficName)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range graph.Stages {
		if err := one.Run(context.Background(), stage.NewEnv(one, l.host(t))); err != nil {
			return l, fmt.Errorf("stage %s: %w", one.Name, err)
		}
		for _, out := range one.Outs {
			if _, err := os.Stat(l.path(out)); err != nil {
				t.Errorf("stage %s has not made %s: %v", one.Name, out, err)
			}
		}
	}
	return l, nil
}

// inputs writes what the stages read.
func (l *Learned) inputs(s generator.Settings, flows []*flow.Flow) error {
	f, err := os.Create(l.path(generator.TrainingName))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := table.WriteFlowPackets(f, table.Parquet, flows); err != nil {
		return err
	}
	traffic := generator.TrafficOf(flows)
	if s.NoFlow {
		traffic.Segment = len(flows[0].Packets)
	}
	text, err := json.Marshal(traffic)
	if err != nil {
		return err
	}
	return os.WriteFile(l.path(generator.TrafficName), text, 0o666)
}

// path returns where an artifact lies.
func (l *Learned) path(artifact string) string {
	return filepath.Join(l.Dir, filepath.FromSlash(strings.TrimSuffix(artifact, "/")))
}

// Path returns where an artifact lies, as generator.Kind's Load wants to know.
func (l *Learned) Path(artifact string) (string, error) { return l.path(artifact), nil }

// host keeps artifacts in the folder and collects warnings.
func (l *Learned) host(t testing.TB) stage.Host {
	return stage.Host{
		Open: func(dep string) (io.ReadCloser, error) { return os.Open(l.path(dep)) },
		Path: l.Path, Dir: l.Dir, Checkpoint: t.TempDir(), Seed: 1,
		Backend: func(context.Context) (compute.Backend, error) { return l.backend, nil },
		Warn:    func(err error) { l.Warnings = append(l.Warnings, err) },
	}
}

// Load loads the generator that was learnt.
func (l *Learned) Load(t testing.TB) generator.Generator {
	t.Helper()
	b := l.backend
	if !l.Kind.Device {
		b = nil
	}
	g, err := l.Kind.Load(b, l.Path)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Small returns settings that the Go backend learns in seconds.
func Small() generator.Settings {
	s := generator.DefaultSettings()
	s.VAE.Epochs, s.GMM.Components, s.Markov.Order = 1, 3, 3
	s.LSTM.Units, s.LSTM.Epochs, s.LSTM.Batch, s.LSTM.GapBins, s.LSTM.LengthBins, s.LSTM.MaxLength = 16, 2, 16, 12, 8, 64
	s.LSTM.ValidationShare = 0
	return s
}
