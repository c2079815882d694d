package executor_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// The environment of a process of these tests, which runs the graph once.
const (
	childFolder = "EXECUTOR_TEST_FOLDER"
	childKill   = "EXECUTOR_TEST_KILL" // step at which the process kills itself
	childName   = "EXECUTOR_TEST_NAME" // of the experiment, so that processes have runs of their own; "" for fake
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if _, err := newJob(dir).run(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// job is a graph of three stages, read -> model -> text, that need nothing:
//
//	read    data            -> read.txt           draws from seed "split"
//	model   read.txt        -> model/ (3 files)   on the device, with a checkpoint
//	text    read.txt model/ -> text.txt
type job struct {
	dir      string // of store, runs and a file that counts
	data     string
	seed     uint64
	device   string
	params   map[string]any
	versions map[string]int
	again    []string
	hidden   string // a stage opens this without declaring it
	fails    string // the stage that fails
	panics   string // the stage that panics
	hangs    string // the stage that does not notice the end of its context
	check    func(r *run.Run, stage string) error
	steps    int
}

func newJob(dir string) *job {
	return &job{dir: dir, data: "data", seed: 1, device: "go", params: map[string]any{}, versions: map[string]int{}}
}

// step is a moment between two writes: a process of TestKills may end here.
func (j *job) step() {
	j.steps++
	if at, err := strconv.Atoi(os.Getenv(childKill)); err == nil && at == j.steps {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute)
	}
}

// computed notes that a stage runs.
func (j *job) computed(name string) error {
	f, err := os.OpenFile(filepath.Join(j.dir, "computed"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, name)
	return errors.Join(err, f.Close())
}

// counts returns how often each stage ran since the last call.
func (j *job) counts(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(j.dir, "computed"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(j.dir, "computed"))
	counts := map[string]int{}
	for _, name := range strings.Fields(string(text)) {
		counts[name]++
	}
	return counts
}

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func readAll(env *stage.Env, dep string) (string, error) {
	in, err := env.Open(dep)
	if err != nil {
		return "", err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	return string(text), err
}

func (j *job) graph() (*stage.Graph, error) {
	stages := []stage.Stage{
		{Name: "text", Deps: []string{"read.txt", "model/"}, Outs: []string{"text.txt"}, Run: j.text},
		{Name: "read", Deps: []string{"data"}, Outs: []string{"read.txt"}, Seeds: []string{"split"}, Run: j.read},
		{Name: "model", Deps: []string{"read.txt"}, Outs: []string{"model/"}, Device: true, Run: j.model},
	}
	for i := range stages {
		stages[i].Params, stages[i].Version = j.params[stages[i].Name], j.versions[stages[i].Name]
	}
	return stage.NewGraph(stages, "data")
}

func (j *job) read(_ context.Context, env *stage.Env) error {
	if err := j.computed("read"); err != nil {
		return err
	}
	if _, err := env.Open(j.hidden); j.hidden != "" && err != nil {
		return err
	}
	text, err := readAll(env, "data")
	if err != nil {
		return err
	}
	j.step()
	seed, err := env.Seed("split")
	if err != nil {
		return err
	}
	env.Note("%d bytes", len(text))
	env.Warn(errors.New("a doubt"))
	return env.Write("read.txt", write(fmt.Sprint(text, seed)))
}

func (j *job) model(_ context.Context, env *stage.Env) error {
	if err := j.computed("model"); err != nil {
		return err
	}
	if j.fails == "model" {
		return errors.New("it fails")
	}
	if j.panics == "model" {
		panic("a mistake")
	}
	if j.hangs == "model" {
		select {}
	}
	text, err := readAll(env, "read.txt")
	if err != nil {
		return err
	}
	dir, err := env.OutPath("model/")
	if err != nil {
		return err
	}
	from := 0
	state := filepath.Join(env.Checkpoint(), "epoch")
	if done, err := os.ReadFile(state); err == nil {
		from, _ = strconv.Atoi(string(done))
	}
	for epoch := from; epoch < 3; epoch++ {
		j.step()
		if err := env.Record("model/loss", epoch, float64(10-epoch)); err != nil {
			return err
		}
		j.step()
		if err := errors.Join(os.MkdirAll(env.Checkpoint(), 0o777), os.WriteFile(state, []byte(fmt.Sprint(epoch+1)), 0o666)); err != nil {
			return err
		}
	}
	for i := range 3 {
		j.step()
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte(text+fmt.Sprint(i)), 0o666); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) text(_ context.Context, env *stage.Env) error {
	if err := j.computed("text"); err != nil {
		return err
	}
	dir, err := env.Path("model/")
	if err != nil {
		return err
	}
	var all strings.Builder
	for i := range 3 {
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return err
		}
		all.Write(text)
	}
	j.step()
	return env.Write("text.txt", write(all.String()))
}

func (j *job) job() (*executor.Job, error) {
	g, err := j.graph()
	if err != nil {
		return nil, err
	}
	_, sum, err := store.Digest(strings.NewReader(j.data))
	if err != nil {
		return nil, err
	}
	keys, err := g.Keys(stage.Facts{Seed: j.seed, Inputs: map[string]string{"data": sum}, Device: j.device})
	if err != nil {
		return nil, err
	}
	return &executor.Job{Graph: g, Keys: keys, Store: store.Open(filepath.Join(j.dir, "runs", ".cache"), nil), Seed: j.seed, Again: j.again, Check: j.check,
		Inputs: map[string]func() (io.ReadCloser, error){"data": func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(j.data)), nil }}}, nil
}

