package analysis_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/analysis"
)

// stored writes flows as a packet table.
func stored(t *testing.T, flows []*flow.Flow) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packets.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.WritePackets(f, table.Parquet, flow.Packets(flows)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSample: of a large table all packets are counted, and a part of the flows is
// held, each whole; the same part each time.
func TestSample(t *testing.T) {
	flows := flowtest.Exchanges(500, 900)
	path := stored(t, flows)
	all, err := analysis.ReadTraffic(path, 3000)
	if err != nil {
		t.Fatal(err)
	}
	part, err := analysis.ReadTraffic(path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	again, err := analysis.ReadTraffic(path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Sample) != 500 || all.Packets != 3000 {
		t.Errorf("%d flows and %d packets of a table that is read whole, want 500 and 3000", len(all.Sample), all.Packets)
	}
	if !reflect.DeepEqual(part, again) {
		t.Error("two samples of a table differ")
	}
	if len(part.Sample) != 1000/6 {
		t.Errorf("%d flows of 6 packets in a sample of 1,000 packets", len(part.Sample))
	}
	early := 0
	for _, f := range part.Sample {
		if len(f.Packets) != 6 {
			t.Fatalf("flow %d of the sample has %d packets, want all 6", f.ID, len(f.Packets))
		}
		if f.ID < 250 {
			early++
		}
	}
	if early < 60 || early > 106 {
		t.Errorf("%d of %d sampled flows are of the earlier half", early, len(part.Sample))
	}
	if part.First != all.First || part.Last != all.Last || part.Bytes != all.Bytes || part.Flows != all.Flows {
		t.Error("the counts of a sampled table are not those of all its rows")
	}
}

// TestOneLongFlow: a flow beyond the limit is held whole if it comes first, and
// does not end the program.
func TestOneLongFlow(t *testing.T) {
	traffic, err := analysis.ReadTraffic(stored(t, flowtest.Exchanges(1, 900)), 3)
	if err != nil || len(traffic.Sample) != 1 || len(traffic.Sample[0].Packets) != 6 {
		t.Errorf("%+v, %v", traffic, err)
	}
}
