//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/run"
)

// A signal ends a run within two seconds, whatever stage it is in, and the next run goes
// on from there.
func TestSignals(t *testing.T) {
	toml, err := filepath.Abs("../experiments.toml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	args := []string{"run", "tiny", "--file", toml}
	for _, tt := range []struct {
		signal syscall.Signal
		stage  string // which has begun
	}{{syscall.SIGHUP, "vae"}, {syscall.SIGTERM, "lstm"}, {syscall.SIGINT, "evaluate"}} {
		cmd, stderr := process(t, args...)
		logged(t, "stage "+tt.stage+"\n")
		began := time.Now()
		if err := cmd.Process.Signal(tt.signal); err != nil {
			t.Fatal(err)
		}
		code := exitCode(t, cmd)
		t.Logf("%s in %s: ended after %s", tt.signal, tt.stage, time.Since(began).Round(time.Millisecond))
		if code != 3 || stderr.String() != "interrupted: run the same command again\n" || time.Since(began) > 2*time.Second {
			t.Errorf("%s in %s: exit code %d after %s: %s", tt.signal, tt.stage, code, time.Since(began), stderr)
		}
		if m := onlyRun(t, "tiny"); m.Status != run.Interrupted {
			t.Errorf("%s in %s: the run is %s", tt.signal, tt.stage, m.Status)
		}
	}
	code, out, said := quick(t.Context(), args...)
	if code != 0 || said != "" || !matches(`(?m)^lstm +reused`, out) || !matches(`(?m)^generate +reused`, out) || !matches(`(?m)^evaluate +[0-9.]+ s`, out) {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, said)
	}
	if err := run.Verify(onlyRun(t, "tiny").Dir); err != nil {
		t.Error(err)
	}
}

// logged waits until the log of the one run has a text.
func logged(t *testing.T, text string) {
	t.Helper()
	for range 6000 {
		if logs, err := filepath.Glob("runs/*/*/log.txt"); err == nil && len(logs) == 1 {
			if log, err := os.ReadFile(logs[0]); err == nil && bytes.Contains(log, []byte(text)) {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no %q in the log", text)
}

// onlyRun returns the one run of an experiment.
func onlyRun(t *testing.T, experiment string) *run.Manifest {
	t.Helper()
	ids, err := run.IDs("runs", experiment)
	if err != nil || len(ids) != 1 {
		t.Fatalf("%d runs, %v", len(ids), err)
	}
	m, err := run.Open(filepath.Join("runs", experiment, ids[0]))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A run goes on to its end when nobody reads what it says any more, as behind head -1, and
// a list ends in silence.
func TestClosedOutput(t *testing.T) {
	folder(t)
	for _, tt := range []struct {
		args []string
		line string // that is read before the output is closed
	}{{[]string{"run", "a", "evaluate.folds=3"}, "evaluate.folds = 3 (was 5)\n"}, {[]string{"list", "--keys"}, ""}} {
		cmd, stderr := program(t, tt.args...)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, len(tt.line))
		if _, err := io.ReadFull(out, line); err != nil || string(line) != tt.line {
			t.Errorf("%q, %v", line, err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		if code := exitCode(t, cmd); code != 1 || stderr.Len() > 0 {
			t.Errorf("%v: code %d: %s", tt.args, code, stderr)
		}
	}
	if m, err := run.LatestRun("runs", "a"); err != nil || m.Status != run.Finished {
		t.Errorf("%v, %+v", err, m)
	}
}

// A pipe can be read only once, and several stages read the data.
func TestPipeRefused(t *testing.T) {
	folder(t)
	if err := syscall.Mkfifo("pipe.pcap", 0o600); err != nil {
		t.Skipf("no named pipes: %v", err)
	}
	for _, command := range []string{"run", "plan"} {
		code, out, stderr := quick(t.Context(), command, "a", "data.path=pipe.pcap", "--quiet")
		if code != 1 || out != "" || stderr != "error: data.path: trace: pipe.pcap is a pipe, which can be read only once: want a file\n" {
			t.Errorf("%s: code %d\nout: %s\nerr: %s", command, code, out, stderr)
		}
	}
	if _, err := os.Stat("runs"); err == nil {
		t.Error("runs is left")
	}
}

// Data that somebody still writes are refused: what is made of them would be stored under
// the digest of what they were. When the writer has ended they are learnt.
func TestGrowingFile(t *testing.T) {
	folder(t)
	text, err := os.ReadFile(queries(t, 60, 0))
	if err != nil {
		t.Fatal(err)
	}
	cut := len(text) - 10*(16+len(datagram(0, 0))) // without the last ten records
	if err := os.WriteFile("growing.pcap", text[:cut], 0o666); err != nil {
		t.Fatal(err)
	}
	grow := func() {
		if err := os.WriteFile("growing.pcap", text, 0o666); err != nil {
			t.Error(err)
		}
	}
	args := []string{"run", "a", "data.path=growing.pcap", "data.application=DNS"}
	out, stderr := &watching{text: "backend ", seen: grow}, &bytes.Buffer{} // said between the digest and the first stage
	code := experiments(t.Context(), strings.NewReader(""), out, stderr, append(args, "generator=sampled"))
	if want := ": run again when nothing writes to it\n"; code != 1 || !strings.HasPrefix(stderr.String(), "error: read: data.path: growing.pcap has changed since it was digested: ") || !strings.HasSuffix(stderr.String(), want) || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("code %d\nout: %s\nerr: %s\nwant %s", code, out, stderr, want)
	}
	if m := onlyRun(t, "a"); m.Status != run.Failed {
		t.Errorf("the run is %s", m.Status)
	}
	if code, out, stderr := quick(t.Context(), args...); code != 0 || !matches(`DNS: [0-9]+ flows to learn from, [0-9]+ held out, 60 packets`, out) {
		t.Errorf("code %d\nout: %s\nerr: %s", code, out, stderr)
	}
}
