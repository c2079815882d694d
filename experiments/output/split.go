package output

import (
	"fmt"
	"os"

	"github.com/necstgen/necstgen/datasets/pcap"
)

// openSplit creates the first file of a capture that goes on in others.
func (f *File) openSplit(options Options) error {
	if f.Path == Standard {
		return fmt.Errorf("output: the standard output cannot be split: want a file")
	}
	w, err := pcap.NewSplitWriter(options.open, f.Path, pcap.SplitOptions{WriterOptions: f.Kind.Capture,
		FileBytes: options.SplitSize, FileDuration: options.SplitTime, Remove: os.Remove})
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	f.sink, f.split = capture{w}, w
	return nil
}

// Names returns the names of the files that were written, in order: one, unless the
// capture is split. A file without a packet is not there and has none.
func (f *File) Names() []string {
	switch {
	case f.written == 0:
		return nil
	case f.split != nil:
		return f.split.Names()
	}
	return []string{f.Path}
}
