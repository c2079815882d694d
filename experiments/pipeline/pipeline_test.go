package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

// experiment is a configuration that the Go backend works through in seconds.
func experiment(t testing.TB, overrides ...string) config.Experiment {
	t.Helper()
	e, err := config.Default().Override(append([]string{"backend=go", "generator=markov", "generate.flows=40", "vae.epochs=1", "gmm.components=3",
		"lstm.units=8", "lstm.epochs=1", "lstm.gap_bins=8", "lstm.length_bins=8", "lstm.max_length=16", "evaluate.trees=5", "evaluate.floors=2"}, overrides...)...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// writeCapture writes flows, framed, to a new file of that name.
func writeCapture(t testing.TB, name string, flows []*flow.Flow) string {
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
	each := func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
	}
	for frame, err := range framer.Frames(each) {
		if err := errors.Join(err, w.Write(frame.Packet.Time, frame.Bytes)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), name)
	if err := errors.Join(w.Close(), os.WriteFile(path, file.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	return path
}

// capture writes n HTTP connections and returns the file.
func capture(t testing.TB, n int) string {
	t.Helper()
	return writeCapture(t, "http.pcap", gentest.Flows(n, rand.NewPCG(1, 1)))
}

// prepare makes an experiment ready to run in a folder of runs.
func prepare(t testing.TB, dir string, e config.Experiment) *Prepared {
	t.Helper()
	p, err := Prepare(t.Context(), "test", nil, e, Options{Store: store.Open(filepath.Join(dir, ".cache"), nil), Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// finished runs an experiment to its end and returns the finished run, verified.
func finished(t testing.TB, dir string, e config.Experiment) *run.Manifest {
	t.Helper()
	if _, err := prepare(t, dir, e).Run(t.Context(), dir, run.Options{}); err != nil {
		t.Fatal(err)
	}
	m, err := run.LatestRun(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Verify(m.Dir); err != nil {
		t.Error(err)
	}
	return m
}

// has reports whether a run has an artifact; of a folder, one in it.
func has(m *run.Manifest, name string) bool {
	return slices.ContainsFunc(m.Artifacts, func(a run.Artifact) bool {
		return a.Name == name || strings.HasSuffix(name, "/") && strings.HasPrefix(a.Name, name)
	})
}

// Every generator goes from a capture to a run with all that later commands need.
func TestRun(t *testing.T) {
	path := capture(t, 120)
	tests := []struct {
		name      string
		overrides []string
		trains    bool
		aggregate bool
	}{
		{"markov", nil, false, false},
		{"bootstrap, bounded by time", []string{"generator=bootstrap", "generate.duration=1h", "generate.rate_factor=2"}, false, false},
		{"a timeline", []string{"data.flows=none", "data.test_share=0.4"}, false, false},
		{"copied payloads", []string{"generate.payload=copy", "generate.complete=true"}, false, false},
		{"sampled", []string{"generator=sampled"}, true, true},
		{"paper", []string{"generator=paper"}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.trains {
				t.Skip("skipped in short mode: trains on the Go backend")
			}
			m := finished(t, t.TempDir(), experiment(t, append(tt.overrides, "data.path="+path)...))
			want := map[string]bool{captureName: true, parquetName: true, csvName: true, scoresName: true, repairsName: true, "report.html": true, "report.md": true, heldOutName: true,
				saved.PlanName: true, saved.WordsName: true, generator.TrafficName: true, generator.TrainingName: true,
				saved.ExamplesName: tt.name == "copied payloads", "latent.json": tt.trains, "model/aggregate/": tt.aggregate}
			for name, want := range want {
				if got := has(m, name); got != want {
					t.Errorf("%s: %v, want %v", name, got, want)
				}
			}
			if _, _, err := saved.OpenAggregate(m); (err == nil) != tt.aggregate {
				t.Errorf("the aggregate level: %v", err)
			}
			drawSeven(t, m)
		})
	}
}

// A level needs the stages that it is made of, and no others; a generator without the
// level says so.
func TestLevels(t *testing.T) {
	for _, test := range []struct {
		overrides []string
		want      string // names of the stages, or the error
	}{
		{[]string{"generator=sampled", "level=packet", "data.flows=none"}, "read features vae gmm markov generate evaluate"},
		{[]string{"generator=paper", "level=packet", "data.flows=none"}, "read features vae gmm markov generate evaluate"},
		{[]string{"generator=sampled", "level=aggregate"}, "read flows generate evaluate"},
		{[]string{"generator=paper", "level=aggregate"}, "read flows generate evaluate"},
		{[]string{"generator=markov", "level=aggregate"}, `level: "aggregate": generator "markov" has no such level: want generator = "sampled" or "paper"`},
		{[]string{"generator=bootstrap", "level=packet", "data.flows=none"}, `level: "packet": generator "bootstrap" has no such level: want generator = "sampled" or "paper"`},
	} {
		g, err := Graph(experiment(t, test.overrides...))
		var got string
		if err != nil {
			got = err.Error()
		} else {
			for _, s := range g.Stages {
				got += " " + s.Name
			}
		}
		if strings.TrimSpace(got) != test.want {
			t.Errorf("%v: %s, want %s", test.overrides, got, test.want)
		}
	}
}

// The packet level draws a packet for each label of training, and is scored as a
// timeline.
func TestPacketLevel(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains on the Go backend")
	}
	m := finished(t, t.TempDir(), experiment(t, "generator=paper", "level=packet", "data.flows=none", "data.test_share=0.4", "data.path="+capture(t, 120)))
	level, err := saved.OpenPacketLevel(t.Context(), m, "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	drawn, err := table.ReadFlowPackets(m.Path(parquetName), nil)
	if err != nil {
		t.Fatal(err)
	}
	packets := 0
	for _, f := range drawn {
		packets += len(f.Packets)
	}
	if want := len(level.ObservedLabels()); packets != want {
		t.Errorf("%d packets drawn, want %d", packets, want)
	}
	if has(m, captureName) || has(m, saved.PlanName) {
		t.Error("single packets are no capture")
	}
	if _, err := saved.Open(t.Context(), []*run.Manifest{m}, "", io.Discard); err == nil || !strings.Contains(err.Error(), "level packet alone") {
		t.Errorf("flows of a packet level: %v", err)
	}
}

// drawSeven draws seven flows from a run, as later commands do.
func drawSeven(t *testing.T, m *run.Manifest) {
	t.Helper()
	source, err := saved.Open(t.Context(), []*run.Manifest{m}, "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	n := 0
	for _, err := range source.Flows(t.Context(), saved.Amount{Flows: 7, Seed: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 7 {
		t.Errorf("%d flows of the saved run, want 7", n)
	}
}

// interrupting ends a context as soon as a stage has been entered into a run.
type interrupting struct {
	context.CancelFunc
	p *Prepared
}

// after has the run end after a stage.
func (i interrupting) after(stage string) {
	check := i.p.Job.Check
	i.p.Job.Check = func(r *run.Run, name string) error {
		if name == stage {
			i.CancelFunc()
		}
		return check(r, name)
	}
}

// An interrupted run keeps what it has finished, and the next one goes on from there
// to the artifacts of a run that was not interrupted.
func TestRunResumes(t *testing.T) {
	e := experiment(t, "data.path="+capture(t, 60))
	want := finished(t, t.TempDir(), e)
	dir := t.TempDir()
	p := prepare(t, dir, e)
	ctx, cancel := context.WithCancel(t.Context())
	interrupting{cancel, p}.after("markov")
	r, err := p.Run(ctx, dir, run.Options{})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if m, err := run.Open(r.Dir()); err != nil || m.Status != run.Interrupted || len(m.Stages) != 2 {
		t.Errorf("%+v, %v", m, err)
	}
	m := finished(t, dir, e)
	for _, s := range m.Stages {
		if before := s.Name == "read" || s.Name == "markov"; s.Reused != before {
			t.Errorf("stage %s: reused %v", s.Name, s.Reused)
		}
	}
	for i, a := range m.Artifacts {
		if !strings.HasPrefix(a.Name, "report.") && a != want.Artifacts[i] { // the page says how long the stages took
			t.Errorf("%+v, want %+v", a, want.Artifacts[i])
		}
	}
}

// As few flows as eight are learnt, written and scored as far as that goes, and the
// run says that this is little.
func TestEightFlows(t *testing.T) {
	path := capture(t, 8)
	for _, kind := range []string{"markov", "bootstrap", "sampled", "paper"} {
		t.Run(kind, func(t *testing.T) {
			if testing.Short() && (kind == "sampled" || kind == "paper") {
				t.Skip("skipped in short mode: trains on the Go backend")
			}
			m := finished(t, t.TempDir(), experiment(t, "data.path="+path, "generator="+kind, "gmm.components=bic"))
			if note := m.Stages[0].Note; !strings.HasPrefix(note, "HTTP: 6 flows to learn from, 2 held out") {
				t.Errorf("note %q", note)
			}
			if text := fmt.Sprint(m.Warnings); !strings.Contains(text, "only 8 flows: 6 to learn from and 2 held out (data.test_share = 0.3 would hold out 2): models and scores are rough") {
				t.Errorf("warnings %s", text)
			}
			drawSeven(t, m)
			text, err := os.ReadFile(m.Path(scoresName))
			if err != nil {
				t.Fatal(err)
			}
			var scores []fidelity.Score
			if err := json.Unmarshal(text, &scores); err != nil || len(scores) == 0 {
				t.Fatal(len(scores), err)
			}
			for _, s := range scores {
				if s.Value == nil && s.Note == "" {
					t.Errorf("%s has no value and does not say why", s.Score)
				}
			}
		})
	}
}

// Keys that the experiment's generator does not use are refused with those that do.
func TestCheckKeys(t *testing.T) {
	e := experiment(t)
	if err := CheckKeys(e, []string{"markov.order=3", "generate.flows=7", "data.limit=5"}); err != nil {
		t.Error(err)
	}
	err := CheckKeys(e, []string{"lstm.noise = 0.1"})
	if err == nil || !strings.Contains(err.Error(), `is not used by generator "markov": want it with generator=sampled`) {
		t.Errorf("%v", err)
	}
	e.Generator = "other"
	if err := CheckKeys(e, nil); err == nil || !strings.Contains(err.Error(), "want one of bootstrap, markov, paper, sampled") {
		t.Errorf("%v", err)
	}
}

// Several applications are read once and learnt apart, and stand in one capture with as many
// flows of each as there were.
func TestSeveralApplications(t *testing.T) {
	e := experiment(t, "data.name=testbed", "data.path=", "data.limit=12000", "data.application=HTTP,DNS,udp/*", "generator=markov", "generate.flows=0", "evaluate.trees=5", "evaluate.floors=2")
	m := finished(t, t.TempDir(), e)
	want := flow.Applications{flow.HTTP, flow.DNS, flow.AnyPort(flow.UDP)}
	for _, name := range []string{"http/training.parquet", "dns/model/chain.json", "udp-any/traffic.json", "training.parquet", "model/plan.json"} {
		if !m.Has(name) {
			t.Errorf("no %s", name)
		}
	}
	learnt, made := map[flow.Application]int{}, map[flow.Application]int{}
	for _, name := range []string{"training.parquet", heldOutName} {
		flows, err := table.ReadFlowPackets(m.Path(name), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range flows {
			learnt[f.Application]++
		}
	}
	data, err := trace.OpenFile(t.Context(), m.Path(captureName), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	flows, _, err := flow.Collect((&flow.Assembler{Only: want}).Flows(data.Packets(t.Context(), trace.Selection{})))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flows {
		made[f.Application]++
	}
	for _, app := range want {
		if learnt[app] == 0 || math.Abs(float64(made[app]-learnt[app])) > 0.05*float64(learnt[app])+1 {
			t.Errorf("%v: %d flows learnt, %d in the capture", app, learnt[app], made[app])
		}
	}
	scored := map[string]bool{}
	for _, s := range scoresOf(t, m) {
		scored[s.Application] = true
	}
	if !scored["all"] || !scored["HTTP"] || !scored["udp/*"] {
		t.Errorf("scores of %v, want all, HTTP and udp/*", scored)
	}
}

// All of a capture is divided into what has flows enough, once for a session.
func TestWholeCapture(t *testing.T) {
	e := experiment(t, "data.name=testbed", "data.path=", "data.limit=12000", "data.application=all", "generator=markov")
	p, err := Prepare(t.Context(), "capture", nil, e, Options{Store: store.Open(t.TempDir(), nil)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	apps := p.Spec.Config.Data.Application
	if !slices.Contains(apps, flow.HTTP) || !slices.Contains(apps, flow.DNS) || slices.Contains(apps, flow.ICMPApplication) {
		t.Errorf("all is %v", apps)
	}
	for _, s := range []string{"read", "http/markov", "dns/markov", "hosts", "generate", "evaluate"} {
		if _, ok := p.Job.Graph.Stage(s); !ok {
			t.Errorf("no stage %s", s)
		}
	}
}
