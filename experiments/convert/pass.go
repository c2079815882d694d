package convert

import (
	"errors"
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
)

// maxReasons is how many damaged records are described.
const maxReasons = 3

// pass reads the trace from its start and yields the rows of read that take accepts;
// damaged records are left out. In the first pass of a conversion the rows and errors are
// counted.
func pass[T any](c *converter, read func(*trace.Trace) iter.Seq2[T, error], take func(*T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none, row T // one row for all: take's argument escapes
		in, err := c.open()
		if err != nil {
			yield(none, err)
			return
		}
		defer in.Close()
		c.in = in
		first := c.passes == 0
		c.passes++
		for row, err = range read(in) {
			damaged := err != nil && flow.IsRecordError(err)
			taken := err == nil && take(&row)
			if first {
				c.result.count(taken, damaged, err)
			}
			if (taken || err != nil && !damaged) && !yield(row, err) {
				return
			}
		}
		if first {
			c.result.Warnings = in.Warnings()
		}
	}
}

// count counts one row or error of the first pass.
func (r *Result) count(taken, damaged bool, err error) {
	switch {
	case taken:
		r.Packets++
	case err == nil:
		r.Others++
	case damaged:
		if r.Damaged++; r.Damaged <= maxReasons {
			r.Reasons = append(r.Reasons, err)
		}
	}
}

// checkRead refuses a trace of which the first pass has taken nothing.
func (c *converter) checkRead() error {
	r := &c.result
	switch {
	case r.Packets > 0 || c.MayBeEmpty && r.Others+r.Damaged == 0:
		return nil
	case r.Others > 0:
		return fmt.Errorf("%s: none of its %d packets is of %s: data info lists what it holds", c.name, r.Others, c.Application)
	case r.Damaged > 0:
		return errors.Join(fmt.Errorf("%s: none of its %d records could be read; the first reasons:", c.name, r.Damaged), errors.Join(r.Reasons...))
	}
	return fmt.Errorf("%s: holds no packets", c.name)
}
