package tcp

import (
	"iter"
)

// aheadFrames is how many frames are handed over at a time: enough that the
// hand-over costs nothing beside the frames (measured: 20 ns each).
const aheadFrames = 256

// batch is frames with memory of their own.
type batch struct {
	frames []Frame
	ends   []int // of each frame in bytes
	errs   []error
	bytes  []byte
}

// Ahead makes the frames in a goroutine of its own, up to so many frames before
// they are wanted, so that a generator that pauses does not delay a replay, and
// generating and writing use two cores. It changes nothing else.
func Ahead(frames iter.Seq2[Frame, error], count int) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		depth := max(2, (count+aheadFrames-1)/aheadFrames)
		full, empty, stop := make(chan *batch, depth), make(chan *batch, depth), make(chan struct{})
		for range depth {
			empty <- new(batch)
		}
		finished := make(chan struct{})
		go func() {
			defer close(finished)
			defer close(full)
			produce(frames, full, empty, stop)
		}()
		defer func() {
			close(stop)
			<-finished
		}()
		for b := range full {
			for i := range b.frames {
				if !yield(b.frames[i], b.errs[i]) {
					return
				}
			}
			empty <- b
		}
	}
}

// produce fills batches until the frames end or stop is closed.
func produce(frames iter.Seq2[Frame, error], full chan<- *batch, empty <-chan *batch, stop <-chan struct{}) {
	var b *batch
	hand := func() bool {
		if b == nil {
			return true
		}
		b.point()
		select {
		case full <- b:
			b = nil
			return true
		case <-stop:
			return false
		}
	}
	for frame, err := range frames {
		if b == nil {
			select {
			case b = <-empty:
				b.frames, b.ends, b.errs, b.bytes = b.frames[:0], b.ends[:0], b.errs[:0], b.bytes[:0]
			case <-stop:
				return
			}
		}
		b.bytes = append(b.bytes, frame.Bytes...)
		b.frames, b.ends, b.errs = append(b.frames, frame), append(b.ends, len(b.bytes)), append(b.errs, err)
		if len(b.frames) == aheadFrames && !hand() {
			return
		}
	}
	hand()
}

// point makes the frames point into the batch's own bytes, which have stopped moving.
func (b *batch) point() {
	begin := 0
	for i := range b.frames {
		f := &b.frames[i]
		f.Bytes = b.bytes[begin:b.ends[i]:b.ends[i]]
		if p := &f.Packet; p.Payload != nil {
			p.Payload = f.Bytes[p.HeaderLength : p.HeaderLength+p.PayloadLength]
		}
		begin = b.ends[i]
	}
}
