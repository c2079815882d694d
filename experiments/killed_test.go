package main

import (
	"bytes"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
)

// How often TestKilled kills, and what: CI does it a few times,
//
//	go test ./experiments -run TestKilled -kills 100
//	go test ./experiments -run TestKilled -kills 20 -killed quickstart -timeout 1h
//
// as often as one likes.
var (
	kills  = flag.Int("kills", 3, "how many processes TestKilled kills")
	killed = flag.String("killed", "tiny", "the experiment that TestKilled kills")
)

// A run that is killed at random moments (kill -9), as often as it takes, ends with
// the files of a run that was not.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains several times")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	toml, err := filepath.Abs("../experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	command := func(runs string, out *bytes.Buffer) *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Args = []string{"experiments", "run", *killed, "--file", toml, "--runs", filepath.Join(dir, runs)}
		cmd.Stdout, cmd.Stderr = out, out
		return cmd
	}
	began := time.Now()
	var out bytes.Buffer
	if err := command("whole", &out).Run(); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	took := time.Since(began)
	want := lasting(t, filepath.Join(dir, "whole"))
	random := rand.New(rand.NewPCG(uint64(began.UnixNano()), 0))
	for n, round := 0, 0; n < *kills; round++ {
		runs := filepath.Join("killed", time.Duration(round).String())
		for {
			out.Reset()
			cmd := command(runs, &out)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			after := time.Duration(random.Int64N(int64(took)))
			if n == *kills {
				after = time.Hour
			}
			timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			if timer.Stop() { // it came to its end before
				if err != nil {
					t.Fatalf("after %d kills: %v: %s", n, err, &out)
				}
				break
			}
			n++
			t.Logf("kill %d, after %s of some %s", n, after.Round(time.Millisecond), took.Round(time.Millisecond))
		}
		if got := lasting(t, filepath.Join(dir, runs)); !maps.Equal(got, want) {
			for name := range want {
				if got[name] != want[name] {
					t.Errorf("%s differs from that of a run that was not killed", name)
				}
			}
			t.Fatalf("after %d kills: %d files, want %d", n, len(got), len(want))
		}
	}
}

// lasting are the digests of the files of a finished run that are the same
// whenever it is run.
func lasting(t *testing.T, runs string) map[string]string {
	t.Helper()
	m, err := run.LatestRun(runs, *killed)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Verify(m.Dir); err != nil {
		t.Fatal(err)
	}
	digests := make(map[string]string)
	for _, a := range m.Artifacts {
		if !strings.HasPrefix(a.Name, "report.") && a.Name != "source.diff" { // which tell times, and what the checkout is like
			digests[a.Name] = a.SHA256
		}
	}
	return digests
}
