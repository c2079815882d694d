// Package load drives the testbed's clients: real programs (curl, wget, swaks, msmtp, dig, snmpget and their kin) in the clients' network
// namespaces, with human-like pauses.
//
// Which program runs when, with which arguments, follows from a seed; the packets are what the programs and the kernel make of it.
package load

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
)

// Plan is how long, how many and with what seed.
type Plan struct {
	Duration time.Duration // no session begins later than this
	Seed     uint64
	Dir      string // scratch: messages, downloads
	Sites    []Site
	Files    []string // of the file server
	Root     string   // the testbed's folder
}

// Counts are the sessions of a protocol that began, and those whose program reported a failure: a refused recipient is one, by design.
type Counts struct{ Sessions, Failures int }

// Person is one user of one protocol on one client.
type Person struct {
	Client lab.Client
	Kind   string // of the sessions
	Name   string // unique: the scratch files' name
	Think  time.Duration
	Act    func(*Person) error
	Source *rand.Rand
	plan   *Plan
	ctx    context.Context
	number int
	mind   int // the user's taste, fixed: user agent, language and the like
}

// Run runs persons at once until the plan's time is over and their last sessions have ended. It returns counts by kind of session.
func Run(ctx context.Context, plan *Plan, persons []*Person) (map[string]Counts, error) {
	if err := os.MkdirAll(plan.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	for name, text := range map[string]string{"browse.py": browse, "submit.py": submit, "fetch.py": fetch, "typist.py": typist} {
		if err := os.WriteFile(filepath.Join(plan.Dir, name), []byte(text), 0o644); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
	}
	counts := map[string]Counts{}
	var mutex sync.Mutex
	var group sync.WaitGroup
	end := time.Now().Add(plan.Duration)
	for i, p := range persons {
		p.plan, p.ctx = plan, ctx
		p.Source = rand.New(rand.NewPCG(plan.Seed, uint64(i)))
		p.mind = p.Source.IntN(1 << 20)
		group.Go(func() {
			p.pause(p.Think * time.Duration(p.Source.IntN(1000)) / 1000)
			for time.Now().Before(end) && ctx.Err() == nil {
				p.number++
				err := p.Act(p)
				mutex.Lock()
				count := counts[p.Kind]
				count.Sessions++
				if err != nil {
					count.Failures++
				}
				counts[p.Kind] = count
				mutex.Unlock()
				if pause := p.think(); time.Now().Add(pause).Before(end) {
					p.pause(pause)
				} else {
					return
				}
			}
		})
	}
	group.Wait()
	return counts, ctx.Err()
}

// think is Pareto-distributed with exponent 1.4 and mean Think, cut at twelve times the mean: pauses of people are heavy-tailed
// (Barford and Crovella, Generating Representative Web Workloads, 1998).
func (p *Person) think() time.Duration {
	const exponent = 1.4
	smallest := float64(p.Think) * (exponent - 1) / exponent
	return time.Duration(min(smallest*math.Pow(1-p.Source.Float64(), -1/exponent), 12*float64(p.Think)))
}

func (p *Person) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.ctx.Done():
	}
}

// run runs a program on the person's client. No session may take longer than a minute.
func (p *Person) run(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	cmd := lab.Command(ctx, p.Client.Host, name, args...)
	cmd.Env = append(os.Environ(), "MIBS=", "HOME="+p.plan.Dir, "LC_ALL=C")
	cmd.Dir = p.plan.Dir
	return cmd.Run()
}

// chance is true in one of n cases.
func (p *Person) chance(n int) bool { return p.Source.IntN(n) == 0 }

// pick draws one of the weights' indices.
func (p *Person) pick(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	x := p.Source.IntN(sum)
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// address is the server's, IPv6 for one session in six.
func (p *Person) address(h lab.Host) (address string, six bool) {
	if p.chance(6) {
		return h.IPv6, true
	}
	return h.IPv4, false
}

// withInput is run with a file as standard input.
func (p *Person) withInput(path, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	input, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer input.Close()
	cmd := lab.Command(ctx, p.Client.Host, name, args...)
	cmd.Env = append(os.Environ(), "HOME="+p.plan.Dir, "LC_ALL=C")
	cmd.Stdin = input
	return cmd.Run()
}

// Office is the load of HTTP, SMTP, DNS and SNMP: persons on every client.
func Office() []*Person {
	var persons []*Person
	for i, c := range lab.Clients() {
		add := func(kind string, think time.Duration, act func(*Person) error) {
			persons = append(persons, &Person{Client: c, Kind: kind, Name: fmt.Sprintf("%s-%s-%d", c.Name, kind, len(persons)), Think: think, Act: act})
		}
		add("web", 9*time.Second, Web)
		add("web", 14*time.Second, Web)
		add("mail", 15*time.Second, MailSession)
		add("names", 7*time.Second, Names)
		if i%3 != 2 { // not everybody manages a network
			add("management", 10*time.Second, Management)
		}
	}
	return persons
}

// Services is the load of the second capture.
func Services() []*Person {
	var persons []*Person
	for i, c := range lab.Clients() {
		add := func(kind string, think time.Duration, act func(*Person) error) {
			persons = append(persons, &Person{Client: c, Kind: kind, Name: fmt.Sprintf("%s-%s-%d", c.Name, kind, len(persons)), Think: think, Act: act})
		}
		add("ftp", 18*time.Second, FTP)
		add("ssh", 36*time.Second, SSH)
		add("telnet", 40*time.Second, Telnet)
		add("imap", 16*time.Second, IMAP)
		add("pop3", 22*time.Second, POP3)
		add("phone", 18*time.Second, Phone)
		add("clock", 14*time.Second, Clocks)
		add("finger", 22*time.Second, Finger)
		if i%2 == 0 {
			add("chat", 12*time.Second, Chat)
		} else {
			add("ping", 30*time.Second, Ping)
			add("secure", 30*time.Second, Secure)
		}
	}
	return persons
}
