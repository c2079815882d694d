package payload

import "github.com/necstgen/necstgen/datasets/flow"

// irc composes a client's registration and messages, and a server's notices, in
// lines (RFC 2812). A server's line may go without a prefix, which dissectors
// that look at one segment at a time cannot misread.
func (w *Writer) irc(t Turn) {
	first := !w.dialogue.greeted
	verb := "PRIVMSG #a :"
	switch {
	case t.Direction == flow.Backward:
		verb = "NOTICE * :"
	case first:
		verb = "NICK "
		w.dialogue.greeted = true
	}
	for len(w.head) < t.Length {
		line := t.Length - len(w.head)
		if line > 2*lineLength {
			line = lineLength
		}
		w.command(verb, line, "")
		if t.Direction == flow.Forward && first {
			verb = "USER "
		}
	}
	w.dialogue.owed = 0
}
