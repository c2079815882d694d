package lab

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/link"
)

// TestHosts: no two hosts of one recording share an address, and all are in the testbed's networks.
func TestHosts(t *testing.T) {
	hosts := []Host{Web, Mail, Name, Switch, Files, Shell, Old, Mailbox, Chat, Phone, Clock, Network, Router}
	for _, c := range Clients() {
		hosts = append(hosts, c.Host)
		if c.Path.Delay <= 0 || c.Path.Down <= 0 || c.Path.Up <= 0 || c.Path.Loss < 0 || c.Path.Loss > 0.01 {
			t.Errorf("%s: path %+v", c.Name, c.Path)
		}
	}
	four, six := netip.MustParsePrefix("10.77.0.0/16"), netip.MustParsePrefix("fd77::/64")
	macs, addresses := map[link.MAC]string{}, map[netip.Addr]string{}
	for _, h := range hosts {
		if other := macs[h.MAC()]; other != "" {
			t.Errorf("%s and %s have the Ethernet address %x", h.Name, other, h.MAC())
		}
		macs[h.MAC()] = h.Name
		for _, a := range []netip.Addr{netip.MustParseAddr(h.IPv4), netip.MustParseAddr(h.IPv6)} {
			if other := addresses[a]; other != "" || !four.Contains(a) && !six.Contains(a) {
				t.Errorf("%s: address %v, that %q has too, or outside the testbed", h.Name, a, other)
			}
			addresses[a] = h.Name
		}
	}
	if len(Paths()) != len(Clients()) {
		t.Errorf("%d paths for %d clients", len(Paths()), len(Clients()))
	}
}

// TestServers: every server has what Serve fills in, keeps its files in its own folder, and no two share a name in one recording.
func TestServers(t *testing.T) {
	names := map[string]bool{}
	for _, s := range []Server{Application(), Nginx("/site"), Exim(), Bind(map[string]string{"a.test": "zone"}), SNMP(), HTTPS("/site"), FTP("/files"), SSH(), Inetd(),
		Dovecot("/mail"), IRC(), SIP(false), SIP(true), NTP(), RIP(Router, "bird", 10)} {
		if names[s.Name] || len(s.Command) == 0 || s.Host.Name == "" {
			t.Errorf("%s: name twice, no command or no host", s.Name)
		}
		names[s.Name] = true
		for path, text := range s.Files {
			if !filepath.IsLocal(path) {
				t.Errorf("%s: file %s outside its folder", s.Name, path)
			}
			rest := strings.NewReplacer("{{dir}}", "", "{{ipv4}}", "", "{{ipv6}}", "").Replace(text)
			if strings.Contains(rest, "{{") {
				t.Errorf("%s: %s has a field that is not filled in", s.Name, path)
			}
		}
	}
}

func TestListens(t *testing.T) {
	const table = "udp UNCONN 0 0 10.77.200.53:53 0.0.0.0:*\ntcp LISTEN 0 10 [fd77::2:53]:8053 [::]:*\ntcp LISTEN 0 10 *:37 *:*\nshort\n"
	for _, tt := range []struct {
		port int
		want bool
	}{{53, true}, {8053, true}, {37, true}, {5, false}, {80, false}, {0, false}} {
		if got := listens(table, tt.port); got != tt.want {
			t.Errorf("listens(%d) = %v", tt.port, got)
		}
	}
}

func TestStart(t *testing.T) {
	l := &Lab{Dir: t.TempDir()}
	cmd := Command(context.Background(), Host{Name: "there-is-no-such-host"}, "true")
	if got := strings.Join(cmd.Args, " "); got != "ip netns exec testbed-there-is-no-such-host true" {
		t.Errorf("command %q", got)
	}
	if err := l.Start("absent", cmd); err == nil {
		l.Stop("absent", os.Interrupt)
		if err := l.Alive(); err == nil || !strings.Contains(err.Error(), "absent ended") {
			t.Errorf("a process without its namespace passes as alive: %v", err)
		}
	}
}
