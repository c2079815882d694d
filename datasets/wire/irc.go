package wire

import "github.com/necstgen/necstgen/datasets/flow"

// irc composes a client's registration and messages, and a server's notices, in
// lines (RFC 2812). A server's line may go without a prefix, which dissectors
// that look at one segment at a time cannot misread.
func (s *speaker) irc(_ *conversation, t turnOf) {
	first := !s.dialogue.greeted
	verb := "PRIVMSG #a :"
	switch {
	case t.dir == flow.Backward:
		verb = "NOTICE * :"
	case first:
		verb = "NICK "
		s.dialogue.greeted = true
	}
	for len(s.head) < t.total {
		line := t.total - len(s.head)
		if line > 2*lineLength {
			line = lineLength
		}
		s.command(verb, line, "")
		if t.dir == flow.Forward && first {
			verb = "USER "
		}
	}
	s.dialogue.owed = 0
}
