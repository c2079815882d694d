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
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSplitName(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		want string
	}{
		{"out.pcap", 1, "out-00001.pcap"},
		{"out.pcap.gz", 12, "out-00012.pcap.gz"},
		{"a.b/my.run.7.pcapng.zst", 100000, "a.b/my.run.7-100000.pcapng.zst"},
		{"/tmp.pcap/plain", 3, "/tmp.pcap/plain-00003"},
		{".pcap", 1, ".pcap-00001"},
		{"x.CAP", 1, "x-00001.CAP"},
	} {
		if got := splitName(c.name, c.n); got != c.want {
			t.Errorf("%s, %d: %s, want %s", c.name, c.n, got, c.want)
		}
	}
}

// shelf is files in memory that share the room of one disk.
type shelf struct {
	files map[string]*shelfFile
	room  int
	fail  string // creating this file fails
}

type shelfFile struct {
	shelf  *shelf
	data   []byte
	at     int // where the next byte goes
	closed bool
}

var errShelfFull = errors.New("no space left on device")

func newShelf(room int) *shelf { return &shelf{files: map[string]*shelfFile{}, room: room} }

func (s *shelf) create(name string) (io.WriteCloser, error) {
	if name == s.fail {
		return nil, os.ErrPermission
	}
	s.files[name] = &shelfFile{shelf: s}
	return s.files[name], nil
}

func (s *shelf) remove(name string) error {
	delete(s.files, name)
	return nil
}

func (f *shelfFile) Write(p []byte) (int, error) {
	more := max(0, min(f.at+len(p)-len(f.data), f.shelf.room))
	f.data = append(f.data, make([]byte, more)...)
	f.shelf.room -= more
	n := copy(f.data[f.at:], p)
	f.at += n
	if n < len(p) {
		return n, errShelfFull
	}
	return n, nil
}

func (f *shelfFile) Close() error {
	f.closed = true
	return nil
}

func (f *shelfFile) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		f.at = int(offset)
	}
	return int64(f.at), nil
}

func (f *shelfFile) Truncate(size int64) error {
	f.shelf.room += len(f.data) - int(size)
	f.data = f.data[:size]
	return nil
}

// count is the packets of the files, each of which must be whole.
func (s *shelf) count(t *testing.T, names []string) int64 {
	t.Helper()
	n := int64(0)
	if len(names) != len(s.files) {
		t.Fatalf("files %v, %d are there", names, len(s.files))
	}
	for _, name := range names {
		for _, err := range Packets(bytes.NewReader(s.files[name].data), name) {
			if errors.As(err, new(*DecodeError)) {
				err = nil // the frames are random bytes
			}
			if err != nil {
				t.Fatalf("after %d packets: %v", n, err)
			}
			n++
		}
	}
	return n
}

