package trace

import (
	"context"
	"fmt"
	"io"
	"time"
)

// sayEvery is how often a stream that is read for long says how far it is.
const sayEvery = 10 * time.Second

// interruptible reads a stream whose reads may wait without end, a pipe or a
// terminal, so that the end of ctx ends the wait, and says now and then how much has
// come. The read that the end of ctx leaves behind keeps its goroutine until the
// stream says something.
type interruptible struct {
	ctx    context.Context
	in     io.Reader
	say    func(message string) // nil: silent
	name   string
	every  time.Duration
	buffer []byte
	done   chan result
	bytes  int64
	said   time.Time
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
	if r.done == nil {
		r.done, r.said = make(chan result, 1), time.Now()
	}
	if len(r.buffer) < len(p) {
		r.buffer = make([]byte, len(p))
	}
	buffer := r.buffer[:len(p)]
	go func() {
		n, err := r.in.Read(buffer)
		r.done <- result{n, err}
	}()
	for {
		wait := time.NewTimer(r.every - time.Since(r.said))
		select {
		case got := <-r.done:
			wait.Stop()
			r.bytes += int64(got.n)
			return copy(p, buffer[:got.n]), got.err
		case <-r.ctx.Done():
			wait.Stop()
			return 0, r.ctx.Err()
		case <-wait.C:
			r.said = time.Now()
			if r.say != nil {
				r.say(fmt.Sprintf("reading %s: %d bytes so far", r.name, r.bytes))
			}
		}
	}
}
