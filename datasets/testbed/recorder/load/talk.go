package load

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
)

// fetch reads a mailbox with Python's imaplib or poplib, with a reader's pauses.
const fetch = `import imaplib, poplib, sys, time
protocol, address, user = sys.argv[1:4]
steps = [(float(pause), what) for pause, what in (step.split("=", 1) for step in sys.argv[4:])]
if protocol == "imap":
    box = imaplib.IMAP4(address, 143, timeout=30)
    box.login(user, "secret")
    box.select("INBOX")
    box.search(None, "ALL")
    for pause, what in steps:
        time.sleep(pause)
        box.fetch(what, "(FLAGS BODY.PEEK[HEADER])" if float(pause) < 1 else "(RFC822)")
    box.close()
    box.logout()
else:
    box = poplib.POP3(address, 110, timeout=30)
    box.user(user)
    box.pass_("secret")
    box.list()
    box.uidl()
    for pause, what in steps:
        time.sleep(pause)
        box.retr(int(what))
    box.quit()
`

// messagesEach is how many messages lie in each mailbox, boxes how many there are.
const messagesEach, boxes = 25, 8

// WriteMailboxes fills the Maildirs below root.
func WriteMailboxes(root string, source *rand.Rand) error {
	for i := range boxes {
		box := filepath.Join(root, fmt.Sprintf("user%d", i))
		for _, folder := range []string{"cur", "new", "tmp"} {
			if err := os.MkdirAll(filepath.Join(box, folder), 0o777); err != nil {
				return fmt.Errorf("load: %w", err)
			}
		}
		for k := range messagesEach {
			text := message(source, fmt.Sprintf("sender%d@example.test", source.IntN(30)), fmt.Sprintf("user%d@example.test", i), k, LogNormal(source, 1500, 1.3, 60, 50_000))
			name := fmt.Sprintf("%d.M%dP1.mailbox:2,%s", 1793600000+k*977, k, []string{"", "S"}[source.IntN(2)])
			if err := os.WriteFile(filepath.Join(box, "cur", name), []byte(text), 0o666); err != nil {
				return fmt.Errorf("load: %w", err)
			}
		}
	}
	return nil
}

func (p *Person) user() string { return fmt.Sprintf("user%d", p.mind%boxes) }

// IMAP is a look into the mailbox.
func IMAP(p *Person) error {
	host, six := p.address(lab.Mailbox)
	url := "imap://" + host + "/"
	if six {
		url = "imap://[" + host + "]/"
	}
	login := []string{"-s", "--max-time", "50", "-u", p.user() + ":secret", "-o", "/dev/null"}
	switch p.pick(3, 2, 2, 6) {
	case 0:
		return p.run("curl", append(login, fmt.Sprintf("%sINBOX;MAILINDEX=%d", url, 1+p.Source.IntN(messagesEach)))...)
	case 1:
		return p.run("curl", append(login, url+"INBOX", "-X", fmt.Sprintf("FETCH 1:%d (FLAGS ENVELOPE)", 1+p.Source.IntN(messagesEach)))...)
	case 2: // has anything come?
		return p.run("curl", append(login, url, "-X", []string{"STATUS INBOX (MESSAGES UNSEEN)", "EXAMINE INBOX", `LIST "" "*"`}[p.Source.IntN(3)])...)
	default:
		args := []string{"fetch.py", "imap", host, p.user()}
		for range 1 + p.Source.IntN(6) {
			args = append(args, fmt.Sprintf("%.3f=%d", min(p.think().Seconds()/6, 12), 1+p.Source.IntN(messagesEach)))
		}
		return p.run("python3", args...)
	}
}

// POP3 fetches new messages, or all.
func POP3(p *Person) error {
	host, six := p.address(lab.Mailbox)
	switch p.pick(3, 4, 3) {
	case 0:
		if six {
			host = "[" + host + "]"
		}
		args := []string{"-s", "--max-time", "50", "-u", p.user() + ":secret", "-o", "/dev/null", "pop3://" + host + "/"}
		if p.chance(2) {
			args[len(args)-1] += fmt.Sprint(1 + p.Source.IntN(messagesEach))
		}
		return p.run("curl", args...)
	case 1:
		args := []string{"fetch.py", "pop3", host, p.user()}
		for range p.Source.IntN(6) {
			args = append(args, fmt.Sprintf("%.3f=%d", 0.05*p.Source.ExpFloat64(), 1+p.Source.IntN(messagesEach)))
		}
		return p.run("python3", args...)
	default: // what was fetched before is skipped
		return p.run("mpop", "--host="+host, "--user="+p.user(), "--passwordeval=echo secret", "--auth="+[]string{"user", "cram-md5"}[p.mind%2], "--tls=off", "--keep=on",
			"--quiet", "--timeout=30", "--pipelining=auto", "--uidls-file="+filepath.Join(p.plan.Dir, fmt.Sprintf("uidls-%s-%d", p.Name, p.number/3)),
			"--delivery=mbox,"+filepath.Join(p.plan.Dir, "mbox-"+p.Name))
	}
}