// The files together hold every packet once and in order, and each keeps to the limits.
func TestSplitWriter(t *testing.T) {
	records := randomRecords(300, rand.NewPCG(5, 6))
	for _, c := range []struct {
		name  string
		opts  SplitOptions
		least int // files
	}{
		{"bytes", SplitOptions{FileBytes: 10_000}, 20},
		{"pcapng", SplitOptions{FileBytes: 10_000, WriterOptions: WriterOptions{PCAPNG: true}}, 20},
		{"packets above the limit", SplitOptions{FileBytes: 1024}, 150},
		{"duration", SplitOptions{FileDuration: 20 * time.Second}, 15},
		{"both", SplitOptions{FileBytes: 50_000, FileDuration: 30 * time.Second}, 15},
		{"gzip", SplitOptions{FileBytes: 20_000, WriterOptions: WriterOptions{Compression: Gzip}}, 10},
		{"zstd", SplitOptions{FileBytes: 20_000, WriterOptions: WriterOptions{Compression: Zstd, PCAPNG: true, BufferSize: 2000}}, 10},
		{"snap length", SplitOptions{FileBytes: 2_000, WriterOptions: WriterOptions{SnapLength: 100}}, 15},
		{"never", SplitOptions{FileDuration: 1 << 60}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			disk := newShelf(1 << 30)
			w, err := NewSplitWriter(disk.create, "out.pcap", c.opts)
			if err != nil {
				t.Fatal(err)
			}
			frameBytes := int64(0)
			for _, r := range records {
				if err := w.Write(r.time, r.frame); err != nil {
					t.Fatal(err)
				}
				frameBytes += int64(len(r.frame))
			}
			if err := errors.Join(w.Close(), w.Close()); err != nil {
				t.Fatal(err)
			}
			if len(w.Names()) < c.least || w.Packets() != int64(len(records)) || w.Bytes() != frameBytes {
				t.Errorf("%d files, %d packets, %d bytes; want %d files at least, %d and %d", len(w.Names()), w.Packets(), w.Bytes(), c.least, len(records), frameBytes)
			}
			var got []writtenFrame
			for i, name := range w.Names() {
				file := disk.files[name]
				if want := splitName("out.pcap", i+1); name != want || !file.closed {
					t.Errorf("file %d is %s, closed %t", i, name, file.closed)
				}
				part, _ := readBack(t, file.data, c.opts.WriterOptions)
				if len(part) == 0 {
					t.Fatalf("%s is empty", name)
				}
				if c.opts.FileBytes > 0 && int64(len(file.data)) > c.opts.FileBytes && len(part) > 1 {
					t.Errorf("%s has %d bytes, %d packets", name, len(file.data), len(part))
				}
				if span := part[len(part)-1].time - part[0].time; c.opts.FileDuration > 0 && span >= int64(c.opts.FileDuration) {
					t.Errorf("%s spans %v", name, time.Duration(span))
				}
				got = append(got, part...)
			}
			for i, r := range records {
				if want := r.frame[:min(len(r.frame), max(c.opts.SnapLength, len(r.frame)*b2i(c.opts.SnapLength == 0)))]; got[i].time != r.time || !bytes.Equal(got[i].frame, want) {
					t.Fatalf("packet %d differs", i)
				}
			}
			if len(got) != len(records) {
				t.Errorf("%d packets, want %d", len(got), len(records))
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestNewSplitWriterRefuses(t *testing.T) {
	disk := newShelf(1000)
	for _, c := range []struct {
		name   string
		create func(string) (io.WriteCloser, error)
		opts   SplitOptions
		want   string
	}{
		{"no create", nil, SplitOptions{FileBytes: 5000}, "no way to create files"},
		{"no limit", disk.create, SplitOptions{}, "neither FileBytes nor FileDuration is given"},
		{"bytes", disk.create, SplitOptions{FileBytes: 100}, "FileBytes is 100, want 0 (no limit) or at least 1024"},
		{"negative", disk.create, SplitOptions{FileBytes: -1, FileDuration: -5}, "FileDuration is -5ns, want 0 (no limit) or more"},
		{"writer", disk.create, SplitOptions{FileBytes: 5000, WriterOptions: WriterOptions{SnapLength: -1}}, "SnapLength is -1"},
	} {
		if _, err := NewSplitWriter(c.create, "out.pcap", c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	disk.fail = "out-00001.pcap"
	if _, err := NewSplitWriter(disk.create, "out.pcap", SplitOptions{FileBytes: 5000}); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "out-00001.pcap: create") {
		t.Errorf("create: error %v", err)
	}
}

// However much room there is, what is on the disk is valid captures of as many
// packets as the error says.
func TestSplitFullDisk(t *testing.T) {
	records := randomRecords(60, rand.NewPCG(7, 7))
	for _, opts := range []SplitOptions{
		{FileBytes: 8_000, WriterOptions: WriterOptions{BufferSize: 3000}},
		{FileBytes: 8_000, WriterOptions: WriterOptions{BufferSize: 3000, PCAPNG: true}},
		{FileDuration: 10 * time.Second, WriterOptions: WriterOptions{Compression: Gzip}},
		{FileDuration: 10 * time.Second, WriterOptions: WriterOptions{Compression: Zstd, BufferSize: 4000}},
	} {
		step := 61
		if opts.Compression != NoCompression { // whose encoders take their time to make
			step = 1009
		}
		for room := 0; room < 40_000; room += step {
			disk := newShelf(room)
			opts.Remove = disk.remove
			w, err := NewSplitWriter(disk.create, "out.pcap", opts)
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
			n := w.Packets()
			if err == nil || !errors.Is(err, errShelfFull) || !strings.Contains(err.Error(), fmt.Sprintf("after %d packets", n)) {
				t.Fatalf("room for %d bytes: error %v, %d packets", room, err, n)
			}
			if again := w.Close(); again == nil {
				t.Fatalf("room for %d bytes: Close forgets the error", room)
			}
			if again := w.Write(records[0].time, records[0].frame); again == nil {
				t.Fatalf("room for %d bytes: Write forgets the error", room)
			}
			if got := disk.count(t, w.Names()); got != n || w.Packets() != n {
				t.Fatalf("room for %d bytes: the files hold %d packets, %d were reported", room, got, n)
			}
		}
	}
}

// A file that cannot be created ends the capture behind whole files.
func TestSplitCreateFails(t *testing.T) {
	disk := newShelf(1 << 20)
	disk.fail = "out-00003.pcap"
	w, err := NewSplitWriter(disk.create, "out.pcap", SplitOptions{FileBytes: 5_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range randomRecords(60, rand.NewPCG(7, 7)) {
		if err = w.Write(r.time, r.frame); err != nil {
			break
		}
	}
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "out-00003.pcap") {
		t.Errorf("error %v", err)
	}
	if got := disk.count(t, w.Names()); got != w.Packets() || got == 0 || len(w.Names()) != 2 {
		t.Errorf("%d packets in %v, %d reported", got, w.Names(), w.Packets())
	}
}

// capinfos and mergecap take the files of a split capture.
func TestSplitTools(t *testing.T) {
	tool, err := exec.LookPath("mergecap")
	if err != nil {
		t.Skip("mergecap is not installed")
	}
	folder := t.TempDir()
	w, err := NewSplitWriter(func(name string) (io.WriteCloser, error) { return os.Create(name) }, filepath.Join(folder, "out.pcapng"),
		SplitOptions{FileDuration: time.Minute, WriterOptions: WriterOptions{PCAPNG: true}})
	if err != nil {
		t.Fatal(err)
	}
	records := randomRecords(200, rand.NewPCG(1, 6))
	for _, r := range records {
		if err := w.Write(r.time, r.frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(folder, "whole.pcap")
	if out, err := exec.Command(tool, append([]string{"-F", "nsecpcap", "-w", whole}, w.Names()...)...).CombinedOutput(); err != nil {
		t.Fatalf("mergecap: %v: %s", err, out)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := readBack(t, data, WriterOptions{})
	if !slices.EqualFunc(got, records, func(a, b writtenFrame) bool { return a.time == b.time && bytes.Equal(a.frame, b.frame) }) {
		t.Errorf("%d packets merged, want the %d written", len(got), len(records))
	}
}

// A capture of twelve minutes in files of five.
func ExampleSplitWriter() {
	files := map[string]*shelfFile{}
	create := func(name string) (io.WriteCloser, error) { // os.Create, outside of an example
		files[name] = &shelfFile{shelf: newShelf(1 << 20)}
		return files[name], nil
	}
	w, err := NewSplitWriter(create, "office.pcap", SplitOptions{FileDuration: 5 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	for minute := range int64(12) {
		if err := w.Write(minute*60e9, make([]byte, 60)); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(w.Close(), w.Packets(), w.Names())
	// Output:
	// <nil> 12 [office-00001.pcap office-00002.pcap office-00003.pcap]
}
