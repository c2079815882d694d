package payload

import (
	"net/netip"

	"github.com/necstgen/necstgen/datasets/flow"
)

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
	switch n := len(verb); {
	case fill < 1:
	case n > 0 && verb[n-1] == '<':
		w.address(fill - 1)
		w.head = append(w.head, '>')
	case verb == "EHLO " && fill <= longestName:
		w.head = append(w.head, w.hostName(w.connection.Client, fill)...)
	case n > 0 && verb[n-1] == ' ':
		w.head = appendWords(w.head, fill, '-', w.random.Uint64())
	default:
		w.words(fill)
	}
	w.head = append(w.head, "\r\n"...)
	w.head = w.head[:min(len(w.head), begin+size)]
	w.owe(code)
}

// hostName returns what a host calls itself, in n bytes.
func (w *Writer) hostName(host netip.Addr, n int) []byte {
	return w.pool.vocabulary.lexicon(flow.SMTP, Domain).exactly(n, w.pool.vocabulary.holder(host))
}

// address appends a mailbox of size characters: of a few that are tried, one both of whose
// parts are heard of, else the last.
func (w *Writer) address(size int) {
	const least, longestLocal = len("a@b.test"), 30
	if size < least || size > longestName {
		w.head = appendWords(w.head, size, '-', w.random.Uint64())
		return
	}
	v := w.pool.vocabulary
	domains, mailboxes := v.lexicon(flow.SMTP, Domain), v.lexicon(flow.SMTP, Mailbox)
	var domain []byte
	local := 0
	for range 8 {
		domain = domains.most(size-len("a@"), w.random.Uint64())
		if local = size - len(domain) - len("@"); mailboxes.weight(local) > 0 {
			break
		}
	}
	if local < 1 || local > longestLocal {
		local = min(size/2, longestLocal)
		domain = domains.exactly(size-local-len("@"), w.random.Uint64())
	}
	w.head = append(w.head, mailboxes.exactly(local, w.random.Uint64())...)
	w.head = append(append(w.head, '@'), domain...)
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
	for _, field := range [...]struct {
		name string
		size int
	}{{"From: ", 24}, {"To: ", 22}, {"Subject: ", 30}} {
		if t.Length-len(w.head) < len(field.name)+field.size+len("\r\n\r\n")+len(endOfMessage) {
			continue
		}
		w.head = append(w.head, field.name...)
		if field.name == "Subject: " {
			w.words(field.size)
		} else {
			w.address(field.size)
		}
		w.head = append(w.head, "\r\n"...)
	}
	if len(w.head) > 0 {
		w.head = append(w.head, "\r\n"...)
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

// extensions are what a server says that it can do, a line each (RFC 1869).
var extensions = [...]string{"SIZE 52428800", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES", "CHUNKING", "SMTPUTF8", "VRFY", "DSN"}

// replies are what servers say behind a code, before what fills the line.
var replies = map[string]string{"220 ": "ESMTP", "221 ": "Bye", "250 ": "OK", "354 ": "Go ahead", "500 ": "Unknown command"}

// replyLines appends one reply of size bytes, its lines marked by a hyphen but the last. A
// long one says what the server can do.
func (w *Writer) replyLines(code string, size int) {
	end := len(w.head) + size
	for i := 0; end-len(w.head) > 2*replyLine || code == "250 " && i > 0 && i < len(extensions) && end-len(w.head) > replyLine; i++ {
		w.head = append(append(w.head, code[:3]...), '-')
		switch {
		case i > 0 && i <= len(extensions):
			w.head = append(w.head, extensions[i-1]...)
		case i == 0:
			w.head = append(w.head, w.hostName(w.connection.Server, 20)...)
		default:
			w.words(replyLine - len("250-\r\n"))
		}
		w.head = append(w.head, "\r\n"...)
	}
	size = end - len(w.head)
	if size < len("250\r\n") {
		w.words(size)
		return
	}
	w.head = append(w.head, code[:min(len(code), size-len("\r\n"))]...)
	w.replyText(replies[code], code == "220 ", size-len(code)-len("\r\n"))
	w.head = append(w.head, "\r\n"...)
}

// replyText appends n bytes: the server's name where it greets, a usual text, and words.
func (w *Writer) replyText(text string, greeting bool, n int) {
	if name := 20; greeting && n >= name+len(text)+1 {
		w.head = append(append(w.head, w.hostName(w.connection.Server, name)...), ' ')
		n -= name + 1
	}
	if n >= len(text) && n != len(text)+1 {
		w.head = append(w.head, text...)
		if n -= len(text); n > 0 {
			w.head = append(w.head, ' ')
			n--
		}
	}
	w.words(n)
}
