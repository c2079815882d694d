package tcp

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// recording is a capture as a file.
func recording(t *testing.T, open func() (io.ReadCloser, error)) string {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "recording.pcap")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The embedded captures, framed again from the shapes of their flows: nothing of
// the original in them, nothing that a tool objects to.
func TestRecordings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		open func() (io.ReadCloser, error)
	}{{"office", testbed.Open}, {"services", testbed.OpenServices}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most of it waits for tools
			original, seen := recording(t, c.open), newTraining()
			flows := readTraces(t, original, seen)
			plan, err := address.Fit(flows, address.FitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			f := newTestFramer(t, plan, Options{Complete: true})
			name, n := writeFile(t, f, withoutTuples(flows))
			t.Logf("%d flows, %d frames, repairs %v", len(flows), n, f.Repairs())
			t.Run("anonymity", func(t *testing.T) { checkAnonymity(t, name, seen) })
			capturetest.Check(t, name, capturetest.Expect{Packets: n, Complete: true, Training: original})
		})
	}
}
