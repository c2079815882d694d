package pcap

import "io"

// The part of the capture that is in memory: firstWindow bytes, and as a longer
// record asks for it, up to windowSize, which so is the longest record that is
// read. Wireshark's own limit is 256 KiB.
const (
	firstWindow = 128 << 10
	windowSize  = 1 << 20
)

// window is a bufio.Reader whose buffer grows and whose way through sound
// records is short enough to be inlined.
type window struct {
	source     io.Reader
	buffer     []byte
	start, end int // what is read and not yet discarded
	err        error
}

func newWindow(r io.Reader) *window {
	return &window{source: r, buffer: make([]byte, firstWindow)}
}

// peek returns the next n bytes, at most windowSize, without passing over them.
// If fewer are left it returns those, with io.EOF or what the source said. They
// are valid until the next call.
func (w *window) peek(n int) ([]byte, error) {
	if w.end-w.start >= n {
		return w.buffer[w.start : w.start+n], nil
	}
	return w.fill(n)
}

func (w *window) fill(n int) ([]byte, error) {
	if n > len(w.buffer) {
		grown := make([]byte, min(windowSize, max(n, 2*len(w.buffer))))
		copy(grown, w.buffer[w.start:w.end])
		w.buffer = grown
	} else {
		copy(w.buffer, w.buffer[w.start:w.end])
	}
	w.start, w.end = 0, w.end-w.start
	for idle := 0; w.end < n && w.err == nil; idle++ {
		var got int
		got, w.err = w.source.Read(w.buffer[w.end:])
		if w.end += got; got > 0 {
			idle = 0
		} else if idle == 100 && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
	if w.end < n {
		return w.buffer[:w.end], w.err
	}
	return w.buffer[:n], nil
}

// discard passes over n bytes.
func (w *window) discard(n int) error {
	for n > w.end-w.start {
		n -= w.end - w.start
		w.start = w.end
		if _, err := w.peek(1); err != nil {
			return err
		}
	}
	w.start += n
	return nil
}

// byteReader gives a decompressor what the window has taken in to sense it.
type byteReader struct{ *window }

func (r byteReader) Read(p []byte) (int, error) {
	b, err := r.peek(1)
	if len(b) == 0 {
		return 0, err
	}
	n := copy(p, r.buffer[r.start:r.end])
	r.start += n
	return n, nil
}

func (r byteReader) ReadByte() (byte, error) {
	b, err := r.peek(1)
	if len(b) == 0 {
		return 0, err
	}
	r.start++
	return b[0], nil
}
