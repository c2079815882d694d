package sweep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/runner"
	"github.com/necstgen/necstgen/experiments/store"
)

// fast makes dns an experiment of a second that needs no device.
var fast = []string{"generator=markov", "generate.flows=50", "evaluate.trees=5", "evaluate.floors=2"}

func newRunner(t testing.TB) *runner.Runner {
	return &runner.Runner{File: "../../experiments.toml", Runs: t.TempDir()}
}

// planned makes a sweep of dns, plans and saves it.
func planned(t testing.TB, r *runner.Runner, o Options, assignments ...string) (*Sweep, *Plan) {
	t.Helper()
	s, err := New(r, "dns", slices.Concat(fast, assignments), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	p, err := s.Plan(t.Context())
	if err == nil {
		err = s.Save()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func TestMistakes(t *testing.T) {
	for _, tt := range []struct {
		assignments string
		options     Options
		want        []string // lines
	}{
		{"lstm.unit=32,64", Options{}, []string{`config: unknown key "lstm.unit"; did you mean "lstm.units"?`}},
		{"lstm.unit=32,64 vae.epoch=3", Options{}, []string{`config: unknown key "vae.epoch"`, `config: unknown key "lstm.unit"`}},
		{"vae=1,2", Options{}, []string{`config: "vae" is a table`}},
		{"lstm.units=32,0,-1 seed=1..2", Options{}, []string{`point 3 (lstm.units=0 seed=1) and 1 more: lstm.units: "0": want a whole number from 1 to `, `point 5 (lstm.units=-1 seed=1) and 1 more: lstm.units: "-1": want`}},
		{"lstm.units=32 gmm.components=0 seed=1..2", Options{}, []string{`all 2 points: gmm.components: "0": want`}},
		{"generator=markov,sampled lstm.units=32", Options{}, []string{`point 1 (generator=markov): lstm.units: 32: is not used by generator "markov"`}},
		{"level=flow,packet", Options{}, []string{`point 2 (level=packet): level: "packet": knows no flows`}},
		{"seed=1..2", Options{Name: "a b"}, []string{`--name: run: name or tag "a b"`}},
		{"seed=1..2", Options{OnError: "wait"}, []string{`--on-error "wait": want stop or continue`}},
		{"seed=1..2", Options{Seeds: 2}, []string{"sweep: --seeds 2: the seed is given, too"}},
	} {
		r := newRunner(t)
		_, err := New(r, "dns", strings.Fields(tt.assignments), tt.options)
		if err == nil || !errors.As(err, new(runner.Mistake)) {
			t.Errorf("%s: %v, want a Mistake", tt.assignments, err)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(tt.want) {
			t.Errorf("%s: %q, want %q", tt.assignments, lines, tt.want)
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: %q, want %q", tt.assignments, lines[i], want)
			}
		}
		if left, _ := os.ReadDir(r.Runs); len(left) > 0 {
			t.Errorf("%s: %v is left", tt.assignments, left)
		}
	}
	if _, err := New(newRunner(t), "dnss", []string{"seed=1..2"}, Options{}); !errors.As(err, new(runner.Mistake)) || !strings.Contains(err.Error(), `did you mean "dns"?`) {
		t.Error(err)
	}
}

// Of six points with three orders of the chain and two seeds, those of a seed share what does
// not depend on the order.
func TestPlan(t *testing.T) {
	_, p := planned(t, newRunner(t), Options{}, "markov.order=1..3", "seed=1,2")
	if p.Points != 6 || p.Finished != 0 || p.Total.Stored != 0 || p.Total.Run != p.Total.Different || p.Total.Points != 42 || !slices.Contains(p.Unknown, "markov") {
		t.Errorf("%+v", p)
	}
	for _, want := range []StagePlan{{Stage: "read", Points: 6, Different: 2, Shared: 2, Run: 2}, {Stage: "markov", Points: 6, Different: 6, Run: 6}, {Stage: "evaluate", Points: 6, Different: 6, Run: 6}} {
		if !slices.Contains(p.Stages, want) {
			t.Errorf("%+v lacks %+v", p.Stages, want)
		}
	}
}

func TestGroups(t *testing.T) {
	r := newRunner(t)
	s, _ := planned(t, r, Options{}, "markov.order=1..2", "seed=1,2")
	if len(s.Groups) != 2 || !slices.Equal(s.Groups[0].Points, []int{1, 3}) || !slices.Equal(s.Groups[1].Points, []int{2, 4}) || s.Groups[0].Stages[0] != "read" || slices.Contains(s.Groups[0].Stages, "markov") {
		t.Errorf("%+v", s.Groups)
	}
	if err := s.MakeShared(t.Context(), 1, nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"read": 1, "hosts": 1, "markov": 0} {
		if got := len(entries(t, r, name)); got != want {
			t.Errorf("%d results of %s are stored, want %d", got, name, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(s.Dir, "shared", "*", "*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	if runs, broken, err := run.List(r.Runs); err != nil || len(runs)+len(broken) > 0 {
		t.Errorf("%v %v %v", runs, broken, err)
	}
	if err := s.MakeShared(t.Context(), 3, nil); err == nil || !strings.Contains(err.Error(), "no group 3 of shared stages: it has 2") {
		t.Error(err)
	}
	p, err := s.Plan(t.Context())
	if err != nil || !slices.ContainsFunc(p.Stages, func(st StagePlan) bool { return st.Stage == "read" && st.Stored == 1 && st.Run == 1 && st.Seconds > 0 }) {
		t.Errorf("%+v, %v", p, err)
	}
}

// entries lists what is stored of a stage.
func entries(t testing.TB, r *runner.Runner, stage string) []store.Usage {
	t.Helper()
	all, err := r.Store().List()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(u store.Usage) bool { return u.Stage != stage })
}

// A sweep makes runs that are those of single commands, knows them when it is started again,
// and is the same sweep then.
func TestRun(t *testing.T) {
	r := newRunner(t)
	var events []Event
	observe := func(e Event) { events = append(events, e) }
	s, _ := planned(t, r, Options{Name: "orders"}, "markov.order=1..2", "seed=1,2")
	if err := s.Run(t.Context(), RunOptions{Jobs: 2}, observe); err != nil {
		t.Fatal(err)
	}
	if last := events[len(events)-1]; len(events) != 6 || last.Done != 4 || last.Total != 4 || events[0].Group == nil || last.Kept {
		t.Errorf("%+v", events)
	}
	states, err := s.Status()
	if err != nil {
		t.Fatal(err)
	}
	for i, state := range states {
		if state.Index != i+1 || state.Status != run.Finished || state.Seconds <= 0 || state.Host == "" {
			t.Errorf("%+v", state)
		}
		m, fresh, err := r.Finish(t.Context(), "dns", slices.Concat(fast, state.Assignments), runner.Repetition{}, run.Annotation{})
		if err != nil || fresh || reference(m) != state.Run {
			t.Errorf("%+v: the single run is %v, fresh %v, %v", state, m, fresh, err)
		}
	}
	if got := len(entries(t, r, "read")); got != 2 {
		t.Errorf("%d results of read, want 2", got)
	}
	again, p := planned(t, r, Options{}, "markov.order=1..2", "seed=1,2")
	if again.ID != s.ID || again.Name != "orders" || p.Finished != 4 || p.Total.Run != 0 {
		t.Errorf("%+v, %+v", again.Manifest, p)
	}
	events = nil
	if err := again.Run(t.Context(), RunOptions{}, observe); err != nil || len(events) != 4 || !events[0].Kept {
		t.Errorf("%v, %+v", err, events)
	}
	if later, err := again.Status(); err != nil || !slices.EqualFunc(states, later, func(a, b State) bool { return a.Run == b.Run && a.Started.Equal(b.Started) }) {
		t.Errorf("%+v, %v, want %+v", later, err, states)
	}
	checkReport(t, again)
	checkFind(t, r, s)
}

// A sweep that is saved without a plan keeps the groups that an earlier plan has found, and
// has none if there was none.
func TestUnplanned(t *testing.T) {
	r := newRunner(t)
	for _, want := range []int{0, 2, 2} {
		s, err := New(r, "dns", slices.Concat(fast, []string{"markov.order=1,2", "seed=1,2"}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Save(); err != nil {
			t.Fatal(err)
		}
		m, err := Find(r.Runs, "")
		if err != nil {
			t.Fatal(err)
		}
		if m.Groups == nil || len(m.Groups) != want {
			t.Errorf("%+v, want %d groups", m.Groups, want)
		}
		planned(t, r, Options{}, "markov.order=1,2", "seed=1,2")
	}
}

// Files that are damaged are named, with what to do about them.
func TestDamaged(t *testing.T) {
	r := newRunner(t)
	s, _ := planned(t, r, Options{}, "seed=1,2")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(s.pointFile(2, ".json"), "{")
	if _, err := s.Status(); err == nil || !strings.Contains(err.Error(), "0002.json: unexpected end of JSON input: remove the file to run the point again") {
		t.Error(err)
	}
	for text, want := range map[string]string{"{": "unexpected end of JSON input", `{"schema": 9}`: "schema 9: this program reads 1: run the sweep again"} {
		write(filepath.Join(s.Dir, manifestName), text)
		if all, err := List(r.Runs); err == nil || len(all) > 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v, want %s", all, err, want)
		}
		if _, err := Find(r.Runs, s.ID); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if _, err := Find(r.Runs, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// checkFind looks for the sweep, beside which there is another one.
func checkFind(t *testing.T, r *runner.Runner, s *Sweep) {
	t.Helper()
	other, _ := planned(t, r, Options{}, "seed=7,8")
	for ref, want := range map[string]string{"": other.ID, s.ID[:8]: s.ID, "orders": s.ID, s.Dir: s.ID, other.ID: other.ID} {
		if m, err := Find(r.Runs, ref); err != nil || m.ID != want {
			t.Errorf("%q: %v, %v, want %s", ref, m, err, want)
		}
	}
	if _, err := Find(r.Runs, "zzz"); err == nil || !strings.Contains(err.Error(), "0 sweeps") {
		t.Error(err)
	}
	if _, err := New(r, "dns", slices.Concat(fast, []string{"seed=5,6"}), Options{Name: "orders"}); err == nil || !strings.Contains(err.Error(), "is called orders: want another name") {
		t.Error(err)
	}
	opened, err := Open(r, "orders")
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if state, err := opened.RunPoint(t.Context(), 3, nil); err != nil || state.Status != run.Finished {
		t.Errorf("%+v, %v", state, err)
	}
	if _, err := opened.RunPoint(t.Context(), 5, nil); err == nil || !strings.Contains(err.Error(), "no point 5: want one of 1 to 4") {
		t.Error(err)
	}
}

// Two sweeps at once, each in two jobs, share one store and one run: each result is made
// once.
func TestTwoSweeps(t *testing.T) {
	r := newRunner(t)
	a, _ := planned(t, r, Options{}, "markov.order=1..2", "seed=1,2")
	b, _ := planned(t, r, Options{}, "markov.order=2..3", "seed=1,2")
	var wait sync.WaitGroup
	for _, s := range []*Sweep{a, b} {
		wait.Go(func() {
			if err := s.Run(t.Context(), RunOptions{Jobs: 2}, func(Event) {}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for stage, want := range map[string]int{"read": 2, "markov": 6, "evaluate": 6} {
		if got := len(entries(t, r, stage)); got != want {
			t.Errorf("%d results of %s, want %d", got, stage, want)
		}
	}
	runs, broken, err := run.List(r.Runs)
	if err != nil || len(broken) > 0 || len(runs) != 6 {
		t.Fatalf("%d runs, %v, %v", len(runs), broken, err)
	}
	made := map[string]int{}
	for _, m := range runs {
		for _, st := range m.Stages {
			if !st.Reused {
				made[st.Key]++
			}
		}
	}
	for key, n := range made {
		if n > 1 {
			t.Errorf("result %s was made %d times", key, n)
		}
	}
}

// A point that fails ends a sweep unless the others are to be run, is named in the end, and
// is the only one that is run again with Failed.
func TestFailure(t *testing.T) {
	for _, tt := range []struct {
		onError OnError
		ended   int // points that have been begun
	}{{Stop, 1}, {Continue, 3}} {
		r := newRunner(t)
		s, _ := planned(t, r, Options{OnError: tt.onError}, "data.application=RIP,DNS,SNMP")
		var events []Event
		err := s.Run(t.Context(), RunOptions{}, func(e Event) { events = append(events, e) })
		lines := strings.Split(fmt.Sprint(err), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "point 1 (data.application=RIP): read: testbed: no packet of RIP") ||
			lines[1] != "sweep "+s.ID+": 1 of 3 points failed: run the sweep again to go on, with --failed to run these alone" {
			t.Errorf("%v", err)
		}
		if len(events) != tt.ended || events[0].Err == nil || events[0].State.Status != run.Failed {
			t.Errorf("%s: %+v", tt.onError, events)
		}
		states, err := s.Status()
		if err != nil || states[0].Status != run.Failed || !strings.HasPrefix(states[0].Error, "read: testbed: no packet") {
			t.Errorf("%+v, %v", states, err)
		}
		if want := map[OnError]run.Status{Stop: Waiting, Continue: run.Finished}[tt.onError]; states[2].Status != want {
			t.Errorf("%s: %s, want %s", tt.onError, states[2].Status, want)
		}
		events = nil
		if err := s.Run(t.Context(), RunOptions{Failed: true}, func(e Event) { events = append(events, e) }); err == nil || len(events) != 1 || events[0].Total != 1 {
			t.Errorf("%+v, %v", events, err)
		}
	}
}

// When shared stages fail, all points that need them have failed, without being run.
func TestSharedFailure(t *testing.T) {
	r := newRunner(t)
	s, _ := planned(t, r, Options{OnError: Continue}, "markov.order=1..2", "data.application=RIP,DNS")
	err := s.Run(t.Context(), RunOptions{}, func(Event) {})
	if want := "point 1 (markov.order=1 data.application=RIP) and 1 more: shared stages read"; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), ": 2 of 4 points failed") {
		t.Errorf("%v, want %s", err, want)
	}
	states, err := s.Status()
	if err != nil || states[0].Status != run.Failed || states[1].Status != run.Finished || states[2].Status != run.Failed || states[3].Status != run.Finished {
		t.Errorf("%+v, %v", states, err)
	}
	if runs, _, _ := run.List(r.Runs); len(runs) != 2 {
		t.Errorf("%d runs, want 2", len(runs))
	}
}

// What was interrupted or killed is an interrupted point, and the same call goes on.
func TestInterruption(t *testing.T) {
	r := newRunner(t)
	s, _ := planned(t, r, Options{}, "seed=1..3")
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Run(ctx, RunOptions{}, func(e Event) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	states, err := s.Status()
	if err != nil || states[0].Status != run.Finished || states[2].Status != Waiting {
		t.Errorf("%+v, %v", states, err)
	}
	// As a killed process leaves it.
	if err := s.keep(State{Point: at(s.Axes, 2), Status: run.Running, Started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if state, err := s.State(2); err != nil || state.Status != run.Interrupted {
		t.Errorf("%+v, %v", state, err)
	}
	lock, err := s.claim(2)
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	if state, err := s.State(2); err != nil || state.Status != run.Running {
		t.Errorf("%+v, %v", state, err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), RunOptions{Failed: true}, func(Event) {}); err != nil {
		t.Error(err)
	}
	if state, err := s.State(2); err != nil || state.Status != run.Finished {
		t.Errorf("%+v, %v", state, err)
	}
	if state, err := s.State(3); err != nil || state.Status != Waiting {
		t.Errorf("%+v, %v", state, err)
	}
}

// A sweep whose folder is removed under way ends, and so does a point whose run is.
func TestRemoved(t *testing.T) {
	r := newRunner(t)
	s, _ := planned(t, r, Options{}, "seed=1..3")
	err := s.Run(t.Context(), RunOptions{}, func(Event) {
		if err := os.RemoveAll(s.Dir); err != nil {
			t.Error(err)
		}
	})
	if want := "point 2 (seed=2): sweep: " + s.Dir + " was removed or moved while the sweep ran: start it again\n"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	again, p := planned(t, r, Options{}, "seed=1..3")
	if p.Finished != 1 {
		t.Errorf("%+v", p)
	}
	if err := again.Run(t.Context(), RunOptions{}, func(Event) {}); err != nil {
		t.Error(err)
	}
}

// A point that another process runs is waited for.
func TestWaiting(t *testing.T) {
	s, _ := planned(t, newRunner(t), Options{}, "seed=1..2")
	lock, err := s.claim(1)
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if state, err := s.RunPoint(ctx, 1, nil); !errors.Is(err, context.Canceled) || state.Status != Waiting {
		t.Errorf("%+v, %v", state, err)
	}
	time.AfterFunc(300*time.Millisecond, func() { lock.Close() })
	if state, err := s.RunPoint(t.Context(), 1, nil); err != nil || state.Status != run.Finished {
		t.Errorf("%+v, %v", state, err)
	}
}

// A thousand points of an experiment with networks are expanded, checked and planned in
// seconds: half a second of one processor. The limit is generous.
func TestThousandPoints(t *testing.T) {
	r := newRunner(t)
	r.Messages = io.Discard
	began := time.Now()
	s, err := New(r, "quickstart", []string{"lstm.units=16..115", "seed=1..10", "backend=go"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	checked := time.Since(began)
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d points, %d stages: checked after %v, planned after %v", p.Points, p.Total.Points, checked, time.Since(began))
	if p.Points != 1000 || len(s.Groups) != 10 {
		t.Errorf("%+v, %d groups", p.Total, len(s.Groups))
	}
	if time.Since(began) > 20*time.Second {
		t.Errorf("it took %v", time.Since(began))
	}
}
