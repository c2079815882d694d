package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/pcap"
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
		if err := c.evaluate(t.Context(), real, synthetic, evaluateOptions{columns: "lstm"}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		jumps := 0
		for line := range strings.Lines(messages.String()) {
			if !strings.HasPrefix(line, "warning: trace: ") || !strings.Contains(line, "queries.pcap: the clock jumps by 54.3 years at packet ") {
				t.Errorf("it says %s", line)
			}
			jumps++
		}
		if want := map[bool]int{true: 2}[jump > 0]; jumps != want || !strings.Contains(out.String(), "Haar energy") {
			t.Errorf("%d warnings, want %d\n%s", jumps, want, out.String())
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	plain := allocated(0)
	if jumped := allocated(1_714_000_000); jumped > 2*plain {
		t.Errorf("with a clock that jumps 54 years %d bytes are allocated, without %d", jumped, plain)
	}
}
