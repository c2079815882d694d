package pcap

import (
	"fmt"
	"io"
	"strings"
)

// Compression names what a capture is compressed with.
type Compression uint8

// The compressions that the writer knows; the reader senses them.
const (
	NoCompression Compression = iota
	Gzip
	Zstd
	compressionCount
)

var compressionNames = [compressionCount]string{"none", "gzip", "zstd"}

// String returns "none", "gzip" or "zstd".
func (c Compression) String() string {
	if c >= compressionCount {
		return fmt.Sprintf("compression(%d)", uint8(c))
	}
	return compressionNames[c]
}

// UnmarshalText takes a name; the error lists the names.
func (c *Compression) UnmarshalText(text []byte) error {
	for i, name := range compressionNames {
		if strings.EqualFold(name, string(text)) {
			*c = Compression(i)
			return nil
		}
	}
	return fmt.Errorf("unknown compression %q: want one of %s", text, strings.Join(compressionNames[:], ", "))
}

// MarshalText returns the text of String.
func (c Compression) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// sink writes chunks of whole records to w. Compressed, they are one gzip member or one
// zstd frame, for readers that stop at the end of the first (Wireshark 4.0 does with
// zstd). A file is valid behind each chunk, also when the process is killed there: what
// ends the compressed stream is written with the chunk, and the next chunk replaces it.
type sink struct {
	w       io.Writer
	file    truncater // w, if it is a file that can be cut back; nil: anything else
	started bool      // the file header is written
	good    int64     // bytes of w that are whole chunks, from where this writer began
	base    int64     // offset of that beginning in w

	packer packer // nil: not compressed
	end    []byte // what ends the compressed stream behind the good bytes
}

// truncater is a destination that can be cut back: *os.File.
type truncater interface {
	io.Seeker
	Truncate(size int64) error
}

func newSink(w io.Writer, c Compression) (sink, error) {
	s := sink{w: w}
	if t, ok := w.(truncater); ok {
		if at, err := t.Seek(0, io.SeekCurrent); err == nil {
			s.file, s.base = t, at
		}
	}
	var err error
	switch c {
	case Gzip:
		s.packer, err = newGzipPacker()
	case Zstd:
		s.packer, err = newZstdPacker()
	}
	if err != nil {
		return s, fmt.Errorf("pcap: writer: %w", err)
	}
	return s, nil
}

// write hands on one chunk and returns how many of its bytes are in the
// destination as whole records: all of them, unless there is an error.
// boundary rounds a number of bytes down to whole records.
func (s *sink) write(chunk []byte, boundary func(int) int) (kept int, err error) {
	out, end := chunk, []byte(nil)
	if s.packer != nil {
		if out, end, err = s.packer.pack(chunk); err != nil {
			return 0, err
		}
	}
	whole := len(out)
	if s.file != nil && s.packer != nil {
		if _, err = s.file.Seek(s.base+s.good, io.SeekStart); err != nil {
			return 0, err
		}
		out = append(out, end...)
	}
	n, err := s.w.Write(out)
	if err == nil && n < len(out) {
		err = io.ErrShortWrite
	}
	if err == nil {
		s.good += int64(whole)
		s.end, s.started = end, true
		return len(chunk), nil
	}
	if s.packer == nil {
		kept = boundary(max(0, n))
		s.good += int64(kept)
	}
	s.cutBack()
	return kept, err
}

// cutBack removes the half-written rest behind a failed write, where it can, and ends the
// compressed stream there again, for which there is room: it stood there before.
func (s *sink) cutBack() {
	if s.file == nil || s.file.Truncate(s.base+s.good) != nil {
		return
	}
	// The write's own error is what matters.
	if _, err := s.file.Seek(s.base+s.good, io.SeekStart); err == nil && s.started {
		_, _ = s.w.Write(s.end)
	}
}

// close ends the compressed stream where that has not been done with the last chunk.
func (s *sink) close() error {
	end := s.end
	s.end = nil
	if s.file != nil || len(end) == 0 {
		return nil
	}
	_, err := s.w.Write(end)
	return err
}

// most returns an upper bound of the bytes that the file has when it ends behind so many
// more bytes of records: they are stored as they are, in blocks, where they do not compress.
func (s *sink) most(records int64) int64 {
	if s.packer == nil {
		return s.good + records
	}
	return s.good + records + records>>10 + compressedExtra
}
