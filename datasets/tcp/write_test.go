package tcp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/payload"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// errFull is what limited returns when it takes no more.
var errFull = errors.New("no space left on device")

// limited is a disk with room for so many bytes, which can be cut back.
type limited struct {
	data []byte
	at   int // where the next byte goes
	room int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.room-l.at)
	l.data = append(l.data, make([]byte, max(0, l.at+n-len(l.data)))...)
	l.at += copy(l.data[l.at:], p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func (l *limited) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		l.at = int(offset)
	}
	return int64(l.at), nil
}

func (l *limited) Truncate(size int64) error {
	l.data = l.data[:size]
	return nil
}

// packetsOf counts a capture's packets, all of which must be whole.
func packetsOf(t *testing.T, data []byte) int64 {
	t.Helper()
	n := int64(0)
	for _, err := range pcap.Packets(bytes.NewReader(data), "out.pcap") {
		if err != nil {
			t.Fatalf("after %d packets: %v", n, err)
		}
		n++
	}
	return n
}

// writeCapture writes the frames and flushes, and returns how many packets the
// capture holds, however that ends.
func writeCapture(w interface {
	Write(time int64, frame []byte) error
	Flush() error
	Packets() int64
}, frames iter.Seq2[Frame, error]) (packets int64, err error) {
	var problems Problems
	for frame, err := range frames {
		if err != nil {
			problems.Add(err)
			continue
		}
		if err := w.Write(frame.Packet.Time, frame.Bytes); err != nil {
			problems.Add(err)
			return w.Packets(), problems.Join()
		}
	}
	if err := w.Flush(); err != nil {
		problems.Add(err)
	}
	return w.Packets(), problems.Join()
}

// A disk that fills up at any byte leaves a valid capture and an error that says
// how long it is, in every format; a pipe, which nothing can be taken back from,
// has this capture and the beginning of a record behind it.
func TestFullDisk(t *testing.T) {
	flows := flowtest.HTTP(2)
	for _, c := range []struct {
		name string
		opts pcap.WriterOptions
		step int
		pipe bool
	}{
		{"pcap", pcap.WriterOptions{BufferSize: 3000}, 1, false},
		{"pcapng", pcap.WriterOptions{BufferSize: 3000, PCAPNG: true}, 1, false},
		{"gzip", pcap.WriterOptions{BufferSize: 2000, Compression: pcap.Gzip}, 61, false},
		{"zstd", pcap.WriterOptions{BufferSize: 2000, Compression: pcap.Zstd, PCAPNG: true}, 61, false},
		{"pcap to a pipe", pcap.WriterOptions{BufferSize: 3000}, 1, true},
		{"pcapng to a pipe", pcap.WriterOptions{BufferSize: 3000, PCAPNG: true}, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var frames []Frame
			for frame := range newTestFramer(t, nil, Options{}).Frames(flowtest.Sequence(flows)) {
				frame.Bytes = bytes.Clone(frame.Bytes)
				frames = append(frames, frame)
			}
			whole, failures := int64(len(frames)), 0
			for room := 0; ; room += c.step {
				disk := &limited{room: room}
				to := io.Writer(disk)
				if c.pipe {
					to = struct{ io.Writer }{disk}
				}
				w, err := pcap.NewWriter(to, c.opts)
				if err != nil {
					t.Fatal(err)
				}
				n, err := writeCapture(w, func(yield func(Frame, error) bool) {
					for _, frame := range frames {
						if !yield(frame, nil) {
							return
						}
					}
				})
				if err == nil {
					if n != whole || packetsOf(t, disk.data) != whole {
						t.Errorf("room for %d bytes: %d packets, want %d", room, n, whole)
					}
					break
				}
				failures++
				if !errors.Is(err, errFull) || !strings.Contains(err.Error(), fmt.Sprintf("after %d packets", n)) {
					t.Fatalf("room for %d bytes: error %v, %d packets", room, err, n)
				}
				if len(disk.data) == 0 && n == 0 {
					continue // not even the header
				}
				got := int64(0)
				if !c.pipe {
					got = packetsOf(t, disk.data)
				} else {
					for _, err := range pcap.Packets(bytes.NewReader(disk.data), "out.pcap") {
						if err == nil {
							got++
						}
					}
				}
				if got != n {
					t.Fatalf("room for %d bytes: the capture has %d packets, %d were reported", room, got, n)
				}
			}
			if failures < 20 {
				t.Errorf("only %d full disks tried", failures)
			}
		})
	}
}

