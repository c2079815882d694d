package pcap

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// SplitOptions say how a capture is split and how its files are written. At
// least one of the limits must be given; whichever comes first ends a file.
type SplitOptions struct {
	WriterOptions
	FileBytes    int64         // most bytes of a file on the disk, compressed if it is; 0: no limit. A file has at least one packet
	FileDuration time.Duration // most capture time of a file, counted from its first packet; 0: no limit

	// Remove removes a file that a full disk left without even a header; nil: it stays, empty.
	Remove func(name string) error
}

// SplitWriter writes a capture as a row of files, each a valid capture of its
// own. It is not safe for concurrent use.
//
// Files are numbered from 1 in the order of writing, with five digits or as many
// as are needed, before the extensions: capture.pcap.gz becomes
// capture-00001.pcap.gz, capture-00002.pcap.gz and so on. There is always a first
// file; later ones are made with their first packet.
type SplitWriter struct {
	create  func(name string) (io.WriteCloser, error)
	name    string
	opts    SplitOptions
	file    io.WriteCloser
	writer  *Writer
	names   []string
	packets int64 // of finished files
	bytes   int64 // frame bytes of finished files
	first   int64 // time of the file's first packet
	err     error // the first failure: every later call returns it
}

// NewSplitWriter creates the first file. Create opens a file for writing, such
// as os.Create made to return an io.WriteCloser; name is that of the whole capture.
func NewSplitWriter(create func(name string) (io.WriteCloser, error), name string, opts SplitOptions) (*SplitWriter, error) {
	var problems []error
	if create == nil {
		problems = append(problems, errors.New("pcap: split: no way to create files"))
	}
	if opts.FileBytes < 0 || opts.FileBytes > 0 && opts.FileBytes < minFileBytes {
		problems = append(problems, fmt.Errorf("pcap: split: FileBytes is %d, want 0 (no limit) or at least %d", opts.FileBytes, minFileBytes))
	}
	if opts.FileDuration < 0 {
		problems = append(problems, fmt.Errorf("pcap: split: FileDuration is %v, want 0 (no limit) or more", opts.FileDuration))
	}
	if opts.FileBytes == 0 && opts.FileDuration == 0 {
		problems = append(problems, errors.New("pcap: split: neither FileBytes nor FileDuration is given, want at least one of them"))
	}
	problems = append(problems, opts.validate())
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	s := &SplitWriter{create: create, name: name, opts: opts}
	if err := s.next(); err != nil {
		return nil, err
	}
	return s, nil
}

// minFileBytes is the smallest limit that leaves room for headers and a packet.
const minFileBytes = 1 << 10

// splitName returns the name of the n-th file, counted from 1, of a capture.
func splitName(name string, n int) string {
	folder, base := filepath.Split(name)
	at := len(base)
	for {
		extension := filepath.Ext(base[:at])
		if extension == "" || len(extension) == at || !isExtension(extension) {
			break
		}
		at -= len(extension)
	}
	return fmt.Sprintf("%s%s-%05d%s", folder, base[:at], n, base[at:])
}

// isExtension reports whether an ending is one of captures' names, and not a dot inside a name.
func isExtension(e string) bool {
	switch strings.ToLower(e) {
	case ".pcap", ".pcapng", ".cap", ".gz", ".zst", ".ntar", ".dmp":
		return true
	}
	return false
}

// next ends the file and begins another.
func (s *SplitWriter) next() error {
	if err := s.finish(); err != nil {
		return err
	}
	name := splitName(s.name, len(s.names)+1)
	file, err := s.create(name)
	if err != nil {
		return s.fail(name, fmt.Errorf("create: %w", err))
	}
	writer, err := NewWriter(file, s.opts.WriterOptions)
	if err != nil {
		_ = file.Close() // the writer's error is what matters
		return s.fail(name, err)
	}
	s.file, s.writer, s.names = file, writer, append(s.names, name)
	return nil
}

