package serve

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/filelock"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/slurm"
	"github.com/necstgen/necstgen/experiments/sweep"
)

// newSweep writes the files of a sweep of four points: one has finished, one has failed,
// one was killed and one waits.
func newSweep(t *testing.T, f *folderOfRuns) *sweep.Manifest {
	t.Helper()
	m := &sweep.Manifest{Schema: 1, ID: "aaaabbbbcccc", Name: "units", Experiment: "quickstart", Config: config.Default(), Fixed: []string{"vae.epochs=2"},
		Axes: []sweep.Axis{{Key: "lstm.units", Values: []string{"16", "32"}}, {Key: "seed", Values: []string{"1", "2"}}}, Started: time.Now(),
		Dir: filepath.Join(f.dir, ".sweeps", "aaaabbbbcccc")}
	write := func(name string, value any) {
		text, err := json.Marshal(value)
		path := filepath.Join(m.Dir, filepath.FromSlash(name))
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o777)
		}
		if err == nil {
			err = os.WriteFile(path, text, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("sweep.json", m)
	write("slurm/jobs.jsonl", slurm.Job{ID: "4711"})
	appendText(t, filepath.Join(m.SlurmDir(), "jobs.jsonl"), "\n{")
	for i, s := range []sweep.State{{Status: run.Finished, Run: folder(f.finished), Seconds: 12, Host: "n1"}, {Status: run.Failed, Error: "no <room>"}, {Status: run.Running}} {
		write(fmt.Sprintf("points/%04d.json", i+1), s)
	}
	return m
}

func TestSweeps(t *testing.T) {
	f := newFolder(t)
	s := f.server()
	h := s.Handler()
	if page := get(h, "GET", "/sweeps", "localhost").Body.String(); !strings.Contains(page, "There is no sweep yet.") {
		t.Error("there are sweeps where there are none")
	}
	m := newSweep(t, f)
	for target, want := range map[string][]string{
		"/sweeps": {`<a href="/sweeps/aaaabbbbcccc">units</a>`, "1 of 4 ", "1 finished, 1 failed, 1 interrupted, 1 waiting", "lstm.units, seed"},
		"/sweeps/aaaabbbbcccc": {"<h1>Sweep units</h1>", "of quickstart vae.epochs=2 over lstm.units, seed", "jobs of Slurm 4711", `href="/runs/` + folder(f.finished) + `"`,
			"no &lt;room&gt;", "12.0 s", "<h2>Best point</h2>", "lstm.units=16 seed=1", "<h2>Verdicts</h2>", `name="run" value="` + folder(f.finished) + `"`},
		"/sweeps/ffff":        {"there is no sweep ffff"},
		"/sweeps/..%2F.cache": {"there is no sweep ../.cache"},
	} {
		page := get(h, "GET", target, "localhost").Body.String()
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s lacks %q:\n%s", target, text, page)
			}
		}
	}
	before := s.summaries[m.Dir]
	if get(h, "GET", "/sweeps/aaaabbbbcccc", "localhost"); s.summaries[m.Dir] != before {
		t.Error("the scores are read again though no further point has finished")
	}
	if err := os.WriteFile(filepath.Join(m.Dir, "points", "0002.json"), []byte(`{"status`), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/sweeps", "/sweeps/aaaabbbbcccc"} {
		if page := get(h, "GET", target, "localhost").Body.String(); !strings.Contains(page, "0002.json: unexpected end of JSON input") || !strings.Contains(page, "1 of 4") {
			t.Errorf("%s: half a file is no line, or takes the others away:\n%s", target, page)
		}
	}
	if err := os.RemoveAll(f.finished.Dir); err != nil {
		t.Fatal(err)
	}
	if page := get(h, "GET", "/sweeps/aaaabbbbcccc", "localhost").Body.String(); strings.Contains(page, `href="/runs/`) {
		t.Error("a point has a link to a run that was removed")
	}
}

// A point under way has the run that has its settings. Whoever runs a point holds its lock.
func TestRunningPoint(t *testing.T) {
	f := newFolder(t)
	m := newSweep(t, f)
	e, err := config.Default().Override("vae.epochs=2", "lstm.units=32", "seed=1")
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Start(f.dir, run.Spec{Experiment: "quickstart", Config: e, Keys: []string{"x"}}, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Working(run.Work{Stage: "lstm", Number: 7, Of: 11})
	path := filepath.Join(m.Dir, "points", "0003.lock")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	lock, err := filelock.Try(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	page := get(f.server().Handler(), "GET", "/sweeps/aaaabbbbcccc", "localhost").Body.String()
	for _, want := range []string{`3 <a href="/runs/` + folder(r.Manifest()) + `"`, `<span class="running">running</span><br><small>lstm</small>`, "1 finished, 1 running, 1 failed, 1 waiting"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	_ = r.Finish(os.ErrClosed, nil)
}

// What several points need is made first; the page says how far that is.
func TestShared(t *testing.T) {
	f := newFolder(t)
	m := newSweep(t, f)
	r, err := run.Start(m.SharedDir(), run.Spec{Experiment: "quickstart", Config: config.Default()}, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Working(run.Work{Stage: "vae", Number: 3, Of: 5, Done: 1, Total: 2, Unit: "epochs"})
	page := get(f.server().Handler(), "GET", "/sweeps/aaaabbbbcccc", "localhost").Body.String()
	if !strings.Contains(page, "Shared by several points: stage 3 of 5, vae 1 of 2 epochs, for") || !strings.Contains(page, `data-every="2"`) {
		t.Errorf("the page does not say what is made first:\n%s", page)
	}
	_ = r.Finish(os.ErrClosed, nil)
}
