package overlay

import (
	"context"
	"fmt"
	"iter"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Among yields generated frames and, at their times, those of the capture, as one stream in
// time order, numbered from 0. Of frames of one time the generated one comes first. An
// error of either is in the stream; one of the capture ends it.
func (c *Capture) Among(ctx context.Context, generated iter.Seq2[tcp.Frame, error]) iter.Seq2[tcp.Frame, error] {
	return func(yield func(tcp.Frame, error) bool) {
		next, stop := iter.Pull2(c.read(ctx))
		defer stop()
		m := merging{Capture: c, next: next, yield: yield}
		for frame, err := range generated {
			if err != nil {
				if !yield(frame, err) {
					return
				}
				continue
			}
			if m.number == 0 && !m.begin(frame.Packet.Time) || !m.until(frame.Packet.Time) || !m.put(frame) {
				return
			}
		}
		m.until(1<<63 - 1)
	}
}

// merging is an Among under way.
type merging struct {
	*Capture
	next   func() (captured, error, bool)
	yield  func(tcp.Frame, error) bool
	head   captured // the capture's next packet
	left   bool     // there is one
	shift  int64    // from the capture's times to those of its packets among the others
	number int64    // of the next frame
	last   int64    // time of the last frame of the capture
	buffer []byte
}

// begin sets the times, given that of the first generated frame.
func (m *merging) begin(start int64) bool {
	m.shift = m.At.After(start) - m.first
	return m.advance()
}

// advance takes the capture's next packet that is put among the others.
func (m *merging) advance() bool {
	for {
		var err error
		m.head, err, m.left = m.next()
		if err != nil {
			m.yield(tcp.Frame{}, fmt.Errorf("overlay: %w", err))
			return false
		}
		if !m.left || m.head.taken {
			return true
		}
	}
}

// until yields the capture's frames before a time.
func (m *merging) until(time int64) bool {
	for m.left && m.head.packet.Time+m.shift < time {
		if !m.put(m.frame()) || !m.advance() {
			return false
		}
	}
	return true
}

// put numbers a frame and yields it.
func (m *merging) put(frame tcp.Frame) bool {
	frame.Packet.Number = m.number
	m.number++
	return m.yield(frame, nil)
}

// frame makes the frame of the capture's next packet.
func (m *merging) frame() tcp.Frame {
	p := m.head.packet
	info := m.flows[p.FlowID]
	m.buffer = append(m.buffer[:0], m.head.frame...)
	if !m.KeepAddresses {
		rewrite(m.buffer, m.hosts)
		p.SrcMAC, p.DstMAC = flow.MAC(m.buffer[6:12]), flow.MAC(m.buffer[0:6])
		p.Tuple.Src, p.Tuple.Dst = substitute(p.Tuple.Src, m.hosts), substitute(p.Tuple.Dst, m.hosts)
	}
	if at := int(p.HeaderLength); at+len(p.Payload) <= len(m.buffer) {
		p.Payload = m.buffer[at : at+len(p.Payload)]
	}
	m.last = max(m.last, p.Time+m.shift) // a capture's times may go back
	out := tcp.Frame{Bytes: m.buffer, Application: info.application, Origin: m.origin, Last: p.Number == info.last}
	p.Time, p.FlowID = m.last, firstFlow+p.FlowID
	out.Packet = p
	return out
}
