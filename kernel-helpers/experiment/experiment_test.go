package experiment

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/gmm"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// A run is made once, and more is generated from it; a frame of the capture has the packets
// that were written.
func TestRunAndGenerate(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(notebook.RunsVariable, dir)
	overrides := []string{"generator=markov", "generate.flows=50", "evaluate.trees=5"}
	m := Run("dns", overrides...)
	if m.Status != run.Finished || !strings.HasPrefix(m.Dir, dir) {
		t.Fatalf("%s in %s", m.Status, m.Dir)
	}
	if again := Run("dns", overrides...); again.ID != m.ID || !again.Finished.Equal(m.Finished) {
		t.Errorf("it was run again: %s, %s", again.Finished, m.Finished)
	}
	capture, packets := notebook.File("more.pcap"), notebook.File("more.parquet")
	Generate("dns", saved.Amount{Flows: 20}, capture, packets)
	of, in := notebook.Packets(capture), notebook.Packets(packets)
	if of.Err() != nil || of.Len() == 0 || of.Len() != in.Len() {
		t.Errorf("%d packets in the capture (%v), %d in the table (%v)", of.Len(), of.Err(), in.Len(), in.Err())
	}
	if err := generate(t.Context(), "dns", saved.Amount{Flows: 5}, []string{capture, filepath.Join(dir, "no", "folder.pcap")}); err == nil || !strings.Contains(err.Error(), "folder.pcap") {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := generate(t.Context(), "http", saved.Amount{Flows: 5}, nil); err == nil || !strings.Contains(err.Error(), "go run ./experiments run http") {
		t.Errorf("no run: %v", err)
	}
}

// Of two cells that make the same run at once one makes it and the other waits.
func TestTwoCells(t *testing.T) {
	t.Setenv(notebook.RunsVariable, t.TempDir())
	var made [2]*run.Manifest
	var both sync.WaitGroup
	for i := range made {
		both.Go(func() { made[i] = Run("dns", "generator=markov", "generate.flows=50", "evaluate.trees=5") })
	}
	both.Wait()
	if made[0].Dir != made[1].Dir || !made[0].Finished.Equal(made[1].Finished) {
		t.Errorf("it was made twice: %s at %s, %s at %s", made[0].Dir, made[0].Finished, made[1].Dir, made[1].Finished)
	}
}

// The lowest and the highest level are drawn by themselves.
func TestLevels(t *testing.T) {
	t.Setenv(notebook.RunsVariable, t.TempDir())
	Run("dns", "level=packet", "data.flows=none", "backend=go", "vae.epochs=1", "evaluate.trees=5", "data.limit=4000")
	if f := PacketLevel("dns", 70); f.Err() != nil || f.Len() != 70 || f.Columns()[0] != "label" {
		t.Errorf("%d packets of %v, %v", f.Len(), f.Columns(), f.Err())
	}
	if f := PacketLevel("http", 1); f.Err() == nil {
		t.Error("packets were drawn without a run")
	}
	Run("dns", "level=aggregate", "evaluate.trees=5", "data.limit=4000")
	if f := AggregateLevel("dns", 30); f.Err() != nil || f.Len() != 30 {
		t.Errorf("%d flows, %v", f.Len(), f.Err())
	}
	if f := AggregateLevel("http", 1); f.Err() == nil {
		t.Error("flows were drawn without a run")
	}
}

func TestMixture(t *testing.T) {
	x := mat.NewDense(9000, 3, nil)
	m := &gmm.Model{Weights: []float64{1}, Means: [][]float64{{0, 0, 0}}, Covariances: []*mat.SymDense{mat.NewSymDense(3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1})}}
	if _, err := Mixture("Latent", mat.NewDense(2, 2, nil), m); err == nil || !strings.Contains(err.Error(), "points of 2 columns and a mixture of 3") {
		t.Errorf("other points: %v", err)
	}
	_ = x
}

// The files of a stage are named by their folders where they are a model's.
func TestFiles(t *testing.T) {
	s := run.Stage{Artifacts: map[string]string{"model/vae/vae.json": "", "model/vae/checkpoint.bin": "", "model/latents.bin": "", "scores.json": ""}}
	if got, want := files(s), "model/latents.bin, model/vae/, scores.json"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The status of a stage under way is one line, whatever is known of it.
func TestProgress(t *testing.T) {
	for _, test := range []struct {
		total, done int64
		want        string
	}{
		{0, 7, "lstm         7 epochs"},
		{60, 0, "lstm         " + strings.Repeat("░", 24) + " 0 of 60 epochs"},
		{60, 30, "lstm         " + strings.Repeat("█", 12) + strings.Repeat("░", 12) + " 30 of 60 epochs"},
		{60, 90, "lstm         " + strings.Repeat("█", 24) + " 90 of 60 epochs"},
	} {
		v := newView("quickstart", []string{"seed=2"})
		v.what, v.done, v.total, v.unit = "lstm", test.done, test.total, "epochs"
		if got := v.progress(); got != test.want {
			t.Errorf("%d of %d: %q, want %q", test.done, test.total, got, test.want)
		}
	}
	v := newView("quickstart", nil)
	v.what, v.done, v.total, v.unit, v.first, v.firstDone = "lstm", 20, 60, "epochs", 10, time.Now().Add(-10*time.Second)
	if got := v.progress(); !strings.Contains(got, "20 of 60 epochs, 40.0 s left") {
		t.Errorf("%q", got)
	}
	fmt.Fprint(v, "read  0.1 s\n")
	if v.said.String() != "read  0.1 s\n" {
		t.Errorf("said: %q", &v.said)
	}
}
