package pcap

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// textRecords are frames of words, which compress to some fifth.
func textRecords(n int, src rand.Source) []writtenFrame {
	r := rand.New(src)
	records := make([]writtenFrame, n)
	words := bytes.Fields([]byte("the packets of a capture and what a network carries each day from one host to another"))
	for i := range records {
		frame := make([]byte, 14, 1514)
		for len(frame) < 100+r.IntN(1300) {
			frame = append(append(frame, words[r.IntN(len(words))]...), ' ')
		}
		records[i] = writtenFrame{time: 1_700_000_000e9 + int64(i)*1e6, frame: frame}
	}
	return records
}

// However many chunks it has, a compressed capture is one gzip member or one zstd frame,
// also where it is no file.
func TestOneStream(t *testing.T) {
	records := textRecords(3000, rand.NewPCG(1, 2))
	for _, c := range []Compression{Gzip, Zstd} {
		for _, seekable := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v, file %t", c, seekable), func(t *testing.T) {
				disk := &fullFile{room: 1 << 30}
				w := io.Writer(disk)
				if !seekable {
					w = struct{ io.Writer }{disk}
				}
				writeAll(t, w, WriterOptions{Compression: c, BufferSize: 1 << 16}, records)
				if got, _ := readBack(t, disk.data, WriterOptions{Compression: c}); len(got) != len(records) {
					t.Errorf("%d packets, want %d", len(got), len(records))
				}
				if c == Zstd {
					if n := bytes.Count(disk.data, []byte{0x28, 0xb5, 0x2f, 0xfd}); n != 1 {
						t.Errorf("%d frames", n)
					}
					return
				}
				rest := bytes.NewReader(disk.data)
				r, err := gzip.NewReader(rest)
				if err != nil {
					t.Fatal(err)
				}
				r.Multistream(false)
				if _, err := io.Copy(io.Discard, r); err != nil || rest.Len() > 0 {
					t.Errorf("%d bytes behind the first member, error %v", rest.Len(), err)
				}
			})
		}
	}
}

// A file is a valid capture behind each Flush, as if the process had been killed there.
func TestFlushedFileIsValid(t *testing.T) {
	records := textRecords(200, rand.NewPCG(1, 2))
	for _, opts := range writerCases() {
		disk := &fullFile{room: 1 << 30}
		w, err := NewWriter(disk, opts)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range records {
			if err := w.Write(r.time, r.frame); err != nil {
				t.Fatal(err)
			}
			if i%17 != 0 {
				continue
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if got, _ := readBack(t, disk.data, opts); len(got) != i+1 {
				t.Fatalf("%+v: %d packets after %d", opts, len(got), i+1)
			}
		}
	}
}

// The files of a split capture are as large as they may be, compressed too.
func TestSplitFillsFiles(t *testing.T) {
	records := textRecords(6000, rand.NewPCG(3, 4))
	for _, c := range []Compression{NoCompression, Gzip, Zstd} {
		const limit = 200_000
		disk := newShelf(1 << 30)
		w, err := NewSplitWriter(disk.create, "out.pcap", SplitOptions{FileBytes: limit, WriterOptions: WriterOptions{Compression: c}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if err := w.Write(r.time, r.frame); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		names := w.Names()
		for i, name := range names {
			if n := len(disk.files[name].data); n > limit || i < len(names)-1 && n < limit*9/10 {
				t.Errorf("%v: file %d of %d has %d bytes, want at most %d, and little less", c, i+1, len(names), n, limit)
			}
		}
	}
}
