package pcap

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
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

// sink writes chunks of whole records to w. Compressed, each chunk is a gzip
// member or zstd frame of its own, so that a file cut after any of them is valid.
type sink struct {
	w       io.Writer
	started bool  // the file header is written
	good    int64 // bytes of w known to be whole, from where this writer began
	base    int64 // offset of that beginning in w

	gzip *gzip.Writer
	zstd *zstd.Encoder
	pack bytes.Buffer
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
			s.base = at
		}
	}
	var err error
	switch c {
	case Gzip:
		s.gzip, err = gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	case Zstd:
		s.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
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
	out := chunk
	switch {
	case s.gzip != nil:
		s.pack.Reset()
		s.gzip.Reset(&s.pack)
		if _, err = s.gzip.Write(chunk); err == nil {
			err = s.gzip.Close()
		}
		out = s.pack.Bytes()
	case s.zstd != nil:
		out = s.zstd.EncodeAll(chunk, s.pack.Bytes()[:0])
		s.pack = *bytes.NewBuffer(out)
	}
	if err != nil {
		return 0, err
	}
	n, err := s.w.Write(out)
	if err == nil && n < len(out) {
		err = io.ErrShortWrite
	}
	if err == nil {
		s.good += int64(len(out))
		s.started = true
		return len(chunk), nil
	}
	if s.gzip == nil && s.zstd == nil {
		kept = boundary(max(0, n))
		s.good += int64(kept)
	}
	s.cutBack()
	return kept, err
}

// cutBack removes the half-written rest behind a failed write, where it can.
func (s *sink) cutBack() {
	t, ok := s.w.(truncater)
	if !ok {
		return
	}
	if t.Truncate(s.base+s.good) == nil {
		_, _ = t.Seek(s.base+s.good, io.SeekStart) // the write's own error is what matters
	}
}

func (s *sink) close() error {
	if s.zstd != nil {
		return s.zstd.Close()
	}
	return nil
}
