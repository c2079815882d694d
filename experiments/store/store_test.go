package store_test

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
	"sync/atomic"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/store"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

// clock ticks a second a reading.
func clock() func() time.Time {
	t := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	return func() time.Time { t = t.Add(time.Second); return t }
}

// key is a key whose sum begins with a text.
func key(text string) stage.Key {
	return stage.Key{Sum: text + strings.Repeat("0", 64-len(text)), Preimage: []byte(`{"stage":"` + text + `"}`)}
}

// put makes an entry with one artifact, a.txt.
func put(t *testing.T, s *store.Store, name string, k stage.Key, text string) *store.Entry {
	t.Helper()
	_, claim, err := s.Claim(t.Context(), name, k, nil, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(claim.Dir, "a.txt"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	e, err := claim.Commit([]string{"a.txt"}, "a note", nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEntry(t *testing.T) {
	s := store.Open(t.TempDir(), clock())
	k := key("ab")
	if s.Find("HTTP/vae", k) != nil || s.Nearest("HTTP/vae") != nil {
		t.Error("an empty store has an entry")
	}
	e := put(t, s, "HTTP/vae", k, "hello")
	got := s.Find("HTTP/vae", k)
	if got == nil || got.Check() != nil || got.Note != "a note" || got.Seconds <= 0 || len(got.Artifacts) != 1 || got.Artifacts[0].Bytes != 5 || got.Dir != e.Dir {
		t.Fatalf("%+v", got)
	}
	if n := s.Nearest("HTTP/vae"); n == nil || n.Key != k.Sum {
		t.Errorf("%+v", n)
	}
	info, err := os.Stat(filepath.Join(e.Dir, "a.txt"))
	if err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("%v, %v: want a file that nobody writes to", info, err)
	}
	run := t.TempDir()
	if err := errors.Join(e.Link(run), e.Link(run)); err != nil {
		t.Fatal(err)
	}
	linked, err := os.Stat(filepath.Join(run, "a.txt"))
	if err != nil || !os.SameFile(info, linked) {
		t.Errorf("no hard link: %v", err)
	}
	if err := s.Discard("HTTP/vae", k); err != nil || s.Find("HTTP/vae", k) != nil {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(filepath.Join(run, "a.txt")); err != nil || string(text) != "hello" {
		t.Errorf("a run has lost its file with the entry: %q, %v", text, err)
	}
}

// recorded demands these values of the steps of vae/loss, from 1, of stage vae, key ab.
func recorded(t *testing.T, s *store.Store, want ...float64) {
	t.Helper()
	metrics, err := s.Recorded("vae", key("ab").Sum)
	var got []float64
	for i, m := range metrics {
		if m.Metric != "vae/loss" || m.Step != i+1 {
			t.Errorf("metric %d is %s, step %d", i, m.Metric, m.Step)
		}
		got = append(got, *m.Value)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("recorded %v, %v; want %v", got, err, want)
	}
}

// What was recorded is read of a stage and its key alone.
func TestRecordedOfNone(t *testing.T) {
	s := store.Open(t.TempDir(), clock())
	for _, tt := range []struct {
		stage, key string
		wrong      bool
	}{{"vae", key("ab").Sum, false}, {"../vae", key("ab").Sum, true}, {"vae", "ab", true}, {"vae", "../" + key("ab").Sum, true}, {"/vae", key("ab").Sum, true}} {
		if metrics, err := s.Recorded(tt.stage, tt.key); (err != nil) != tt.wrong || len(metrics) > 0 {
			t.Errorf("%s, %s: %v, %v", tt.stage, tt.key, metrics, err)
		}
	}
}

// A claim that is given up leaves its checkpoint and its whole metric lines, and
// nothing else.
func TestReleasedClaim(t *testing.T) {
	s := store.Open(t.TempDir(), clock())
	_, claim, err := s.Claim(t.Context(), "vae", key("ab"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir, resumed := claim.Checkpoint()
	if resumed {
		t.Error("a fresh claim goes on from somewhere")
	}
	err = errors.Join(os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, "state"), []byte("3"), 0o666), os.WriteFile(filepath.Join(claim.Dir, "half.txt"), nil, 0o666),
		claim.Record("vae/loss", 1, 3), claim.Record("vae/loss", 2, 2))
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Release(); err != nil {
		t.Fatal(err)
	}
	metrics := filepath.Join(claim.Dir, ".metrics.jsonl")
	text, err := os.ReadFile(metrics)
	if err = errors.Join(err, os.WriteFile(metrics, append(text, `{"metric":"vae/lo`...), 0o666)); err != nil { // as a kill leaves it
		t.Fatal(err)
	}
	recorded(t, s, 3, 2)
	_, claim, err = s.Claim(t.Context(), "vae", key("ab"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if dir, resumed = claim.Checkpoint(); !resumed {
		t.Error("the checkpoint is lost")
	}
	if _, err := os.Stat(filepath.Join(claim.Dir, "half.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half.txt: %v", err)
	}
	if err := errors.Join(claim.Record("vae/loss", 2, 2.5), claim.Record("vae/loss", 3, 1)); err != nil {
		t.Fatal(err)
	}
	recorded(t, s, 3, 2.5, 1)
	e, err := claim.Commit(nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	recorded(t, s, 3, 2.5, 1)
	in, err := e.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	got, err := io.ReadAll(in)
	want := `{"metric":"vae/loss","step":1,"value":3}` + "\n" + `{"metric":"vae/loss","step":2,"value":2.5}` + "\n" + `{"metric":"vae/loss","step":3,"value":1}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("%s\nwant\n%s, %v", got, want, err)
	}
}

// While one has a claim, another waits for it and then has the entry; its end ends
// the wait.
func TestWaiting(t *testing.T) {
	s := store.Open(t.TempDir(), nil)
	_, claim, err := s.Claim(t.Context(), "vae", key("ab"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	if _, _, err := s.Claim(ctx, "vae", key("ab"), func() { told++; cancel() }, nil); !errors.Is(err, context.Canceled) || told != 1 {
		t.Errorf("%v, told %d times", err, told)
	}
	done := make(chan *store.Entry)
	go func() {
		e, _, _ := s.Claim(t.Context(), "vae", key("ab"), nil, nil)
		done <- e
	}()
	want, err := claim.Commit(nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if e := <-done; e == nil || e.Dir != want.Dir {
		t.Errorf("%+v", e)
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	s := store.Open(dir, nil)
	for i := range 4 {
		put(t, s, "vae", key(fmt.Sprint("a", i)), "123")
	}
	put(t, s, "gmm", key("b0"), "12345")
	s.Find("vae", key("a0")) // the one used last
	_, claim, err := s.Claim(t.Context(), "lstm", key("c0"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "vae", strings.Repeat("d", 24)+".partial"), 0o777); err != nil { // of a killed process
		t.Fatal(err)
	}
	unfinished := filepath.Join(dir, "..digests.json-0123abcd.unfinished") // of another
	if err := os.WriteFile(unfinished, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	all, err := s.List()
	if err != nil || len(all) != 5 || all[0].Stage != "gmm" || all[0].Bytes != 5 || all[1].Key != key("a0").Sum || all[2].Key != key("a3").Sum {
		t.Errorf("%+v, %v", all, err)
	}
	removed, err := s.Prune(2)
	if err != nil || len(removed) != 2 || removed[0].Key != key("a2").Sum || removed[1].Key != key("a1").Sum {
		t.Errorf("%+v, %v", removed, err)
	}
	if _, err := os.Stat(unfinished); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: %v", unfinished, err)
	}
	if all, err = s.List(); err != nil || len(all) != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*", "*.partial"))
	if err != nil || !slices.Equal(left, []string{claim.Dir}) {
		t.Errorf("%v, %v: want the claim that is held and no other", left, err)
	}
	if err := claim.Release(); err != nil {
		t.Fatal(err)
	}
	if removed, err = s.Prune(0); err != nil || len(removed) != 3 {
		t.Errorf("%+v, %v", removed, err)
	}
	if removed, err = store.Open(filepath.Join(dir, "none"), nil).Prune(0); err != nil || len(removed) != 0 {
		t.Errorf("%+v, %v", removed, err)
	}
}

// The digest of a file is remembered by size and time, once it has settled.
func TestDigestInput(t *testing.T) {
	dir := t.TempDir()
	s := store.Open(filepath.Join(dir, "store"), nil)
	path := filepath.Join(dir, "a.pcap")
	digest := func(path string) (sum string, read bool) {
		t.Helper()
		f, err := os.Open(filepath.Join(dir, "a.pcap"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, sum, err = s.DigestInput(f, path, func(r io.Reader, _ int64) io.Reader { read = true; return r })
		if err != nil {
			t.Fatal(err)
		}
		return sum, read
	}
	write := func(text string, at time.Time) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o666), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	hour := time.Now().Add(-time.Hour)
	write("one", hour)
	first, read := digest(path)
	if again, reread := digest(path); again != first || !read || reread {
		t.Errorf("%s, %s: read %v, then %v", first, again, read, reread)
	}
	if stream, read := digest(""); stream != first || !read {
		t.Errorf("a stream: %s, read %v", stream, read)
	}
	write("two", hour.Add(time.Second))
	if other, read := digest(path); other == first || !read {
		t.Error("a file with another time is not read again")
	}
	write("six", time.Now())
	if _, read := digest(path); !read {
		t.Error("not read")
	}
	if _, read := digest(path); !read {
		t.Error("a file that changed just now is remembered: it may change again within its time stamp")
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "store-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s := store.Open(dir, nil)
	key := stage.Key{Sum: strings.Repeat("ab", 32)}
	_, claim, err := s.Claim(context.Background(), "greet", key, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := os.WriteFile(filepath.Join(claim.Dir, "greeting.txt"), []byte("hello"), 0o666); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := claim.Commit([]string{"greeting.txt"}, "one word", nil); err != nil {
		fmt.Println(err)
		return
	}
	entry, _, err := s.Claim(context.Background(), "greet", key, nil, nil) // there is nothing left to make
	fmt.Println(entry.Stage, entry.Note, entry.Artifacts[0].Name, entry.Check(), err)
	// Output: greet one word greeting.txt <nil> <nil>
}

// An entry that is removed between being found and being linked says so, and is made
// again.
func TestRemovedMeanwhile(t *testing.T) {
	s := store.Open(t.TempDir(), nil)
	e := put(t, s, "vae", key("ab"), "x")
	if _, err := s.Prune(0); err != nil {
		t.Fatal(err)
	}
	_, err := e.Metrics()
	if link := e.Link(t.TempDir()); !errors.Is(link, store.ErrRemoved) || !errors.Is(err, store.ErrRemoved) {
		t.Errorf("%v, %v", link, err)
	}
	again := put(t, s, "vae", key("ab"), "x")
	if err := e.Link(t.TempDir()); err != nil { // the one that was made again is as good
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(e.Dir, "a.txt")); err != nil {
		t.Fatal(err)
	}
	if err := again.Link(t.TempDir()); err == nil || errors.Is(err, store.ErrRemoved) { // this is damage
		t.Errorf("%v", err)
	}
}

// What one of several processes makes while another prunes is kept, as many are asked
// for.
func TestPruneKeepsWhatIsNew(t *testing.T) {
	s := store.Open(t.TempDir(), nil)
	stop, done := make(chan bool), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if _, err := s.Prune(1000); err != nil {
				done <- err
				return
			}
		}
	}()
	for i := range 200 {
		put(t, s, "vae", key(fmt.Sprintf("%03d", i)), "x")
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if all, err := s.List(); err != nil || len(all) != 200 {
		t.Errorf("%d entries of 200, %v", len(all), err)
	}
}

// Of several that find the same damaged entry one makes it again, and the others have
// that one.
func TestDamagedForMany(t *testing.T) {
	s := store.Open(t.TempDir(), nil)
	e := put(t, s, "vae", key("ab"), "x")
	path := filepath.Join(e.Dir, "a.txt")
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("y"), 0o666)); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var found, made atomic.Int32
	for range 8 {
		wait.Go(func() {
			e, claim, err := s.Claim(t.Context(), "vae", key("ab"), nil, func(error) { found.Add(1) })
			if err == nil && e == nil {
				made.Add(1)
				if err = os.WriteFile(filepath.Join(claim.Dir, "a.txt"), []byte("x"), 0o666); err == nil {
					e, err = claim.Commit([]string{"a.txt"}, "", nil)
				}
			}
			if err == nil {
				err = e.Check()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if found.Load() != 1 || made.Load() != 1 {
		t.Errorf("found %d times, made %d times", found.Load(), made.Load())
	}
}

// A clock that is set back does no harm: durations are not negative, and whatever was
// used last stays the longest.
func TestClockBackwards(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	s := store.Open(t.TempDir(), func() time.Time { at = at.Add(-time.Hour); return at })
	for i := range 3 {
		if e := put(t, s, "vae", key(fmt.Sprint(i)), "x"); e.Seconds < 0 {
			t.Errorf("it took %g s", e.Seconds)
		}
		if err := s.Discard("vae", key(fmt.Sprint(i))); err != nil {
			t.Error(err)
		}
		put(t, s, "vae", key(fmt.Sprint(i)), "x")
	}
	if removed, err := s.Prune(1); err != nil || len(removed) != 2 {
		t.Errorf("%d removed, %v", len(removed), err)
	}
}

// A store that cannot be written to says which folder it is, and why.
func TestNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s := store.Open(file, nil)
	_, _, err := s.Claim(t.Context(), "vae", key("ab"), nil, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "store: stage vae: mkdir "+file) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
