package table

import (
	"errors"
	"io"
	"sync/atomic"
)

// batch is rows that are gathered as columns.
type batch interface {
	rows() int
	columns() []column // share the batch's memory
	reset()
}

// sink takes full batches. It keeps nothing of them.
type sink[B batch] interface {
	take(B) error
	close() error
}

// table is the sink that writes batches as they are.
type table[B batch] struct{ batchWriter }

func (t table[B]) take(b B) error { return t.write(b.columns(), b.rows()) }

// batchPipe passes full batches to an encoder that runs beside the caller, so that
// the columns of one batch are encoded and written while the next one fills. What
// is written does not depend on it. The encoder starts with the second batch: a
// small table needs none. It is closed exactly once.
type batchPipe[B batch] struct {
	out    sink[B]
	fresh  func() B
	filled B      // the one that is being filled
	full   chan B // to the encoder; nil before it is needed
	free   chan B // and back
	failed atomic.Pointer[error]
	closed bool
}

// newPipe passes batches to out.
func newPipe[B batch](out sink[B], fresh func() B) *batchPipe[B] {
	return &batchPipe[B]{out: out, fresh: fresh, filled: fresh()}
}

// newTable is a pipe into a table.
func newTable[B batch](w io.Writer, format Format, fields []field, fresh func() B) (*batchPipe[B], error) {
	out, err := newWriter(w, format, fields)
	if err != nil {
		return nil, err
	}
	return newPipe[B](table[B]{out}, fresh), nil
}

var errClosed = errors.New("table: the writer is closed")

// pass gives the full batch to the encoder and takes an empty one. An error may
// belong to a batch before.
func (p *batchPipe[B]) pass() error {
	if p.full == nil {
		p.full, p.free = make(chan B, 1), make(chan B, 3)
		p.free <- p.fresh()
		p.free <- p.fresh()
		go p.encode()
	}
	p.full <- p.filled
	p.filled = <-p.free
	return p.failure()
}

func (p *batchPipe[B]) failure() error {
	if err := p.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// encode writes batches until full is closed; after an error it only drains.
func (p *batchPipe[B]) encode() {
	for b := range p.full {
		if p.failed.Load() == nil {
			if err := p.out.take(b); err != nil {
				p.failed.Store(&err)
			}
		}
		b.reset()
		p.free <- b
	}
	close(p.free)
}

// close writes what is left and ends the table, an error before notwithstanding.
func (p *batchPipe[B]) close() error {
	if p.closed {
		return errClosed
	}
	p.closed = true
	if p.full != nil {
		close(p.full)
		for range p.free { // until the encoder has ended
		}
	}
	if err := p.failure(); err != nil {
		return err
	}
	if p.filled.rows() > 0 {
		if err := p.out.take(p.filled); err != nil {
			return err
		}
	}
	return p.out.close()
}
