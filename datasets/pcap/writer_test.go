package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// writtenFrame is what a test writes and wants back.
type writtenFrame struct {
	time  int64
	frame []byte
}

func randomRecords(n int, src rand.Source) []writtenFrame {
	r := rand.New(src)
	records := make([]writtenFrame, n)
	t := int64(1_700_000_000_123_456_789)
	for i := range records {
		frame := make([]byte, 14+r.IntN(1501))
		for j := range frame {
			frame[j] = byte(r.Uint32())
		}
		records[i] = writtenFrame{time: t, frame: frame}
		t += r.Int64N(3e9)
	}
	return records
}

func writeAll(t *testing.T, w io.Writer, opts WriterOptions, records []writtenFrame) {
	t.Helper()
	writer, err := NewWriter(w, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := writer.Write(r.time, r.frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := writer.Packets(); got != int64(len(records)) {
		t.Errorf("Packets() = %d, want %d", got, len(records))
	}
}

// packetReader is what both readers of pcapgo have.
type packetReader interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// readBack reads with pcapgo, a reader that is not ours.
func readBack(t *testing.T, data []byte, opts WriterOptions) (records []writtenFrame, lengths []int) {
	t.Helper()
	var r io.Reader = bytes.NewReader(data)
	var err error
	switch opts.Compression {
	case Gzip:
		r, err = gzip.NewReader(r)
	case Zstd:
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	var reader packetReader
	if opts.PCAPNG {
		reader, err = pcapgo.NewNgReader(r, pcapgo.DefaultNgReaderOptions)
	} else {
		reader, err = pcapgo.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame, info, err := reader.ReadPacketData()
		if err == io.EOF {
			return records, lengths
		}
		if err != nil {
			t.Fatalf("after %d packets: %v", len(records), err)
		}
		records = append(records, writtenFrame{time: info.Timestamp.UnixNano(), frame: frame})
		lengths = append(lengths, info.Length)
	}
}

func writerCases() []WriterOptions {
	var cases []WriterOptions
	for _, ng := range []bool{false, true} {
		for _, micros := range []bool{false, true} {
			for c := NoCompression; c < compressionCount; c++ {
				for _, snap := range []int{0, 96} {
					cases = append(cases, WriterOptions{PCAPNG: ng, Microseconds: micros, Compression: c, SnapLength: snap, BufferSize: 4096})
				}
			}
		}
	}
	return cases
}

func TestWriterRoundTrip(t *testing.T) {
	records := randomRecords(300, rand.NewPCG(1, 2))
	for _, opts := range writerCases() {
		t.Run(fmt.Sprintf("%+v", opts), func(t *testing.T) {
			var out bytes.Buffer
			writeAll(t, &out, opts, records)
			got, lengths := readBack(t, out.Bytes(), opts)
			if len(got) != len(records) {
				t.Fatalf("read %d packets, wrote %d", len(got), len(records))
			}
			for i, want := range records {
				wantTime, wantFrame := want.time, want.frame
				if opts.Microseconds {
					wantTime -= wantTime % 1000
				}
				if opts.SnapLength > 0 && len(wantFrame) > opts.SnapLength {
					wantFrame = wantFrame[:opts.SnapLength]
				}
				if got[i].time != wantTime || !bytes.Equal(got[i].frame, wantFrame) || lengths[i] != len(want.frame) {
					t.Fatalf("packet %d: read time %d, %d of %d bytes; want %d, %d of %d",
						i, got[i].time, len(got[i].frame), lengths[i], wantTime, len(wantFrame), len(want.frame))
				}
			}
		})
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		opts WriterOptions
		want string
	}{
		{"snap length", WriterOptions{SnapLength: -1}, "SnapLength is -1"},
		{"buffer", WriterOptions{BufferSize: -7}, "BufferSize is -7"},
		{"link type", WriterOptions{LinkType: 1 << 16}, "LinkType is 65536"},
		{"compression", WriterOptions{Compression: 9}, "Compression is compression(9)"},
	} {
		if _, err := NewWriter(io.Discard, c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := NewWriter(nil, WriterOptions{}); err == nil {
		t.Error("no destination: no error")
	}
	w, err := NewWriter(io.Discard, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(-1, make([]byte, 60)); err == nil || !strings.Contains(err.Error(), "before 1970") {
		t.Errorf("time before 1970: error %v", err)
	}
	if err := w.Write(1<<32*1e9, make([]byte, 60)); err == nil || !strings.Contains(err.Error(), "2106") {
		t.Errorf("time after 2106: error %v", err)
	}
	if w.Packets() != 0 {
		t.Errorf("refused packets are counted: %d", w.Packets())
	}
}

// errFull is what fullFile returns when it takes no more.
var errFull = errors.New("no space left on device")

// fullFile is a file on a disk with room for a given number of bytes.
type fullFile struct {
	data []byte
	at   int // where the next byte goes
	room int
}

func (f *fullFile) Write(p []byte) (int, error) {
	n := min(len(p), f.room-f.at)
	f.data = append(f.data, make([]byte, max(0, f.at+n-len(f.data)))...)
	f.at += copy(f.data[f.at:], p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func (f *fullFile) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		f.at = int(offset)
	}
	return int64(f.at), nil
}

func (f *fullFile) Truncate(size int64) error {
	f.data = f.data[:size]
	return nil
}

// A disk that fills up at any byte leaves a capture that another reader takes
// whole, with as many packets as the error says.
func TestWriterFullDisk(t *testing.T) {
	records := randomRecords(40, rand.NewPCG(3, 4))
	for _, opts := range writerCases() {
		var whole bytes.Buffer
		writeAll(t, &whole, opts, records)
		for room := 3000; room < whole.Len(); room += 997 {
			disk := &fullFile{room: room}
			w, err := NewWriter(disk, opts)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				if err = w.Write(r.time, r.frame); err != nil {
					break
				}
			}
			if err == nil {
				err = w.Close()
			}
			var failure *WriteError
			if !errors.As(err, &failure) || !errors.Is(err, errFull) {
				t.Fatalf("%+v, %d bytes: error %v, want a WriteError", opts, room, err)
			}
			if err := w.Write(0, nil); !errors.As(err, &failure) {
				t.Fatalf("%+v: a write after the failure gives %v", opts, err)
			}
			if len(disk.data) == 0 {
				if failure.Packets != 0 {
					t.Errorf("%+v, %d bytes: empty file, error says %d packets", opts, room, failure.Packets)
				}
				continue
			}
			got, _ := readBack(t, disk.data, opts)
			if int64(len(got)) != failure.Packets || w.Packets() != failure.Packets {
				t.Errorf("%+v, %d bytes: capture has %d packets, error says %d, writer %d", opts, room, len(got), failure.Packets, w.Packets())
			}
		}
	}
}

// A buffer handed over only in part by an otherwise silent writer is an error too.
func TestWriterShortWrite(t *testing.T) {
	w, err := NewWriter(shortWriter{}, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(1, make([]byte, 60)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v, want %v", err, io.ErrShortWrite)
	}
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestWriterCapinfos(t *testing.T) {
	tool, err := exec.LookPath("capinfos")
	if err != nil {
		t.Skip("capinfos is not installed")
	}
	records := randomRecords(100, rand.NewPCG(5, 6))
	for _, opts := range writerCases() {
		file := filepath.Join(t.TempDir(), "out.cap")
		f, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		writeAll(t, f, opts, records)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tool, "-TrEc", file).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "ether\t100") {
			t.Errorf("%+v: capinfos: %v: %s", opts, err, out)
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	frame := make([]byte, 500)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range frame {
		frame[i] = "abcdefghijklmnopqrstuvwxyz"[r.IntN(26)]
	}
	for _, opts := range []WriterOptions{{}, {PCAPNG: true}, {Compression: Gzip}, {Compression: Zstd}} {
		b.Run(fmt.Sprintf("ng=%t,%v", opts.PCAPNG, opts.Compression), func(b *testing.B) {
			w, err := NewWriter(io.Discard, opts)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := w.Write(int64(i), frame); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
