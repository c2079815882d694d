package output_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
)

func stream(flows []*flow.Flow) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		for _, f := range flows {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// frames are those of n connections.
func frames(t *testing.T, n int) iter.Seq2[tcp.Frame, error] {
	t.Helper()
	framer, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	return framer.Frames(stream(gentest.Flows(n, rand.NewPCG(1, 2))))
}

func TestKindOf(t *testing.T) {
	tests := []struct {
		in   string
		want output.Kind
		err  string
	}{
		{in: "a.pcap"}, {in: "a"}, {in: "-"}, {in: "/dev/null"}, {in: "dir.x/a"}, {in: "a.CAP"},
		{in: "a.pcapng", want: output.Kind{Capture: pcap.WriterOptions{PCAPNG: true}}},
		{in: "a.pcap.gz", want: output.Kind{Capture: pcap.WriterOptions{Compression: pcap.Gzip}}},
		{in: "a.pcapng.zst", want: output.Kind{Capture: pcap.WriterOptions{PCAPNG: true, Compression: pcap.Zstd}}},
		{in: "a.parquet", want: output.Kind{Table: table.Parquet}},
		{in: "a.csv", want: output.Kind{Table: table.CSV}},
		{in: "a.flows.csv", want: output.Kind{Flows: "csv"}},
		{in: "a.FLOWS.pq", want: output.Kind{Flows: "parquet"}},
		{in: "conn.log", want: output.Kind{Flows: output.Zeek}},
		{in: "a.IPFIX", want: output.Kind{Flows: output.IPFIX}},
		{in: "flows.csv", want: output.Kind{Table: table.CSV}},
		{in: "a.feather", want: output.Kind{Table: table.Arrow}},
		{in: "a.txt", err: "output: a.txt: unknown ending .txt: want .pcap"},
		{in: "a.csv.gz", err: "output: a.csv.gz: unknown ending .csv: want"},
		{in: "a.pcap.gz.zst", err: "output: a.pcap.gz.zst: unknown ending .gz: want"},
	}
	for _, tt := range tests {
		got, err := output.KindOf(tt.in)
		if tt.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %s", tt.in, err, tt.err)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", tt.in, got, err, tt.want)
		}
	}
}