// A real file system that is full: a small one in memory, for who may mount it.
func TestFullFileSystem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mount")
	}
	folder := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder).CombinedOutput(); err != nil {
		t.Skipf("tmpfs cannot be mounted: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", folder).Run() })
	for _, opts := range []pcap.WriterOptions{{}, {PCAPNG: true, BufferSize: 5000}, {Compression: pcap.Gzip, BufferSize: 5000}} {
		name := filepath.Join(folder, "out.pcap")
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w, err := pcap.NewWriter(file, opts)
		if err != nil {
			t.Fatal(err)
		}
		n, err := writeCapture(w, newTestFramer(t, nil, Options{Payload: payload.Random}).Frames(flowtest.PlainStream(10_000)))
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), fmt.Sprintf("after %d packets", n)) || n < 100 {
			t.Errorf("%+v: error %v, %d packets", opts, err, n)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := packetsOf(t, data); got != n {
			t.Errorf("%+v: the capture has %d packets, %d were reported", opts, got, n)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// A split capture is written as one.
func TestWriteSplit(t *testing.T) {
	folder := t.TempDir()
	w, err := pcap.NewSplitWriter(func(name string) (io.WriteCloser, error) { return os.Create(name) }, filepath.Join(folder, "out.pcap"),
		pcap.SplitOptions{FileBytes: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	n, err := writeCapture(w, newTestFramer(t, nil, Options{}).Frames(flowtest.PlainStream(3000)))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	got := int64(0)
	for _, name := range w.Names() {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got += packetsOf(t, data)
	}
	if got != n || len(w.Names()) < 5 {
		t.Errorf("%d packets in %d files, %d were reported", got, len(w.Names()), n)
	}
}

// What cannot be sent is an error that names the flow, and the others are sent.
func TestBadFlows(t *testing.T) {
	broken := errors.New("damaged record")
	flows := func(yield func(*flow.Flow, error) bool) {
		icmp := flowtest.Plain(1, flowtest.Epoch, 14)
		icmp.Tuple.Proto = flow.ICMP
		_ = yield(icmp, nil) && yield(nil, broken) && yield(&flow.Flow{ID: 2}, nil) && yield(flowtest.Plain(3, flowtest.Epoch, 14), nil)
	}
	var out bytes.Buffer
	w, err := pcap.NewWriter(&out, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := writeCapture(w, newTestFramer(t, nil, Options{}).Frames(flows))
	for _, want := range []string{"flow 1 has protocol 1", "damaged record", "flow 2 has no packets"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	if n != 14 {
		t.Errorf("%d packets, want the 14 of the good flow", n)
	}
}

func TestNewFramerRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		plan *address.Plan
		opts Options
		src  rand.Source
		want string
	}{
		{"no source", nil, Options{}, nil, "no random source"},
		{"MTU", nil, Options{MTU: 100}, rand.NewPCG(1, 1), "mtu is 100, want 0 (the plan's) or 576 to 65535"},
		{"filling", nil, Options{Payload: 9}, rand.NewPCG(1, 1), "payload is 9, want one of neutral, zero, random, copy"},
		{"plan", &address.Plan{}, Options{}, rand.NewPCG(1, 1), "version is 0"},
	} {
		if _, err := NewFramer(c.plan, c.opts, c.src); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// Memory grows with the flows that are open, not with those that were: the heap
// and the kept conversations stay as they are after the first thousand flows.
func TestMemoryIsBounded(t *testing.T) {
	f := newTestFramer(t, nil, Options{})
	frames := 0
	for _, err := range f.Frames(flowtest.PlainStream(400_000)) {
		if err != nil {
			t.Fatal(err)
		}
		if frames++; len(f.free)+len(f.open) > 1000 {
			t.Fatalf("after %d frames: %d flows open or kept", frames, len(f.free)+len(f.open))
		}
	}
	if frames < 400_000 {
		t.Errorf("%d frames", frames)
	}
}

// A consumer that stops early ends the stream of flows.
func TestStop(t *testing.T) {
	next, stop := iter.Pull2(newTestFramer(t, nil, Options{}).Frames(flowtest.PlainStream(1 << 40)))
	for range 1000 {
		if _, err, ok := next(); err != nil || !ok {
			t.Fatal(err)
		}
	}
	stop()
	if _, _, ok := next(); ok {
		t.Error("a frame after the end")
	}
}

// Every field of a frame's Packet is what the reader decodes from its bytes, but
// for what only flow assembly knows.
func TestPacketsAgree(t *testing.T) {
	var out bytes.Buffer
	w, err := pcap.NewWriter(&out, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var written []flow.Packet
	for frame, err := range newTestFramer(t, twoFamilies(), Options{Complete: true}).Frames(flowtest.Sequence(flowtest.Ugly(2000, 9))) {
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(frame.Packet.Time, frame.Bytes); err != nil {
			t.Fatal(err)
		}
		frame.Packet.Payload = bytes.Clone(frame.Packet.Payload)
		written = append(written, frame.Packet)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	i := 0
	for got, err := range pcap.Packets(&out, "out.pcap") {
		if err != nil {
			t.Fatal(err)
		}
		want := written[i]
		got.FlowID, got.Direction = want.FlowID, want.Direction
		if got.Application == flow.Unknown {
			got.Application = want.Application
		}
		if !bytes.Equal(got.Payload, want.Payload) {
			t.Fatalf("packet %d: payloads differ", i)
		}
		got.Payload, want.Payload = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("packet %d: read\n%+v, written\n%+v", i, got, want)
		}
		i++
	}
	if i != len(written) || i < 30_000 {
		t.Errorf("read %d packets, wrote %d", i, len(written))
	}
}
