package wire

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/datasets/pcap"
)

// WriteCapture writes the frames and flushes; ctx is looked at between frames.
// However it ends, what was written is a valid capture, the error says how many
// packets it holds, and so does the result. Errors in the stream are joined
// and returned after the frames that could be written.
func WriteCapture(ctx context.Context, w *pcap.Writer, frames iter.Seq2[Frame, error]) (packets int64, err error) {
	var problems []error
	for frame, err := range frames {
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if ctx.Err() != nil {
			problems = append(problems, fmt.Errorf("wire: stopped after %d packets: %w", w.Packets(), context.Cause(ctx)))
			break
		}
		if err := w.Write(frame.Packet.Time, frame.Bytes); err != nil {
			return w.Packets(), errors.Join(append(problems, err)...)
		}
	}
	if err := w.Flush(); err != nil {
		problems = append(problems, err)
	}
	return w.Packets(), errors.Join(problems...)
}
