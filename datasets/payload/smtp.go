package payload

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

// smtp composes commands, replies or a message of exactly t.Length bytes.
func (w *Writer) smtp(t Turn) {
	if t.Direction == flow.Backward {
		w.reply(t.Length)
		return
	}
	d := &w.dialogue
	switch {
	case d.stage == smtpMessage:
		w.message(t)
	case t.Length < bareCommand:
		w.command("", t.Length, "500 ")
	case t.Length == bareCommand && t.Last:
		w.command("QUIT", t.Length, "221 ")
	case d.stage == smtpHello:
		w.command("EHLO ", t.Length, "250 ")
		d.stage = smtpMail
	case t.Length == bareCommand && d.stage == smtpMore:
		w.command("DATA", t.Length, "354 ")
		d.stage = smtpMessage
	case t.Length == bareCommand:
		w.command("NOOP", t.Length, "250 ")
	case d.stage == smtpMail:
		w.envelope(t)
	default:
		w.recipient(t, t.Length)
	}
}

// pipelined is the length from which MAIL, RCPT and perhaps DATA are taken to
// come together (RFC 2920), where the next turn is no command.
const (
	pipelined = 50
	messageAt = 100 // bytes from which the next turn is taken for a message
)

// envelope composes MAIL, with RCPT behind it where there is room for both and the
// message comes next.
func (w *Writer) envelope(t Turn) {
	d := &w.dialogue
	d.stage = smtpRecipient
	if t.Length < pipelined+bareCommand || t.Next < messageAt {
		w.command("MAIL FROM:<", t.Length, "250 ")
		return
	}
	w.command("MAIL FROM:<", t.Length/2, "250 ")
	w.recipient(t, t.Length-t.Length/2)
}

// recipient composes RCPT, with DATA behind it where the message comes next.
func (w *Writer) recipient(t Turn, size int) {
	d := &w.dialogue
	d.stage = smtpMore
	if t.Next < messageAt || size < len("RCPT TO:<a@b>\r\n")+bareCommand {
		w.command("RCPT TO:<", size, "250 ")
		return
	}
	w.command("RCPT TO:<", size-bareCommand, "250 ")
	w.command("DATA", bareCommand, "354 ")
	d.stage = smtpMessage
}

// command appends one line of size bytes: the verb, and an argument that fills
// it. The server will owe a reply.
func (w *Writer) command(verb string, size int, code string) {
	begin := len(w.head)
	w.head = append(w.head, verb[:min(len(verb), size)]...)
	fill := size - len(verb) - len("\r\n")
	if n := len(verb); n > 0 && verb[n-1] == '<' {
		w.address(fill - 1)
		w.head = append(w.head, '>')
	} else {
		w.word(fill)
	}
	w.head = append(w.head, "\r\n"...)
	w.head = w.head[:min(len(w.head), begin+size)]
	w.owe(code)
}

// address appends a mailbox of size characters. The first and the last are such
// as people do not have, so that with the command around them no 16 bytes in a
// row are like any capture's.
func (w *Writer) address(size int) {
	if size < len("=@Z") {
		w.word(size)
		return
	}
	local := (size - len("=@Z")) / 2
	w.head = append(w.head, '=')
	w.word(local)
	w.head = append(w.head, '@')
	w.word(size - len("=@Z") - local)
	w.head = append(w.head, 'Z')
}

func (w *Writer) owe(code string) {
	d := &w.dialogue
	if d.owed < len(d.replies) {
		d.replies[d.owed] = code
		d.owed++
	}
}

// endOfMessage ends the text of a message.
const endOfMessage = "\r\n.\r\n"

// message composes a header, the ring's text, and the final dot; what is too short
// for that is the next part of a longer message.
func (w *Writer) message(t Turn) {
	if t.Length < len(endOfMessage) {
		return
	}
	const header = len("SUBJECT: ") + 8 + len("\r\n\r\n")
	if t.Length >= header+len(endOfMessage) {
		w.head = append(w.head, "SUBJECT: "...)
		w.word(8)
		w.head = append(w.head, "\r\n\r\n"...)
	}
	w.tail = append(w.tail, endOfMessage...)
	w.dialogue.stage = smtpMail
	w.owe("250 ")
}

// replyLine is the length of the lines of a long reply.
const replyLine = 60

// reply answers everything that is owed; what is left of the turn is lines of
// the last answer.
func (w *Writer) reply(total int) {
	d := &w.dialogue
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
		left := total - len(w.head)
		size := left
		if i < len(codes)-1 {
			size = max(least, left/(len(codes)-i))
		}
		w.replyLines(code, min(size, left))
	}
	d.owed = 0
}

// replyLines appends one reply of size bytes, its lines marked by a hyphen but the last.
func (w *Writer) replyLines(code string, size int) {
	for size > 2*replyLine {
		w.head = append(w.head, code[:3]...)
		w.head = append(w.head, '-')
		w.word(replyLine - len("250-\r\n"))
		w.head = append(w.head, "\r\n"...)
		size -= replyLine
	}
	if size < len("250\r\n") {
		w.word(size)
		return
	}
	w.head = append(w.head, code[:min(len(code), size-len("\r\n"))]...)
	w.word(size - len(code) - len("\r\n"))
	w.head = append(w.head, "\r\n"...)
}
