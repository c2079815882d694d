package sharedtest_test

import (
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// The mix is a sound capture of as many packets as asked for, in time order, of
// many flows and protocols.
func TestMix(t *testing.T) {
	for _, want := range []int{1, 2, 1001, 300_000} {
		n, last, flows := 0, int64(0), int64(0)
		applications := map[flow.Application]int{}
		for p, err := range new(flow.Assembler).Label(pcap.Packets(sharedtest.Mix(t, want), "mix")) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Time < last {
				t.Fatalf("packet %d is %d ns earlier than the one before", n, last-p.Time)
			}
			last, flows = p.Time, max(flows, p.FlowID+1)
			applications[p.Application]++
			n++
		}
		if n != want {
			t.Errorf("%d packets, want %d", n, want)
		}
		if want >= 300_000 && (len(applications) < 20 || flows < 5000) {
			t.Errorf("%d flows, applications %v", flows, applications)
		}
	}
}

// A round is held, not the capture.
func TestMixIsStreamed(t *testing.T) {
	got, err := io.CopyN(io.Discard, sharedtest.Traces(t, 1<<40), 1<<26)
	if got != 1<<26 || err != nil {
		t.Errorf("%d bytes, %v", got, err)
	}
}

// TestWriteMix writes the mix as a file, for other programs to read: NECSTGEN_MIX
// is its path, NECSTGEN_MIX_PACKETS how many (default a million).
func TestWriteMix(t *testing.T) {
	path := os.Getenv("NECSTGEN_MIX")
	if path == "" {
		t.Skip("NECSTGEN_MIX names no file to write")
	}
	packets := 1_000_000
	if text := os.Getenv("NECSTGEN_MIX_PACKETS"); text != "" {
		var err error
		if packets, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, sharedtest.Mix(t, packets)); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
