package tcp

import (
	"context"
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/datasets/pcap"
)

// CaptureWriter takes the frames of a capture, one file or several.
type CaptureWriter interface {
	Write(timeNanoseconds int64, frame []byte) error
	Flush() error
	Packets() int64 // in the capture; after a failed Write, those that it holds
}

var (
	_ CaptureWriter = (*pcap.Writer)(nil)
	_ CaptureWriter = (*pcap.SplitWriter)(nil)
)

// betweenLooks is how many frames pass between two looks at the context, each of
// which takes a lock.
const betweenLooks = 64

// WriteCapture writes the frames and flushes; ctx is looked at every 64 frames.
// However it ends, what was written is a valid capture, the error says how many
// packets it holds, and so does the result. Errors in the stream, the first few
// of them and the number of the others, are returned after the frames that could
// be written.
func WriteCapture(ctx context.Context, w CaptureWriter, frames iter.Seq2[Frame, error]) (packets int64, err error) {
	var problems Problems
	looks := 0
	for frame, err := range frames {
		if err != nil {
			problems.Add(err)
			continue
		}
		if looks++; looks%betweenLooks == 0 && ctx.Err() != nil {
			problems.Add(fmt.Errorf("tcp: stopped after %d packets: %w", w.Packets(), context.Cause(ctx)))
			break
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
