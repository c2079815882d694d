package tcp

import (
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Interleave merges streams of flows, each in the order of its starts, into one
// in that order; of flows that start together, that of the earlier stream comes
// first. Flows and their packets are numbered anew, from 0, in place. Errors come
// when their stream comes to them. Memory is one flow of each stream.
func Interleave(streams ...iter.Seq2[*flow.Flow, error]) iter.Seq2[*flow.Flow, error] {
	return func(yield func(*flow.Flow, error) bool) {
		heads := make([]streamHead, 0, len(streams))
		defer func() {
			for i := range heads {
				heads[i].stop()
			}
		}()
		for _, s := range streams {
			next, stop := iter.Pull2(s)
			heads = append(heads, streamHead{next: next, stop: stop})
			if !heads[len(heads)-1].advance(yield) {
				return
			}
		}
		for number := int64(0); ; number++ {
			first := earliest(heads)
			if first == nil {
				return
			}
			f := first.flow
			f.ID = number
			for i := range f.Packets {
				f.Packets[i].FlowID = number
			}
			if !yield(f, nil) || !first.advance(yield) {
				return
			}
		}
	}
}

// streamHead is a stream and its next flow, nil behind the end.
type streamHead struct {
	next func() (*flow.Flow, error, bool)
	stop func()
	flow *flow.Flow
}

// advance takes the stream's next flow and hands errors on; it reports whether the
// consumer wants more.
func (h *streamHead) advance(yield func(*flow.Flow, error) bool) bool {
	for {
		f, err, ok := h.next()
		if !ok {
			h.flow = nil
			return true
		}
		if err == nil && f != nil {
			h.flow = f
			return true
		}
		if err != nil && !yield(nil, err) {
			return false
		}
	}
}

// earliest returns the stream whose next flow starts first; one without packets,
// which nothing can be made of, comes at once.
func earliest(heads []streamHead) *streamHead {
	var best *streamHead
	start := int64(0)
	for i := range heads {
		h := &heads[i]
		switch {
		case h.flow == nil:
		case len(h.flow.Packets) == 0:
			return h
		case best == nil || h.flow.Start() < start:
			best, start = h, h.flow.Start()
		}
	}
	return best
}