// Chat is some time in a channel or two.
func Chat(p *Person) error {
	host, _ := p.address(lab.Chat)
	channels := []string{"#lobby", "#boats", "#kitchen"}
	channel := channels[p.pick(4, 2, 1)]
	texts := []string{":j " + channel}
	for range 1 + p.Source.IntN(7) {
		text := sentences[p.Source.IntN(len(sentences))]
		texts = append(texts, text[:min(len(text)-1, LogNormal(p.Source, 25, 0.6, 2, 70))])
	}
	if p.chance(3) {
		texts = append(texts, ":NAMES "+channel)
	}
	texts = append(texts, ":QUIT :"+sentences[p.Source.IntN(len(sentences))][:12])
	return p.typing(-2.2, p.lines(0.15, 12, texts...), "sic", "-h", host, "-n", fmt.Sprintf("%s%d", p.Client.Name, p.number%100))
}

// Phone is a call, or some.
func Phone(p *Person) error {
	host, six := p.address(lab.Phone)
	own := p.Client.IPv4
	if six {
		host, own = "["+host+"]", "["+p.Client.IPv6+"]"
	}
	return p.run("sipp", "-sn", "uac", host+":5060", "-i", own, "-m", fmt.Sprint(1+p.pick(6, 2, 1)), "-r", "1", "-rp", fmt.Sprint(300+p.Source.IntN(3000)),
		"-d", fmt.Sprint(min(int(p.think().Milliseconds()/2), 20_000)), "-s", []string{"reception", "anna", "1042"}[p.Source.IntN(3)], "-nostdin", "-timeout", "40")
}

// Clocks asks for the time: NTP by ntpdig or chrony, the Time protocol of RFC 868 by rdate.
func Clocks(p *Person) error {
	host, _ := p.address(lab.Clock)
	old, _ := p.address(lab.Old)
	switch p.pick(5, 4, 4) {
	case 0:
		return p.run("ntpdig", "-t", "4", "-p", fmt.Sprint(1+p.Source.IntN(4)), host)
	case 1:
		return p.run("chronyd", "-Q", "-t", "8", "-u", "root", "server "+host+" iburst maxsamples 4", "pidfile "+filepath.Join(p.plan.Dir, p.Name+".pid"), "cmdport 0", "bindcmdaddress /")
	default:
		return p.run("rdate", "-p", old)
	}
}

// Finger asks who somebody is.
func Finger(p *Person) error {
	host := lab.Old.IPv4
	switch p.pick(3, 2) {
	case 0:
		return p.run("finger", []string{"daemon", "mail", "nobody", "games", "jane"}[p.Source.IntN(5)]+"@"+host)
	default:
		return p.run("finger", "-l", "@"+host)
	}
}

// Ping is some echo requests.
func Ping(p *Person) error {
	host, _ := p.address([]lab.Host{lab.Files, lab.Shell, lab.Mailbox}[p.Source.IntN(3)])
	return p.run("ping", "-n", "-c", fmt.Sprint(1+p.Source.IntN(8)), "-i", "0.4", "-s", fmt.Sprint([]int{56, 56, 56, 8, 1200}[p.Source.IntN(5)]), host)
}

// Secure is a page over TLS.
func Secure(p *Person) error {
	site := p.plan.Sites[p.Source.IntN(len(p.plan.Sites))]
	page := site.Pages[p.Source.IntN(len(site.Pages))]
	address, six := p.address(lab.Web)
	if six {
		address = "[" + address + "]"
	}
	args := []string{"-s", "-k", "--max-time", "50", "--connect-to", "::" + address + ":443"}
	for _, path := range append([]string{page.Path}, page.Objects[:min(2, len(page.Objects))]...) {
		args = append(args, "-o", "/dev/null", "https://"+site.Host+path)
	}
	return p.run("curl", args...)
}
