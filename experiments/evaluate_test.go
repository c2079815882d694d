package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
)

// queries writes a capture of n datagrams to port 53, one a second, the later half
// of them so many seconds later.
func queries(t *testing.T, n int, jump int64) string {
	t.Helper()
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := int64(i)
		if i >= n/2 {
			at += jump
		}
		if err := w.Write(at*1e9, datagram(20000+i, 53)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "queries.pcap")
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEvaluateJumpingClock: captures that span 1970 to 2024 cost what captures
// without a jump cost: an array of all seconds between would take 14 GB.
func TestEvaluateJumpingClock(t *testing.T) {
	allocated := func(jump int64) uint64 {
		real, synthetic := queries(t, 200, jump), queries(t, 120, jump)
		var out, messages bytes.Buffer
		c := command{out: &out, err: &messages}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := c.evaluate(t.Context(), real, synthetic, evaluateOptions{}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if !strings.Contains(out.String(), "Haar energy") || messages.Len() > 0 {
			t.Errorf("%s\n%s", out.String(), messages.String())
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	plain := allocated(0)
	if jumped := allocated(1_714_000_000); jumped > 2*plain {
		t.Errorf("with a clock that jumps 54 years %d bytes are allocated, without %d", jumped, plain)
	}
}

// TestEvaluateSource: evaluate draws what a run with the same seed draws.
func TestEvaluateSource(t *testing.T) {
	experiment := config.Default()
	experiment.Seed = 7
	r, err := run.Start(t.TempDir(), run.Spec{Experiment: "x", Config: experiment}, run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Finish(nil)
	if got, want := evaluateSource(7).Uint64(), r.Source("evaluate").Uint64(); got != want {
		t.Errorf("the first number is %d, of a run %d", got, want)
	}
}
