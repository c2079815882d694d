package tcp

import "iter"

// Span is a stream of frames in time order, of which none is before From.
type Span struct {
	From   int64 // nanoseconds since 1970-01-01 UTC
	Frames iter.Seq2[Frame, error]
}

// Merge merges the frames of spans, which are in the order of From, into one stream in
// time order, numbered from 0; of frames of one time, that of the earlier span comes first.
// A span is begun when its time comes, so that of spans that hardly overlap few are under
// way at once. Errors come when their span comes to them.
func Merge(spans []Span) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		m := merger{spans: spans, yield: yield}
		defer m.stop()
		for number := int64(0); m.begin(); number++ {
			first := m.earliest()
			first.frame.Packet.Number = number
			if !yield(first.frame, nil) || !m.advance(first) {
				return
			}
		}
	}
}

// merger is a Merge under way.
type merger struct {
	spans []Span // that have not begun
	heads []*spanHead
	yield func(Frame, error) bool
}

// spanHead is a span and its next frame.
type spanHead struct {
	next  func() (Frame, error, bool)
	stop  func()
	frame Frame
}

// begin begins all spans that may hold the next frame, and reports whether there is one.
func (m *merger) begin() bool {
	for len(m.spans) > 0 {
		if first := m.earliest(); first != nil && first.frame.Packet.Time < m.spans[0].From {
			break
		}
		next, stop := iter.Pull2(m.spans[0].Frames)
		m.spans = m.spans[1:]
		m.heads = append(m.heads, &spanHead{next: next, stop: stop})
		if !m.advance(m.heads[len(m.heads)-1]) {
			return false
		}
	}
	return len(m.heads) > 0
}

// advance takes a span's next frame, hands errors on, and drops the span at its end. It
// reports whether the consumer wants more.
func (m *merger) advance(h *spanHead) bool {
	for {
		frame, err, ok := h.next()
		if !ok {
			break
		}
		if err == nil {
			h.frame = frame
			return true
		}
		if !m.yield(Frame{}, err) {
			return false
		}
	}
	for i := range m.heads {
		if m.heads[i] == h {
			m.heads = append(m.heads[:i], m.heads[i+1:]...)
			break
		}
	}
	return true
}

// earliest returns the span whose next frame comes first, nil without any.
func (m *merger) earliest() *spanHead {
	var best *spanHead
	for _, h := range m.heads {
		if best == nil || h.frame.Packet.Time < best.frame.Packet.Time {
			best = h
		}
	}
	return best
}

// stop ends the spans under way.
func (m *merger) stop() {
	for _, h := range m.heads {
		h.stop()
	}
}
