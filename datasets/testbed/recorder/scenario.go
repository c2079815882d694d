package recorder

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
	"github.com/necstgen/necstgen/datasets/testbed/recorder/load"
)

// scenario is what is recorded together.
type scenario struct {
	hosts   []lab.Host
	trees   bool // whether the bridges speak the spanning tree protocol
	prepare func(ctx context.Context, l *lab.Lab, plan *load.Plan, source *rand.Rand) ([]lab.Server, error)
	start   func(ctx context.Context, l *lab.Lab, seed uint64) error // what runs by itself during the recording; may be nil
	persons func() []*load.Person
}

// scenarios by the name of their load.
func scenarios() map[string]scenario {
	return map[string]scenario{
		"office":   {hosts: []lab.Host{lab.Web, lab.Mail, lab.Name, lab.Switch}, prepare: office, persons: load.Office},
		"services": {hosts: []lab.Host{lab.Web, lab.Files, lab.Shell, lab.Old, lab.Mailbox, lab.Chat, lab.Phone, lab.Clock, lab.Network, lab.Router}, trees: true, prepare: services, start: machines, persons: load.Services},
	}
}

// office is HTTP, SMTP, DNS and SNMP.
func office(ctx context.Context, l *lab.Lab, plan *load.Plan, source *rand.Rand) ([]lab.Server, error) {
	for i := range 5 { // the ports that an SNMP walk shows
		args := []string{"netns", "exec", lab.Switch.Namespace(), "ip", "link", "add", "name", fmt.Sprintf("port%d", 2*i+1),
			"type", "veth", "peer", "name", fmt.Sprintf("port%d", 2*i+2)}
		if text, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("recorder: add ports: %w: %s", err, text)
		}
	}
	return []lab.Server{lab.Application(), lab.Nginx(filepath.Join(l.Dir, "sites")), lab.Exim(), lab.Bind(load.Zones(source)), lab.SNMP()}, nil
}

// services is the other protocols.
func services(ctx context.Context, l *lab.Lab, plan *load.Plan, source *rand.Rand) ([]lab.Server, error) {
	files, mail := filepath.Join(l.Dir, "files"), filepath.Join(l.Dir, "mail")
	var err error
	if plan.Files, err = load.WriteFiles(files, source); err != nil {
		return nil, err
	}
	if err := load.WriteMailboxes(mail, source); err != nil {
		return nil, err
	}
	if text, err := exec.CommandContext(ctx, "chown", "-R", "mail:mail", mail).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("recorder: %w: %s", err, text)
	}
	return []lab.Server{lab.HTTPS(filepath.Join(l.Dir, "sites")), lab.FTP(files), lab.SSH(), lab.Inetd(), lab.Dovecot(mail), lab.IRC(), lab.SIP(false), lab.SIP(true),
		lab.NTP(), lab.RIP(lab.Router, "bird-hall", 10), lab.RIP(lab.Clients()[0].Host, "bird-office", 40)}, nil
}

// machines are the clients that need no person: LoRaWAN gateways and clocks.
func machines(ctx context.Context, l *lab.Lab, seed uint64) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("recorder: %w", err)
	}
	role := func(h lab.Host, role string) error {
		return l.Start(role, lab.Command(ctx, h, self, "-role", role, "-seed", fmt.Sprint(seed), "-start", fmt.Sprint(time.Now().Unix())))
	}
	if err := role(lab.Network, "network"); err != nil {
		return err
	}
	clients := lab.Clients()
	for number, client := range []int{0, 2, 4, 6, 8} {
		if err := role(clients[client].Host, fmt.Sprintf("gateway-%d", number)); err != nil {
			return err
		}
	}
	for _, client := range []int{1, 3, 7, 11} {
		dir := filepath.Join(l.Dir, "clock-"+clients[client].Name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("recorder: %w", err)
		}
		conf := fmt.Sprintf("server %s minpoll 1 maxpoll 4 iburst\nserver %s minpoll 2 maxpoll 5\ncmdport 0\nbindcmdaddress /\npidfile %s/chronyd.pid\n",
			lab.Clock.IPv4, lab.Clock.IPv6, dir)
		if err := os.WriteFile(filepath.Join(dir, "chrony.conf"), []byte(conf), 0o644); err != nil {
			return fmt.Errorf("recorder: %w", err)
		}
		cmd := lab.Command(ctx, clients[client].Host, "chronyd", "-x", "-d", "-u", "root", "-f", filepath.Join(dir, "chrony.conf"))
		if err := l.Start("clock-"+clients[client].Name, cmd); err != nil {
			return err
		}
	}
	return nil
}
