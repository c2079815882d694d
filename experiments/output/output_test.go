package output_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
			c, err := output.Capture(&capture, pcap.WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			r, err := output.Table(&rows, table.CSV, tcp.Semtech)
			if err != nil {
				t.Fatal(err)
			}
			n, err := output.Write(tt.ctx, tt.frames(), nil, tt.sink, c, r)
			if !errors.Is(err, tt.want) || n != tt.packets {
				t.Errorf("%d packets, %v; want %d, %v", n, err, tt.packets, tt.want)
			}
			if err := errors.Join(c.Close(), r.Close()); err != nil {
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
			f, err := output.Create(tt.path, tt.options, nil)
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
					t.Errorf("%v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			n, err := output.Write(t.Context(), frames(t, tt.frames), nil, f)
			if err := errors.Join(err, f.Close(), f.Close()); err != nil {
				t.Fatal(err)
			}
			if f.Packets() != n || fmt.Sprint(f.Names()) != fmt.Sprint(tt.want) {
				t.Errorf("%d packets in %v, want %d in %v", f.Packets(), f.Names(), n, tt.want)
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
		f, err := output.Create(name, output.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = output.Write(t.Context(), frames(t, 5000), nil, f)
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
	for _, outs := range [][]string{{"a.pcap"}, {"a.pcapng"}, {"a.pcap", "a.parquet"}, {"a.pcap", "a.parquet", "a.csv"}} {
		b.Run(strings.Join(outs, " "), func(b *testing.B) {
			dir := b.TempDir()
			packets := int64(0)
			for b.Loop() {
				framer, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(1, 1))
				if err != nil {
					b.Fatal(err)
				}
				var sinks []output.Sink
				for _, out := range outs {
					f, err := output.Create(filepath.Join(dir, out), output.Options{}, nil)
					if err != nil {
						b.Fatal(err)
					}
					sinks = append(sinks, f)
				}
				n, err := output.Write(b.Context(), framer.Frames(stream(flows)), nil, sinks...)
				for _, s := range sinks {
					err = errors.Join(err, s.Close())
				}
				if err != nil {
					b.Fatal(err)
				}
				packets += n
			}
			b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
