package stage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/trained"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// experiment is a configuration that the Go backend works through in seconds.
func experiment(overrides ...string) func(t *testing.T) config.Experiment {
	return func(t *testing.T) config.Experiment {
		t.Helper()
		e, err := config.Default().Override(append([]string{"backend=go", "generator=markov", "generate.flows=40", "vae.epochs=1", "gmm.components=3",
			"lstm.units=8", "lstm.epochs=1", "lstm.gap_bins=8", "lstm.length_bins=8", "lstm.max_length=16", "evaluate.trees=5", "evaluate.floors=2"}, overrides...)...)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

// capture writes n HTTP connections, framed, and returns the file.
func capture(t *testing.T, n int) string {
	t.Helper()
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	framer, err := tcp.NewFramer(nil, tcp.Options{Complete: true}, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	flows := func(yield func(*flow.Flow, error) bool) {
		for _, f := range gentest.Flows(n, rand.NewPCG(1, 1)) {
			if !yield(f, nil) {
				return
			}
		}
	}
	for frame, err := range framer.Frames(flows) {
		if err := errors.Join(err, w.Write(frame.Packet.Time, frame.Bytes)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "http.pcap")
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// start opens a run of an experiment on a file.
func start(t *testing.T, dir string, e config.Experiment) *run.Run {
	t.Helper()
	spec := run.Spec{Experiment: "test", Config: e, Inputs: []run.Input{{Name: "data", Path: e.Data.Path, SHA256: "0"}}}
	r, err := run.Start(dir, spec, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every generator goes from a capture to a run with all that later commands need.
func TestRun(t *testing.T) {
	path := capture(t, 120)
	tests := []struct {
		name      string
		overrides []string
		latent    bool
		aggregate bool
	}{
		{"markov", nil, false, true},
		{"bootstrap, bounded by time", []string{"generator=bootstrap", "generate.duration=1h", "generate.rate_factor=2"}, false, true},
		{"a timeline", []string{"data.flows=none", "data.test_share=0.4"}, false, false},
		{"sampled", []string{"generator=sampled"}, true, true},
		{"paper", []string{"generator=paper"}, true, true},
		{"copied payloads", []string{"generate.payload=copy", "generate.complete=true"}, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.latent {
				t.Skip("skipped in short mode: trains on the Go backend")
			}
			e := experiment(append(tt.overrides, "data.path="+path)...)(t)
			dir := t.TempDir()
			r := start(t, dir, e)
			if err := r.Finish(Run(t.Context(), r, &run.Terminal{Out: io.Discard, Err: io.Discard})); err != nil {
				t.Fatal(err)
			}
			m, err := run.LatestRun(dir, "test")
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{"generated.pcap": true, "generated.parquet": true, "generated.csv": true, "report.html": true, "scores.json": true,
				"model/plan.json": true, trained.TrafficName: true, "latent.json": tt.latent, trained.AggregateName: tt.aggregate}
			for name, want := range want {
				if _, err := os.Stat(m.Path(name)); (err == nil) != want {
					t.Errorf("%s: %v, want it to be there: %v", name, err, want)
				}
			}
			if err := run.Verify(m.FS()); err != nil {
				t.Error(err)
			}
			source, err := trained.Open(t.Context(), []*run.Manifest{m}, "", io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			n := 0
			for _, err := range source.Flows(t.Context(), trained.Amount{Flows: 7, Seed: 3}) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			if n != 7 {
				t.Errorf("%d flows of the saved run, want 7", n)
			}
		})
	}
}

// An interrupted run leaves its finished stages, and the next one takes them up.
func TestRunResumes(t *testing.T) {
	e := experiment("data.path=" + capture(t, 120))(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	r := start(t, dir, e)
	p := &pipeline{ctx: ctx, run: r, out: &run.Terminal{Out: io.Discard, Err: io.Discard}}
	err := r.Stage("read", []string{"data", "config.data", "config.seed"}, p.read)
	for _, step := range []func() error{p.open, p.learn, p.aggregate} {
		err = errors.Join(err, step())
	}
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := r.Finish(errors.Join(r.Stage("generate", nil, p.generate), ctx.Err())); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	p.close()
	r = start(t, dir, e)
	if err := r.Finish(Run(t.Context(), r, &run.Terminal{Out: io.Discard, Err: io.Discard})); err != nil {
		t.Fatal(err)
	}
	m, err := run.LatestRun(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	reused := 0
	for _, s := range m.Stages {
		if s.Reused {
			reused++
		}
	}
	if reused == 0 {
		t.Errorf("no stage of %d was reused", len(m.Stages))
	}
}

func TestReadTraffic(t *testing.T) {
	path := capture(t, 100)
	read := func(t *testing.T, overrides ...string) (*traffic, error) {
		return readTraffic(t.Context(), experiment(append([]string{"data.path=" + path}, overrides...)...)(t), rand.NewPCG(1, 1))
	}
	t.Run("flows", func(t *testing.T) {
		got, err := read(t)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.training) != 70 || len(got.heldOut) != 30 || got.facts.Flows != 100 || got.segment != 0 || got.facts.Protocol != flow.TCP {
			t.Errorf("%d to learn from, %d held out, %+v", len(got.training), len(got.heldOut), got.facts)
		}
		seen := map[int64]bool{}
		for _, f := range append(got.training, got.heldOut...) {
			if seen[f.ID] {
				t.Errorf("flow %d is in both parts", f.ID)
			}
			seen[f.ID] = true
		}
		for i, f := range got.training {
			if got.before[i] > f.Start() {
				t.Errorf("flow %d starts before the one before it", i)
			}
		}
	})
	t.Run("timeline", func(t *testing.T) {
		got, err := read(t, "data.flows=none")
		if err != nil {
			t.Fatal(err)
		}
		last := got.training[len(got.training)-1]
		if end := last.Packets[len(last.Packets)-1].Time; end > got.heldOut[0].Start() {
			t.Errorf("what is learnt ends at %d, after what is held out begins at %d", end, got.heldOut[0].Start())
		}
		var packets int64
		for _, f := range append(got.training, got.heldOut...) {
			packets += int64(len(f.Packets))
		}
		if packets != got.facts.Packets || got.segment < 2 || got.facts.Segment != got.segment || len(got.heldOut) < generator.MinFlows {
			t.Errorf("%d packets in segments of %d, %d held out, %+v", packets, got.segment, len(got.heldOut), got.facts)
		}
	})
	tests := []struct {
		name      string
		overrides []string
		want      string
	}{
		{"other application", []string{"data.application=SMTP"}, "http.pcap: no packet of SMTP; it holds HTTP ("},
		{"few flows", []string{"data.limit=100"}, "want at least 20 of each"},
		{"no uplinks", []string{"data.application=LORAWAN"}, "http.pcap: no uplink: want a gateway log"},
		{"no such file", []string{"data.path=missing.pcap"}, "data.path: open missing.pcap"},
		{"a folder", []string{"data.path=."}, "is a folder"},
		{"no data", []string{"data.path=", "data.name=x"}, `data.name = "x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := read(t, tt.overrides...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}