// run runs the graph and returns the run's folder.
func (j *job) run(ctx context.Context) (string, error) {
	job, err := j.job()
	if err != nil {
		return "", err
	}
	spec := run.Spec{Experiment: cmp.Or(os.Getenv(childName), "fake"), Config: config.Default()}
	for _, name := range slices.Sorted(maps.Keys(job.Keys)) {
		spec.Keys = append(spec.Keys, job.Keys[name].Sum)
	}
	var r *run.Run
	for r == nil { // another process of the test may write the same run just now
		if r, err = run.Start(filepath.Join(j.dir, "runs"), spec, run.Options{}); errors.Is(err, run.ErrLocked) {
			time.Sleep(5 * time.Millisecond)
		} else if err != nil {
			return "", err
		}
	}
	return r.Dir(), r.Finish(executor.Run(ctx, job, r), nil)
}

func (j *job) must(t *testing.T) string {
	t.Helper()
	dir, err := j.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Verify(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Exactly what depends on a change runs again, and the plan says so beforehand.
func TestRunsWhatChanged(t *testing.T) {
	tests := []struct {
		name   string
		change func(j *job)
		runs   []string
		why    string // of the first that runs
	}{
		{"nothing", func(*job) {}, nil, ""},
		{"a parameter of the first", func(j *job) { j.params["read"] = map[string]int{"limit": 5} }, []string{"read", "model", "text"}, "params: nothing -> "},
		{"a parameter of the second", func(j *job) { j.params["model"] = 48 }, []string{"model", "text"}, "params: nothing -> 48"},
		{"a parameter of the last", func(j *job) { j.params["text"] = "x" }, []string{"text"}, "params: nothing -> x"},
		{"the data", func(j *job) { j.data = "other" }, []string{"read", "model", "text"}, "deps.data: "},
		{"the seed", func(j *job) { j.seed = 2 }, []string{"read", "model", "text"}, "another seed for split"},
		{"the device", func(j *job) { j.device = "xla:cpu" }, []string{"model", "text"}, "device: go -> xla:cpu"},
		{"a version", func(j *job) { j.versions["model"] = 1 }, []string{"model", "text"}, "version: 0 -> 1"},
		{"the whole by force", func(j *job) { j.again = []string{"read", "model", "text"} }, []string{"read", "model", "text"}, "it is asked to run again"},
		{"from the second", func(j *job) { j.again = []string{"model", "text"} }, []string{"model", "text"}, "it is asked to run again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := newJob(t.TempDir())
			j.must(t)
			j.counts(t)
			tt.change(j)
			job, err := j.job()
			if err != nil {
				t.Fatal(err)
			}
			var planned []string
			for _, s := range executor.Plan(job) {
				if s.Cached {
					continue
				}
				if len(planned) == 0 && !strings.HasPrefix(s.Why, tt.why) {
					t.Errorf("%s runs because %q, want %q", s.Stage, s.Why, tt.why)
				}
				planned = append(planned, s.Stage)
			}
			if !slices.Equal(planned, tt.runs) {
				t.Errorf("the plan says that %v run, want %v", planned, tt.runs)
			}
			j.must(t)
			want := map[string]int{}
			for _, name := range tt.runs {
				want[name] = 1
			}
			if got := j.counts(t); !maps.Equal(got, want) {
				t.Errorf("%v ran, want %v", got, want)
			}
		})
	}
}

func TestPlanNeverMade(t *testing.T) {
	job, err := newJob(t.TempDir()).job()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range executor.Plan(job) {
		if s.Cached || s.Why != "it was never made" {
			t.Errorf("%+v", s)
		}
	}
}

func TestFrom(t *testing.T) {
	g, err := newJob(t.TempDir()).graph()
	if err != nil {
		t.Fatal(err)
	}
	got, err := executor.From(g, "model")
	if err != nil || !slices.Equal(got, []string{"model", "text"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := executor.From(g, "modell"); err == nil || !strings.Contains(err.Error(), `no stage "modell": want one of [read model text]`) {
		t.Errorf("%v", err)
	}
}

// What is not declared cannot be opened, and the run stays, as one that failed.
func TestHiddenInput(t *testing.T) {
	j := newJob(t.TempDir())
	j.hidden = "model/"
	dir, err := j.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), `stage read: uses dependency "model/", which it does not declare: it declares data`) {
		t.Errorf("%v", err)
	}
	m, err := run.Open(dir)
	if err != nil || m.Status != run.Failed || !strings.Contains(m.Error, "does not declare") {
		t.Errorf("%+v, %v", m, err)
	}
}

// A run that fails keeps what it has finished; mended, it goes on from there with
// all rows, doubts and curves of the first part.
func TestFailure(t *testing.T) {
	for name, fail := range map[string]func(j *job){"error": func(j *job) { j.fails = "model" }, "panic": func(j *job) { j.panics = "model" }} {
		t.Run(name, func(t *testing.T) {
			j := newJob(t.TempDir())
			fail(j)
			dir, err := j.run(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), "model: ") {
				t.Fatal(err)
			}
			m, err := run.Open(dir)
			if err != nil || m.Status != run.Failed || len(m.Stages) != 1 || m.Stages[0].Name != "read" {
				t.Fatalf("%+v, %v", m, err)
			}
			log, err := os.ReadFile(filepath.Join(dir, "log.txt"))
			if err != nil || name == "panic" && !strings.Contains(string(log), "executor_test.go") {
				t.Errorf("the log has no trace: %s, %v", log, err)
			}
			if _, err := os.Readlink(filepath.Join(filepath.Dir(dir), "latest")); err == nil {
				t.Error("latest points to a run that failed")
			}
			j.fails, j.panics = "", ""
			if again := j.must(t); again != dir {
				t.Errorf("the mended run is %s, not %s", again, dir)
			}
			if m, err = run.Open(dir); err != nil || m.Status != run.Finished || m.Error != "" || len(m.Stages) != 3 || !m.Stages[0].Reused || m.Stages[1].Reused {
				t.Errorf("%+v, %v", m, err)
			}
			if len(m.Warnings) != 1 || m.Warnings[0] != "a doubt" || m.Stages[0].Note != "4 bytes" {
				t.Errorf("warnings %q, note %q", m.Warnings, m.Stages[0].Note)
			}
			if metrics, err := m.Metrics(); err != nil || len(metrics) != 3 {
				t.Errorf("%v, %v", metrics, err)
			}
		})
	}
}

