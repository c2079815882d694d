package wire

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// officeFlows are the flows of the embedded capture, and what they must not be
// recognised by.
func officeFlows(t *testing.T) ([]*flow.Flow, *training, string) {
	t.Helper()
	r, err := testbed.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "office.pcap")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	flows, seen := readTraces(t, name)
	return flows, seen, name
}

// office is the embedded capture framed again from shapes alone.
func TestOffice(t *testing.T) {
	flows, seen, _ := officeFlows(t)
	plan, err := FitPlan(flows)
	if err != nil {
		t.Fatal(err)
	}
	f := newTestFramer(t, plan, Options{Complete: true})
	name, n := writeFile(t, f, withoutTuples(flows))
	t.Logf("%d flows, %d frames, at most %d open, repairs %v", len(flows), n, f.Peak(), f.Repairs())
	checkAnonymity(t, name, seen)
	checkExpert(t, tsharkExpert(t, name))
	if d := os.Getenv("WIREDBG"); d != "" {
		b, _ := os.ReadFile(name)
		os.WriteFile(d, b, 0o644)
	}
}
