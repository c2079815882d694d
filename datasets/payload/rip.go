package payload

// Sizes of RIP messages (RFC 2453, 4).
const (
	ripHeader = 4
	ripEntry  = 20
)

// rip composes a version 2 request or response of as many routes as fit.
func (w *Writer) rip(t Turn) {
	if t.Length < ripHeader {
		return
	}
	w.head = append(w.head, byte(1+t.Direction&1), 2, 0, 0)
	for len(w.head)+ripEntry <= t.Length {
		w.head = append(w.head, 0, 2, 0, 0, 198, 18, byte(w.below(256)), 0, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, byte(1+w.below(15)))
	}
}