func TestInterruption(t *testing.T) {
	j := newJob(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir, err := j.run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if m, err := run.Open(dir); err != nil || m.Status != run.Interrupted {
		t.Errorf("%+v, %v", m, err)
	}
	j.must(t)
}

// A stage that does not notice the interruption does not hold the process up, and
// what it has claimed is free when the process has ended.
func TestAbandoned(t *testing.T) {
	j := newJob(t.TempDir())
	j.hangs = "model"
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := j.run(ctx); !errors.Is(err, executor.Abandoned) || time.Since(began) > 2*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

// A run says which of its stages is under way and where its metrics grow, and no stage
// when it has ended.
func TestWork(t *testing.T) {
	j := newJob(t.TempDir())
	j.hangs = "model"
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var work *run.Work
	go func() {
		_, err := j.run(ctx)
		ended <- err
	}()
	for work == nil || work.Stage != "model" {
		if len(ended) > 0 {
			t.Fatal(<-ended)
		}
		runs, _, err := run.List(filepath.Join(j.dir, "runs"))
		if err == nil && len(runs) == 1 {
			work, err = runs[0].Work()
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
	made, err := j.job()
	if err != nil {
		t.Fatal(err)
	}
	if key := made.Keys["model"].Sum; work.Key != key || work.Number < 2 || work.Of <= work.Number {
		t.Errorf("%+v, want key %s and one of the middle stages", work, key)
	}
	cancel()
	<-ended
	runs, _, err := run.List(filepath.Join(j.dir, "runs"))
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	if work, err := runs[0].Work(); work != nil || err != nil {
		t.Errorf("after the end: %+v, %v", work, err)
	}
}

// What can be checked once a stage's results are there ends the run there.
func TestCheck(t *testing.T) {
	j := newJob(t.TempDir())
	boom := errors.New("no room")
	j.check = func(r *run.Run, stage string) error {
		if _, err := os.Stat(r.Path("read.txt")); err != nil {
			t.Error(err)
		}
		if stage == "read" {
			return boom
		}
		return nil
	}
	if _, err := j.run(t.Context()); !errors.Is(err, boom) {
		t.Errorf("%v", err)
	}
	if got := j.counts(t); !maps.Equal(got, map[string]int{"read": 1}) {
		t.Errorf("%v ran", got)
	}
}

// A stage that makes what it does not declare, or does not make what it declares,
// is refused.
func TestUndeclaredArtifacts(t *testing.T) {
	for want, outs := range map[string][]string{"it has made read.txt, which it does not declare": {"folder/"}, "it has not made b.txt, which it declares": {"read.txt", "b.txt"}} {
		s := store.Open(t.TempDir(), nil)
		_, claim, err := s.Claim(t.Context(), "read", stage.Key{Sum: strings.Repeat("a", 64)}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(claim.Dir, "read.txt"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := claim.Commit(outs, "", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A damaged entry is found when it is taken out, said, and made again.
func TestDamage(t *testing.T) {
	j := newJob(t.TempDir())
	dir := j.must(t)
	want := digests(t, dir)
	j.counts(t)
	entries, err := filepath.Glob(filepath.Join(j.dir, "runs", ".cache", "model", "*", "model", "1"))
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	if err := os.WriteFile(entries[0], []byte("damaged"), 0o666); err != nil && os.Geteuid() == 0 {
		t.Fatal(err)
	}
	if m, err := run.Open(dir); err != nil || m.Check("model/") == nil {
		t.Errorf("the run, whose file is the same, does not find the damage: %v", err)
	}
	j.must(t)
	if got := j.counts(t); !maps.Equal(got, map[string]int{"model": 1}) {
		t.Errorf("%v ran", got)
	}
	m, err := run.Open(dir)
	if err != nil || !slices.ContainsFunc(m.Warnings, func(w string) bool { return strings.Contains(w, "model: the stored result is damaged") }) {
		t.Errorf("%q, %v", m.Warnings, err)
	}
	if got := digests(t, dir); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// digests are the digests of a run's artifacts.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	m, err := run.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Verify(dir); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, a := range m.Artifacts {
		found[a.Name] = a.SHA256
	}
	return found
}

// child starts a process that runs the graph in dir.
func child(t *testing.T, dir string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childFolder+"="+dir), env...)
	return cmd
}

// A process that is killed between any two writes is taken up: the run that follows
// has the digests of one that was not killed.
func TestKills(t *testing.T) {
	want := digests(t, newJob(t.TempDir()).must(t))
	killed := 0
	for at := 1; at < 40; at++ {
		j := newJob(t.TempDir())
		if err := child(t, j.dir, childKill+"="+strconv.Itoa(at)).Run(); err == nil {
			break
		}
		killed++
		if got := digests(t, j.must(t)); !maps.Equal(got, want) {
			t.Errorf("killed at step %d: %v, want %v", at, got, want)
		}
	}
	if killed != 11 { // as many as there are steps
		t.Errorf("killed at %d steps", killed)
	}
	// And at any other moment, between the store's own writes: the same folder again
	// and again, until it comes through.
	for round := range 10 {
		j := newJob(t.TempDir())
		for i := range 30 {
			cmd := child(t, j.dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(i*round*97%9000) * time.Microsecond)
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // a killed process is an error
		}
		if got := digests(t, j.must(t)); !maps.Equal(got, want) {
			t.Errorf("round %d: %v, want %v", round, got, want)
		}
	}
}

// Eight processes on one store make each stage once, whether they write one run or
// each its own; and once more what is damaged.
func TestManyProcesses(t *testing.T) {
	want := digests(t, newJob(t.TempDir()).must(t))
	for name, own := range map[string]bool{"one run": false, "a run each": true} {
		t.Run(name, func(t *testing.T) {
			j := newJob(t.TempDir())
			eight := func() {
				var wait sync.WaitGroup
				for i := range 8 {
					wait.Go(func() {
						cmd := child(t, j.dir)
						if own {
							cmd.Env = append(cmd.Env, childName+"="+fmt.Sprint("run", i))
						}
						if out, err := cmd.CombinedOutput(); err != nil {
							t.Errorf("%v: %s", err, out)
						}
					})
				}
				wait.Wait()
			}
			eight()
			if got := j.counts(t); !maps.Equal(got, map[string]int{"read": 1, "model": 1, "text": 1}) {
				t.Errorf("%v ran, want each once", got)
			}
			entries, err := filepath.Glob(filepath.Join(j.dir, "runs", ".cache", "model", "*", "model", "1"))
			if err != nil || len(entries) != 1 {
				t.Fatal(entries, err)
			}
			if err := errors.Join(os.Remove(entries[0]), os.WriteFile(entries[0], []byte("damaged"), 0o666)); err != nil {
				t.Fatal(err)
			}
			eight()
			if got := j.counts(t); !maps.Equal(got, map[string]int{"model": 1}) {
				t.Errorf("%v ran, want what was damaged", got)
			}
			runs, err := filepath.Glob(filepath.Join(j.dir, "runs", "*", "latest"))
			if err != nil || own && len(runs) != 8 {
				t.Fatal(runs, err)
			}
			for _, dir := range runs {
				if got := digests(t, dir); !maps.Equal(got, want) {
					t.Errorf("%s: %v, want %v", dir, got, want)
				}
			}
		})
	}
}

// Runs that go on while others prune everything, again and again, come to their end
// with whole folders: what is pruned before it is linked is made again.
func TestPruneUnderWay(t *testing.T) {
	want := digests(t, newJob(t.TempDir()).must(t))
	j := newJob(t.TempDir())
	s := store.Open(filepath.Join(j.dir, "runs", ".cache"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.Prune(0); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 10 {
		if got := digests(t, j.must(t)); !maps.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	cancel()
	wait.Wait()
}

// An entry that is pruned when it has been found, but not yet linked, is made again.
func TestPrunedBeforeLink(t *testing.T) {
	j := newJob(t.TempDir())
	want := digests(t, j.must(t))
	j.counts(t)
	s := store.Open(filepath.Join(j.dir, "runs", ".cache"), nil)
	entries, err := filepath.Glob(filepath.Join(j.dir, "runs", ".cache", "model", "*", ".metrics.jsonl"))
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	// A named pipe in place of the metrics holds the run up just behind the link.
	if err := errors.Join(os.Remove(entries[0]), syscall.Mkfifo(entries[0], 0o600)); err != nil {
		t.Skip(err)
	}
	pruned := make(chan error)
	go func() {
		pipe, err := os.OpenFile(entries[0], os.O_WRONLY, 0) // the run has opened it
		if err == nil {
			_, err = s.Prune(0)
			err = errors.Join(err, pipe.Close())
		}
		pruned <- err
	}()
	if got := digests(t, j.must(t)); len(got) != len(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if err := <-pruned; err != nil {
		t.Error(err)
	}
	if got := j.counts(t); got["text"] != 1 || got["read"] != 0 {
		t.Errorf("%v ran: want what was pruned and not yet linked", got)
	}
}

// A run folder that is removed while a stage runs ends the run with one message, and
// the run that follows has all that was finished.
func TestRunFolderRemoved(t *testing.T) {
	want := digests(t, newJob(t.TempDir()).must(t))
	for _, when := range []string{"read", "model", "text"} {
		t.Run(when, func(t *testing.T) {
			j := newJob(t.TempDir())
			j.check = func(r *run.Run, stage string) error {
				if stage != when {
					return nil
				}
				return os.RemoveAll(r.Dir())
			}
			dir, err := j.run(t.Context())
			if err == nil || !strings.Contains(err.Error(), dir+" was removed or replaced while it was written") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the run that failed has made the folder again: %v", err)
			}
			j.check = nil
			before := j.counts(t)
			if got := digests(t, j.must(t)); !maps.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			if after := j.counts(t); before["read"]+after["read"] != 1 || before["text"]+after["text"] > 2 {
				t.Errorf("%v, then %v ran", before, after)
			}
		})
	}
}
