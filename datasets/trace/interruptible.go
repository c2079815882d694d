package trace

import (
	"context"
	"io"
)

// interruptible reads a stream whose reads may wait without end, a pipe or a
// terminal, so that the end of ctx ends the wait. The read that is then left behind
// keeps its goroutine until the stream says something.
type interruptible struct {
	ctx    context.Context
	in     io.Reader
	buffer []byte
	done   chan result
}

// result is what a read has returned.
type result struct {
	n   int
	err error
}

// Read reads into a buffer of its own: the caller's is not written to behind the
// end of ctx.
func (r *interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.ctx.Done() == nil {
		return r.in.Read(p)
	}
	if r.done == nil {
		r.done = make(chan result, 1)
	}
	if len(r.buffer) < len(p) {
		r.buffer = make([]byte, len(p))
	}
	buffer := r.buffer[:len(p)]
	go func() {
		n, err := r.in.Read(buffer)
		r.done <- result{n, err}
	}()
	select {
	case got := <-r.done:
		return copy(p, buffer[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}
