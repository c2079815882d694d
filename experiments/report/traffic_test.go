package report_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/analysis"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// stored writes flows as a packet table.
func stored(t *testing.T, flows []*flow.Flow) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packets.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range flows {
		for k := range f.Packets {
			f.Packets[k].FlowID, f.ID = int64(i), int64(i)
		}
	}
	if err := table.WritePackets(f, table.Parquet, flow.Packets(flows)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTrafficTable(t *testing.T) {
	got := report.TrafficTable([]string{"real", "none", "synthetic"}, analysis.NewTraffic(flowtest.Exchanges(30, 900)), analysis.NewTraffic(nil), analysis.NewTraffic(flowtest.Exchanges(24, 700)))
	want := [][]string{
		{"real", "30", "180", "44,200", "29.1", "6.0", "246", "2023-11-14 22:13:20"},
		{"synthetic", "24", "144", "30,480", "23.1", "6.0", "212", "2023-11-14 22:13:20"},
	}
	if !reflect.DeepEqual(got.Rows, want) {
		t.Errorf("%v, want %v", got.Rows, want)
	}
}

// TestSampled: the page says of how many flows and packets its distributions are.
func TestSampled(t *testing.T) {
	path := stored(t, flowtest.Exchanges(500, 900))
	all, err := analysis.ReadTraffic(path, 3000)
	if err != nil {
		t.Fatal(err)
	}
	part, err := analysis.ReadTraffic(path, 1000)
	if err != nil {
		t.Fatal(err)
	}
	a := report.Data{HeldOut: all, Generated: part}
	if want := "166 of 500 flows (996 of 3,000 packets) generated."; !strings.Contains(a.Sampled(), want) {
		t.Errorf("the page says %q, want %q in it", a.Sampled(), want)
	}
	if a.Generated = all; a.Sampled() != "" {
		t.Errorf("the page says %q of tables that are read whole", a.Sampled())
	}
}

// TestJumpingClock: the report of a capture that spans 1970 to 2024 costs what that
// of one without a jump costs. In fifths of a second the span is 8.6e9 bins.
func TestJumpingClock(t *testing.T) {
	allocated := func(jump time.Duration) uint64 {
		real, synthetic := flowtest.Exchanges(80, 900), flowtest.Exchanges(70, 700)
		for _, f := range append(real[:40:40], synthetic[:30]...) {
			for k := range f.Packets {
				f.Packets[k].Time -= int64(jump)
			}
		}
		m := &run.Manifest{Dir: t.TempDir(), Config: config.Default()}
		for name, flows := range map[string][]*flow.Flow{report.TrainingName: real[:40], report.HeldOutName: real[40:], report.GeneratedName: synthetic} {
			if err := os.Rename(stored(t, flows), m.Path(name)); err != nil {
				t.Fatal(err)
			}
			bytes, sum, err := store.DigestFile(m.Path(name))
			if err != nil {
				t.Fatal(err)
			}
			m.Artifacts = append(m.Artifacts, run.Artifact{Name: name, Bytes: bytes, SHA256: sum})
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var page bytes.Buffer
		if err := report.Write(&page, report.Load(m)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		for _, want := range []string{"Bytes a second", "Flows a second", "Load at each scale of time", "bytes of a frame"} {
			if !strings.Contains(page.String(), want) {
				t.Errorf("the report lacks %q", want)
			}
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	plain := allocated(0)
	if jumped := allocated(1_700_000_000 * time.Second); jumped > 2*plain {
		t.Errorf("with a clock that jumps 54 years %d bytes are allocated, without %d", jumped, plain)
	}
}

// TestEachOnce: what cannot be read or drawn is told once, and the page has the
// same figures as the folder.
func TestEachOnce(t *testing.T) {
	m := folder(t)
	data := report.Load(m)
	broken := data.Latent.Means[0]
	data.Latent.Means[0] = broken[:1]
	discard := func(_ string, content func(io.Writer) error) error { return content(io.Discard) }
	if err := data.WriteFigures(discard); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := report.Write(&page, data); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(page.String(), "component 0: want a mean"); n != 1 {
		t.Errorf("a figure that cannot be drawn is told %d times, want once: %q", n, data.Missing)
	}
}

// TestChanged: a file with another digest than the manifest's is told and not used.
func TestChanged(t *testing.T) {
	m := folder(t)
	for _, name := range []string{report.ScoresName, report.GeneratedName} {
		data, err := os.ReadFile(m.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := errors.Join(os.Remove(m.Path(name)), os.WriteFile(m.Path(name), data, 0o666)); err != nil { // the store keeps the whole one
			t.Fatal(err)
		}
	}
	data := report.Load(m)
	if data.Scores != nil || data.Generated.Packets != 0 || len(data.Missing) != 2 {
		t.Errorf("%d scores, %d packets, missing %q", len(data.Scores), data.Generated.Packets, data.Missing)
	}
	for _, text := range data.Missing {
		if !strings.Contains(text, "has another digest than the manifest") {
			t.Errorf("missing: %s", text)
		}
	}
}
