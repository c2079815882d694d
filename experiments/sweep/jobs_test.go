package sweep

import (
	"io"
	"maps"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

// Points that train networks on one device at once give what they give one after the other.
func TestJobs(t *testing.T) {
	if testing.Short() {
		t.Skip("trains four small networks")
	}
	var made [2]map[string]string
	for i, jobs := range []int{1, 2} {
		r := newRunner(t)
		r.Messages = io.Discard
		s, err := New(r, "tiny", []string{"lstm.units=6,8"}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Plan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(); err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context(), RunOptions{Jobs: jobs}, func(Event) {}); err != nil {
			t.Fatal(err)
		}
		made[i] = digests(t, s)
	}
	if !maps.Equal(made[0], made[1]) || len(made[0]) < 20 {
		t.Errorf("%d files of one job, %d of two: they differ", len(made[0]), len(made[1]))
	}
}

// digests returns the digest of each file that stages of the points have made.
func digests(t *testing.T, s *Sweep) map[string]string {
	t.Helper()
	states, err := s.Status()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for _, state := range states {
		m, err := run.Open(filepath.Join(s.runner.Runs, filepath.FromSlash(state.Run)))
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range m.Stages {
			for name, sum := range st.Artifacts {
				sums[m.ID+" "+name] = sum
			}
		}
	}
	return sums
}
