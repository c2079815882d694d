package load

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
)

// submit sends the files named on its command line with Python's smtplib over one connection, with pauses.
const submit = `import smtplib, sys, time
address, name, sender, recipients = sys.argv[1:5]
server = smtplib.SMTP(address, 25, local_hostname=name, timeout=30)
for step in sys.argv[5:]:
    pause, path = step.split("=", 1)
    time.sleep(float(pause))
    try:
        server.sendmail(sender, recipients.split(","), open(path).read())
    except smtplib.SMTPException:
        server.rset()
server.quit()
`

// MailSession is one session of a mail program: mostly one message, sometimes several, sometimes refused.
func MailSession(p *Person) error {
	address, six := p.address(lab.Mail)
	domain := p.Client.Name + ".clients.test"
	sender := fmt.Sprintf("%s@%s", []string{"jane", "peter.miller", "a", "newsletter", "accounting-department", "kim"}[p.mind%6], domain)
	recipients := p.recipients()
	paths := make([]string, 1)
	if p.chance(5) {
		paths = make([]string, 2+p.Source.IntN(4))
	}
	for i := range paths {
		size := LogNormal(p.Source, 2200, 1.5, 60, 250_000)
		if p.chance(60) {
			size = 420_000 // above the server's limit
		}
		paths[i] = filepath.Join(p.plan.Dir, fmt.Sprintf("%s-%d.eml", p.Name, i))
		if err := os.WriteFile(paths[i], []byte(message(p.Source, sender, recipients[0], 100*p.number+i, size)), 0o644); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	}
	program := p.pick(3, 4, 4, 4)
	if len(paths) > 1 {
		program = 3
	}
	switch program {
	case 0:
		return p.swaks(address, domain, sender, recipients, paths[0])
	case 1:
		args := []string{"--host=" + address, "--port=25", "--domain=" + domain, "--from=" + sender, "--tls=off", "--timeout=30"}
		return p.withInput(paths[0], "msmtp", append(args, recipients...)...)
	case 2:
		if six {
			address = "[" + address + "]"
		}
		args := []string{"-s", "--max-time", "50", "--crlf", "smtp://" + address + "/" + domain, "--mail-from", sender, "-T", paths[0]}
		for _, r := range recipients {
			args = append(args, "--mail-rcpt", r)
		}
		return p.run("curl", args...)
	default:
		args := []string{"submit.py", address, domain, sender, strings.Join(recipients, ",")}
		for i, path := range paths {
			pause := 0.0
			if i > 0 {
				pause = min(p.think().Seconds()/20, 10)
			}
			args = append(args, fmt.Sprintf("%.3f=%s", pause, path))
		}
		return p.run("python3", args...)
	}
}

func (p *Person) recipients() []string {
	count := 1
	if p.chance(4) {
		count = LogNormal(p.Source, 3, 0.8, 2, 20)
	}
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("%s%d@example.test", []string{"user", "list", "team", "sales"}[p.pick(12, 1, 3, 3)], p.Source.IntN(40))
	}
	switch p.pick(40, 2, 1, 1) {
	case 1:
		names[0] = fmt.Sprintf("nobody%d@example.test", p.Source.IntN(9))
	case 2:
		names[0] = "someone@elsewhere.test" // refused: no relay
	case 3:
		names[0] = "busy@example.test"
	}
	return names
}

func (p *Person) swaks(address, domain, sender string, recipients []string, path string) error {
	args := []string{"--server", address, "--helo", domain, "--from", sender, "--to", strings.Join(recipients, ","), "--data", "@" + path,
		"--timeout", "30", "--hide-all"}
	switch p.pick(10, 2, 1, 1) {
	case 1:
		args = append(args, "--pipeline")
	case 2:
		args = append(args, "--quit-after", "RCPT")
	case 3:
		args = append(args, "--protocol", "SMTP") // HELO
	}
	return p.run("swaks", args...)
}
