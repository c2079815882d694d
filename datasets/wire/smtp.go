package wire

import "github.com/necstgen/necstgen/datasets/flow"

// dialogue is where an SMTP session stands (RFC 5321), and what the others have
// to remember.
type dialogue struct {
	hello   [2]bool // TLS: who has sent a hello
	stage   smtpStage
	replies [8]string // codes that the server owes, oldest first
	owed    int
	greeted bool
}

type smtpStage uint8

const (
	smtpHello smtpStage = iota
	smtpMail
	smtpRecipient // no recipient yet
	smtpMore      // another recipient, or DATA
	smtpMessage
)

// bareCommand is the length of DATA, QUIT, RSET and NOOP with their line end.
const bareCommand = 6

// smtp composes commands, replies or a message of exactly t.total bytes.
func (s *speaker) smtp(_ *conversation, t turnOf) {
	if t.dir == flow.Backward {
		s.reply(t.total)
		return
	}
	d := &s.dialogue
	switch {
	case d.stage == smtpMessage:
		s.message(t)
	case t.total < bareCommand:
		s.command("", t.total, "500 ")
	case t.total == bareCommand && t.last:
		s.command("QUIT", t.total, "221 ")
	case d.stage == smtpHello:
		s.command("EHLO ", t.total, "250 ")
		d.stage = smtpMail
	case t.total == bareCommand && d.stage == smtpMore:
		s.command("DATA", t.total, "354 ")
		d.stage = smtpMessage
	case t.total == bareCommand:
		s.command("NOOP", t.total, "250 ")
	case d.stage == smtpMail:
		s.envelope(t)
	default:
		s.recipient(t, t.total)
	}
}

// pipelined is the length from which MAIL, RCPT and perhaps DATA are taken to
// come together (RFC 2920), where the next turn is no command.
const (
	pipelined = 50
	messageAt = 100 // bytes from which the next turn is taken for a message
)

// envelope is MAIL, with RCPT behind it where there is room for both and the
// message comes next.
func (s *speaker) envelope(t turnOf) {
	d := &s.dialogue
	d.stage = smtpRecipient
	if t.total < pipelined+bareCommand || t.next < messageAt {
		s.command("MAIL FROM:<", t.total, "250 ")
		return
	}
	s.command("MAIL FROM:<", t.total/2, "250 ")
	s.recipient(t, t.total-t.total/2)
}

// recipient is RCPT, with DATA behind it where the message comes next.
func (s *speaker) recipient(t turnOf, size int) {
	d := &s.dialogue
	d.stage = smtpMore
	if t.next < messageAt || size < len("RCPT TO:<a@b>\r\n")+bareCommand {
		s.command("RCPT TO:<", size, "250 ")
		return
	}
	s.command("RCPT TO:<", size-bareCommand, "250 ")
	s.command("DATA", bareCommand, "354 ")
	d.stage = smtpMessage
}

// command appends one line of size bytes: the verb, and an argument that fills
// it. The server will owe a reply.
func (s *speaker) command(verb string, size int, code string) {
	begin := len(s.head)
	s.head = append(s.head, verb[:min(len(verb), size)]...)
	fill := size - len(verb) - len("\r\n")
	if n := len(verb); n > 0 && verb[n-1] == '<' {
		s.address(fill - 1)
		s.head = append(s.head, '>')
	} else {
		s.word(fill)
	}
	s.head = append(s.head, "\r\n"...)
	s.head = s.head[:min(len(s.head), begin+size)]
	s.owe(code)
}

// address appends a mailbox of size characters. The first and the last are such
// as people do not have, so that with the command around them no 16 bytes in a
// row are like any capture's.
func (s *speaker) address(size int) {
	if size < len("=@Z") {
		s.word(size)
		return
	}
	local := (size - len("=@Z")) / 2
	s.head = append(s.head, '=')
	s.word(local)
	s.head = append(s.head, '@')
	s.word(size - len("=@Z") - local)
	s.head = append(s.head, 'Z')
}

func (s *speaker) owe(code string) {
	d := &s.dialogue
	if d.owed < len(d.replies) {
		d.replies[d.owed] = code
		d.owed++
	}
}

// endOfMessage ends the text of a message.
const endOfMessage = "\r\n.\r\n"

// message is a header, the ring's text, and the final dot; what is too short for
// that is the next part of a longer message.
func (s *speaker) message(t turnOf) {
	if t.total < len(endOfMessage) {
		return
	}
	const header = len("SUBJECT: ") + 8 + len("\r\n\r\n")
	if t.total >= header+len(endOfMessage) {
		s.head = append(s.head, "SUBJECT: "...)
		s.word(8)
		s.head = append(s.head, "\r\n\r\n"...)
	}
	s.tail = append(s.tail, endOfMessage...)
	s.dialogue.stage = smtpMail
	s.owe("250 ")
}

// replyLine is the length of the lines of a long reply.
const replyLine = 60

// reply answers everything that is owed; what is left of the turn is lines of
// the last answer.
func (s *speaker) reply(total int) {
	d := &s.dialogue
	codes := d.replies[:d.owed]
	switch {
	case !d.greeted && d.stage == smtpHello:
		codes = []string{"220 "}
	case len(codes) == 0:
		codes = []string{"250 "}
	}
	d.greeted = true
	const least = len("250 \r\n")
	for i, code := range codes {
		left := total - len(s.head)
		size := left
		if i < len(codes)-1 {
			size = max(least, left/(len(codes)-i))
		}
		s.replyLines(code, min(size, left))
	}
	d.owed = 0
}

// replyLines is one reply of size bytes, its lines marked by a hyphen but the last.
func (s *speaker) replyLines(code string, size int) {
	for size > 2*replyLine {
		s.head = append(s.head, code[:3]...)
		s.head = append(s.head, '-')
		s.word(replyLine - len("250-\r\n"))
		s.head = append(s.head, "\r\n"...)
		size -= replyLine
	}
	if size < len("250\r\n") {
		s.word(size)
		return
	}
	s.head = append(s.head, code[:min(len(code), size-len("\r\n"))]...)
	s.word(size - len(code) - len("\r\n"))
	s.head = append(s.head, "\r\n"...)
}
