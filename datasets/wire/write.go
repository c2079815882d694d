package wire

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/datasets/pcap"
)

// maxProblems is how many errors of a stream are kept.
const maxProblems = 10

// WriteCapture writes the frames and flushes; ctx is looked at between frames.
// However it ends, what was written is a valid capture, the error says how many
// packets it holds, and so does the result. Errors in the stream, the first few
// of them and the number of the others, are returned after the frames that could
// be written.
func WriteCapture(ctx context.Context, w *pcap.Writer, frames iter.Seq2[Frame, error]) (packets int64, err error) {
	var problems []error
	more := 0
	for frame, err := range frames {
		if err != nil && len(problems) < maxProblems {
			problems = append(problems, err)
		} else if err != nil {
			more++
		}
		if err != nil {
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
	if more > 0 {
		problems = append(problems, fmt.Errorf("wire: %d more flows could not be sent", more))
	}
	if err := w.Flush(); err != nil {
		problems = append(problems, err)
	}
	return w.Packets(), errors.Join(problems...)
}