// finish flushes and closes the file, if there is one.
func (s *SplitWriter) finish() error {
	if s.writer == nil {
		return nil
	}
	name := s.names[len(s.names)-1]
	err := s.writer.Close()
	started := s.writer.sink.good > 0
	s.packets, s.bytes = s.packets+s.writer.Packets(), s.bytes+s.writer.Bytes()
	closeErr := s.file.Close()
	s.writer, s.file = nil, nil
	if err != nil {
		if !started {
			s.drop(name)
		}
		return s.fail(name, err)
	}
	if closeErr != nil {
		return s.fail(name, fmt.Errorf("close: %w", closeErr))
	}
	return nil
}

// drop forgets the last file, which holds nothing.
func (s *SplitWriter) drop(name string) {
	s.names = s.names[:len(s.names)-1]
	if s.opts.Remove != nil {
		_ = s.opts.Remove(name) // the write's own error is what matters
	}
}

// fail makes an error of one file that of the whole capture, which holds the
// packets of all files.
func (s *SplitWriter) fail(name string, err error) error {
	var cause *WriteError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	s.err = &WriteError{Packets: s.Packets(), Err: fmt.Errorf("%s: %w", name, err)}
	return s.err
}

// Write adds one frame to the file, or to a new one where a limit is reached. It
// is otherwise as that of Writer.
func (s *SplitWriter) Write(timeNanoseconds int64, frame []byte) error {
	if s.err != nil {
		return s.err
	}
	if s.writer == nil {
		return errors.New("pcap: split: write behind Close")
	}
	if err := s.writer.checkTime(timeNanoseconds); err != nil {
		return err
	}
	size := s.writer.recordSize(len(frame))
	if s.writer.Packets() > 0 {
		full, err := s.full(timeNanoseconds, size)
		if err == nil && full {
			err = s.next()
		}
		if err != nil {
			return err
		}
	}
	if s.writer.Packets() == 0 {
		s.first = timeNanoseconds
	}
	if err := s.writer.Write(timeNanoseconds, frame); err != nil {
		return s.fail(s.names[len(s.names)-1], err)
	}
	return nil
}

// full reports whether a packet of that time and size belongs into the next file.
//
// What the buffered records take compressed shows only when they are: they are written
// out where they might be too many, unless they are so few (a sixteenth of the buffer)
// that it is not worth a block.
func (s *SplitWriter) full(at, size int64) (bool, error) {
	if s.opts.FileDuration > 0 && at-s.first >= int64(s.opts.FileDuration) {
		return true, nil
	}
	w := s.writer
	over := func() bool {
		return s.opts.FileBytes > 0 && w.sink.most(int64(len(w.buf))+size) > s.opts.FileBytes
	}
	if over() && w.sink.packer != nil && len(w.buf) >= cap(w.buf)/16 {
		if err := s.Flush(); err != nil {
			return false, err
		}
	}
	return over(), nil
}

// recordSize returns how many bytes a frame takes in the file.
func (p *Writer) recordSize(frame int) int64 {
	kept := min(frame, p.opts.SnapLength)
	if p.opts.PCAPNG {
		return int64(ngEnhancedFixedSize + kept + -kept&3)
	}
	return int64(pcapRecordSize + kept)
}

// Flush writes out what is buffered, so that everything so far can be read.
func (s *SplitWriter) Flush() error {
	if s.err != nil || s.writer == nil {
		return s.err
	}
	if err := s.writer.Flush(); err != nil {
		return s.fail(s.names[len(s.names)-1], err)
	}
	return nil
}

// Close flushes and closes the last file. A second Close is harmless.
func (s *SplitWriter) Close() error {
	failed := s.err
	if err := s.finish(); failed == nil {
		return err
	}
	s.err = failed
	return failed
}

// Packets returns the number of packets accepted; after a failed write, of those
// that the files hold.
func (s *SplitWriter) Packets() int64 {
	if s.writer != nil {
		return s.packets + s.writer.Packets()
	}
	return s.packets
}

// Bytes returns the sum of the lengths of all frames accepted, before the snap length.
func (s *SplitWriter) Bytes() int64 {
	if s.writer != nil {
		return s.bytes + s.writer.Bytes()
	}
	return s.bytes
}

// Names returns the files so far, in order, all of them valid captures behind Close.
func (s *SplitWriter) Names() []string { return s.names }
