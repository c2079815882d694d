package tcp

import (
	"errors"
	"flag"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// frames is how many frames TestMillion writes; what has to hold before a change is
// taken (.ci/run) asks for a million.
var frames = flag.Int("frames", 200_000, "frames that TestMillion writes")

// resampled draws flows anew, each gap stretched or shrunk by itself, until they
// have so many packets, at a rate of starts that lets about a thousand overlap:
// what a generator would give, without one.
func resampled(flows []*flow.Flow, packets int, r *rand.Rand) iter.Seq2[*flow.Flow, error] {
	lasting := 0.0
	for _, f := range flows {
		lasting += f.Duration().Seconds()
	}
	between := lasting / float64(len(flows)) / 1000 // seconds
	return func(yield func(*flow.Flow, error) bool) {
		at := flowtest.Epoch
		for id, left := int64(0), packets; left > 0; id++ {
			from := flows[r.IntN(len(flows))]
			f := &flow.Flow{ID: id, Application: from.Application, Tuple: flow.FiveTuple{Proto: from.Tuple.Proto}}
			now, last := at, from.Packets[0].Time
			for _, p := range from.Packets {
				gap := float64(p.Time-last) * math.Exp(0.3*r.NormFloat64())
				now, last = now+int64(gap), p.Time
				f.Packets = append(f.Packets, flow.Packet{
					Time: now, Direction: p.Direction, Flags: p.Flags, HeaderLength: p.HeaderLength, PayloadLength: p.PayloadLength,
				})
			}
			if !yield(f, nil) {
				return
			}
			left -= len(f.Packets)
			at += int64(r.ExpFloat64() * between * 1e9)
		}
	}
}

// recorded is an embedded capture: its file, its flows and its plan.
type recorded struct {
	name  string
	flows []*flow.Flow
	plan  *address.Plan
}

func recordings(t *testing.T, seen *training) []recorded {
	t.Helper()
	var out []recorded
	for _, open := range []func() (io.ReadCloser, error){testbed.Open, testbed.OpenServices} {
		c := recorded{name: recording(t, open)}
		c.flows = readTraces(t, c.name, seen)
		var err error
		if c.plan, err = address.Fit(c.flows, address.FitOptions{}); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// writeMixed writes a capture of all applications of the recordings and the table
// of its packets in one pass.
func writeMixed(t *testing.T, from []recorded, packets int) (capture, parquet string, wrote int64) {
	t.Helper()
	var plans []*address.Plan
	var streams []iter.Seq2[*flow.Flow, error]
	for i, c := range from {
		plans = append(plans, c.plan)
		streams = append(streams, resampled(c.flows, packets/len(from), rand.New(rand.NewPCG(9, uint64(i)))))
	}
	plan, _, err := address.Merge(plans...)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	capture, parquet = filepath.Join(folder, "mixed.pcap"), filepath.Join(folder, "mixed.parquet")
	file, err := os.Create(capture)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := os.Create(parquet)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcap.NewWriter(file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tables, err := table.NewPacketWriter(rows, table.Parquet, table.AnySource)
	if err != nil {
		t.Fatal(err)
	}
	f := newTestFramer(t, plan, Options{Complete: true})
	wrote, err = writeCapture(w, func(yield func(Frame, error) bool) {
		for frame, err := range f.Frames(Interleave(streams...)) {
			if err == nil {
				err = tables.Write(&frame.Packet)
			}
			if !yield(frame, err) {
				return
			}
		}
	})
	if err := errors.Join(err, w.Close(), file.Close(), tables.Close(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d frames, repairs %v", wrote, f.Repairs())
	return capture, parquet, wrote
}

// A million frames of all applications of both embedded captures, drawn anew and
// mixed: nothing that any tool objects to, nothing of the originals, and the table
// of the same pass agrees with the capture. A fifth of that where -frames does not
// ask for more, and half of what it asks for with -short.
func TestMillion(t *testing.T) {
	t.Parallel() // most of it waits for tools
	packets := *frames
	if testing.Short() {
		packets /= 2
	}
	seen := newTraining()
	from := recordings(t, seen)
	capture, table, wrote := writeMixed(t, from, packets+packets/100) // repeated SYNs are not sent
	if wrote < int64(packets) {
		t.Errorf("%d frames, want %d", wrote, packets)
	}
	searched := make(chan error)
	go func() { searched <- seen.search(capture) }() // beside the tools, some of which use one processor
	both := filepath.Join(t.TempDir(), "training.pcap")
	joinCaptures(t, both, from)
	capturetest.Check(t, capture, capturetest.Expect{Packets: wrote, Complete: true, Training: both, Table: table})
	if err := <-searched; err != nil {
		t.Error(err)
	}
}

// joinCaptures writes the records of classic captures of one form one behind the other.
func joinCaptures(t *testing.T, name string, from []recorded) {
	t.Helper()
	var all []byte
	for i, c := range from {
		data, err := os.ReadFile(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			data = data[24:]
		}
		all = append(all, data...)
	}
	if err := os.WriteFile(name, all, 0o600); err != nil {
		t.Fatal(err)
	}
}