// Beside a capture stand the tables of its flows, once.
func TestWithFlows(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("folder", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ in, want string }{
		{"a.pcap", "a.pcap a.flows.parquet a.flows.csv"},
		{"a.pcap a.pcapng.zst b/c", "a.pcap a.pcapng.zst b/c a.flows.parquet a.flows.csv b/c.flows.parquet b/c.flows.csv"},
		{"a.flows.csv a.pcap.gz", "a.flows.csv a.pcap.gz a.flows.parquet"},
		{"a.csv a.flows.arrow", "a.csv a.flows.arrow"},
		{"- /dev/null folder a.txt", "- /dev/null folder a.txt"},
	} {
		if got := strings.Join(output.WithFlows(strings.Fields(tt.in)), " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct{ in, stem, ending string }{
		{"a.pcap", "a", ".pcap"}, {"b/a.pcapng.zst", "b/a", ".pcapng.zst"}, {"a.flows.parquet", "a", ".flows.parquet"}, {"a", "a", ""}, {"x.y.csv", "x.y", ".csv"},
	} {
		if stem, ending := output.Split(tt.in); stem != tt.stem || ending != tt.ending {
			t.Errorf("%s: %s %s", tt.in, stem, ending)
		}
	}
}

// A table of flows agrees with the packets: each flow once, with as many packets and bytes
// each way, and those that the writing ended in the middle of as well.
func TestFlowsAgree(t *testing.T) {
	t.Chdir(t.TempDir())
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ctx := range []context.Context{t.Context(), cancelled} {
		files, err := output.Create(output.WithFlows([]string{"a.pcap"}), output.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[int64][2]int64{}
		n, err := output.Write(ctx, frames(t, 300), nil, append(files.Sinks(), counting(counts))...)
		if err := errors.Join(err, files.Close()); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for _, name := range []string{"a.flows.parquet", "a.flows.csv"} {
			columns, err := table.ReadColumns(name)
			if err != nil || columns[0].Len() != len(counts) {
				t.Fatalf("%s: %d flows, want %d, error %v", name, columns[0].Len(), len(counts), err)
			}
			all := map[string][]float64{}
			for _, c := range columns {
				if all[c.Name()], err = c.Floats(); err != nil {
					delete(all, c.Name()) // text
				}
			}
			sum := int64(0)
			for i, id := range all["flow_id"] {
				got := [2]int64{int64(all["packets_forward"][i]), int64(all["packets_backward"][i])}
				if got != counts[int64(id)] {
					t.Errorf("%s: flow %v: %v packets, want %v", name, id, got, counts[int64(id)])
				}
				sum += got[0] + got[1]
			}
			if sum != n {
				t.Errorf("%s: %d packets, want %d", name, sum, n)
			}
		}
	}
}

// counting is a sink that counts the packets of each flow each way.
type counting map[int64][2]int64

func (c counting) Write(f *tcp.Frame) error {
	n := c[f.Packet.FlowID]
	n[f.Packet.Direction]++
	c[f.Packet.FlowID] = n
	return nil
}
func (c counting) Close() error { return nil }

// broken fails at the n-th frame.
type broken struct{ left int }

var errBroken = errors.New("broken")

func (b *broken) Write(*tcp.Frame) error {
	if b.left--; b.left < 0 {
		return errBroken
	}
	return nil
}
func (b *broken) Close() error { return nil }

// buffer is a file in memory.
type buffer struct{ *bytes.Buffer }

func (buffer) Close() error { return nil }

// What ends writing early leaves whole files that agree.
func TestWriteEndsEarly(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name    string
		ctx     context.Context
		frames  func() iter.Seq2[tcp.Frame, error]
		sink    output.Sink
		want    error
		packets int64 // -1: all
	}{
		{"a sink fails", t.Context(), func() iter.Seq2[tcp.Frame, error] { return frames(t, 200) }, &broken{left: 100}, errBroken, 100},
		{"cancelled", cancelled, func() iter.Seq2[tcp.Frame, error] { return frames(t, 200) }, &broken{left: 1e9}, context.Canceled, 1024},
		{"the stream fails", t.Context(), func() iter.Seq2[tcp.Frame, error] {
			return func(yield func(tcp.Frame, error) bool) {
				_ = yield(tcp.Frame{}, errBroken) && yield(tcp.Frame{Packet: flow.Packet{Length: 60}, Bytes: make([]byte, 60)}, nil)
			}
		}, &broken{left: 1e9}, errBroken, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var capture, rows bytes.Buffer
			files, err := output.Create([]string{"c.pcap", "r.csv"}, output.Options{Open: func(name string) (io.WriteCloser, error) {
				return buffer{map[string]*bytes.Buffer{"c.pcap": &capture, "r.csv": &rows}[name]}, nil
			}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			n, err := output.Write(tt.ctx, tt.frames(), nil, append([]output.Sink{tt.sink}, files.Sinks()...)...)
			if !errors.Is(err, tt.want) || n != tt.packets {
				t.Errorf("%d packets, %v; want %d, %v", n, err, tt.packets, tt.want)
			}
			if err := files.Close(); err != nil {
				t.Fatal(err)
			}
			read := int64(0)
			for _, err := range pcap.Packets(&capture, "c") {
				if err != nil && tt.packets > 1 { // the frame of zeros is none
					t.Fatal(err)
				}
				read++
			}
			if lines := int64(bytes.Count(rows.Bytes(), []byte("\n"))) - 1; read != n || lines != n {
				t.Errorf("the capture has %d packets, the table %d rows, want %d", read, lines, n)
			}
		})
	}
}

func TestProblemsAreCounted(t *testing.T) {
	many := func(yield func(tcp.Frame, error) bool) {
		for i := range 25 {
			if !yield(tcp.Frame{}, fmt.Errorf("flow %d", i)) {
				return
			}
		}
	}
	n, err := output.Write(t.Context(), many, nil)
	if n != 0 || err == nil || !strings.Contains(err.Error(), "flow 9\nand 15 more errors") {
		t.Errorf("%d, %v", n, err)
	}
}

func TestFile(t *testing.T) {
	t.Chdir(t.TempDir())
	tests := []struct {
		name, path string
		options    output.Options
		frames     int
		want       []string // files
		err        string
	}{
		{"whole", "a.pcap", output.Options{}, 20, []string{"a.pcap"}, ""},
		{"table", "a.parquet", output.Options{SplitSize: 1 << 16}, 20, []string{"a.parquet"}, ""},
		{"table of flows", "a.flows.csv", output.Options{}, 20, []string{"a.flows.csv"}, ""},
		{"log of connections", "a.log", output.Options{}, 20, []string{"a.log"}, ""},
		{"IPFIX", "a.ipfix", output.Options{}, 20, []string{"a.ipfix"}, ""},
		{"no flow to write", "c.flows.parquet", output.Options{}, 0, nil, ""},
		{"split by time", "b.pcap", output.Options{SplitTime: time.Hour}, 20, []string{"b-00001.pcap"}, ""},
		{"nothing to write", "c.pcap", output.Options{}, 0, nil, ""},
		{"no part to write", "d.pcap", output.Options{SplitTime: time.Hour}, 0, nil, ""},
		{"no folder", "missing/a.pcap", output.Options{}, 20, nil, "output: open missing/a.pcap: "},
		{"no folder for parts", "missing/a.pcap", output.Options{SplitSize: 1 << 20}, 20, nil, "output: "},
		{"the standard output in parts", "-", output.Options{SplitSize: 1 << 20}, 20, nil, "output: the standard output cannot be split"},
		{"unknown", "a.doc", output.Options{}, 20, nil, "output: a.doc: unknown ending"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files, err := output.Create([]string{tt.path}, tt.options, nil)
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
					t.Errorf("%v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			n, err := output.Write(t.Context(), frames(t, tt.frames), nil, files.Sinks()...)
			if err := errors.Join(err, files.Close(), files.Close()); err != nil {
				t.Fatal(err)
			}
			f := files.All[0]
			if f.Kind.Flows == "" && f.Written() != n || f.Kind.Flows != "" && f.Written() != int64(tt.frames) || fmt.Sprint(f.Names()) != fmt.Sprint(tt.want) {
				t.Errorf("%d %s in %v, want %d packets in %v", f.Written(), f.Kind.Unit(), f.Names(), n, tt.want)
			}
			left, err := filepath.Glob(tt.path[:1] + "*")
			if err != nil || len(tt.want) == 0 && len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
			for _, name := range tt.want {
				if _, err := os.Stat(name); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A generated capture takes no more room than the zstd command needs at its own level, and
// passes its check.
func TestZstdIsSmall(t *testing.T) {
	tool, err := exec.LookPath("zstd")
	if err != nil {
		t.Skip("zstd is not installed")
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.pcap", "a.pcap.zst"} {
		f, err := output.Create([]string{name}, output.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = output.Write(t.Context(), frames(t, 5000), nil, f.Sinks()...)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(tool, "-q", "a.pcap", "-o", "theirs.zst").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command(tool, "-q", "-t", "a.pcap.zst").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	ours, err := os.Stat("a.pcap.zst")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.Stat("theirs.zst")
	if err != nil || ours.Size() > theirs.Size() {
		t.Errorf("%d bytes, zstd makes it %d, error %v", ours.Size(), theirs.Size(), err)
	}
	t.Logf("%d bytes, zstd makes it %d", ours.Size(), theirs.Size())
}

// BenchmarkWrite frames flows and writes them to a capture, and to tables beside it.
func BenchmarkWrite(b *testing.B) {
	flows := gentest.Flows(2000, rand.NewPCG(1, 2))
	for _, outs := range [][]string{{"a.pcap"}, {"a.pcapng"}, {"a.pcap", "a.flows.parquet", "a.flows.csv"}, {"a.pcap", "a.parquet"}, {"a.pcap", "a.parquet", "a.csv"}} {
		b.Run(strings.Join(outs, " "), func(b *testing.B) {
			dir := b.TempDir()
			packets := int64(0)
			for b.Loop() {
				framer, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(1, 1))
				if err != nil {
					b.Fatal(err)
				}
				var paths []string
				for _, out := range outs {
					paths = append(paths, filepath.Join(dir, out))
				}
				files, err := output.Create(paths, output.Options{}, nil)
				if err != nil {
					b.Fatal(err)
				}
				n, err := output.Write(b.Context(), framer.Frames(stream(flows)), nil, files.Sinks()...)
				if err := errors.Join(err, files.Close()); err != nil {
					b.Fatal(err)
				}
				packets += n
			}
			b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
