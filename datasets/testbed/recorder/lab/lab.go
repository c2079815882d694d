package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Lab is a built testbed.
type Lab struct {
	Dir        string     // of the servers' configurations, logs and data
	namespaces []string   // that Build made
	processes  []*process // in the order of their start
}

type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Build makes the namespaces of the clients and of the given servers and joins them; trees lets the servers' bridge speak the spanning
// tree protocol. Close must be called even after an error.
func Build(ctx context.Context, dir string, trees bool, servers ...Host) (*Lab, error) {
	l := &Lab{Dir: dir}
	wire := Prefix + "wire"
	steps := [][]string{{"ip", "netns", "add", wire}}
	in := func(ns string, args ...string) {
		steps = append(steps, append([]string{"ip", "netns", "exec", ns}, args...))
	}
	pair := func(a, b string) {
		in(wire, "ip", "link", "add", "name", a, "type", "veth", "peer", "name", b)
		quiet(in, wire, a)
		quiet(in, wire, b)
	}
	for _, bridge := range []string{"access", "hall"} {
		state := "0"
		if trees && bridge == "hall" {
			state = "1"
		}
		in(wire, "ip", "link", "add", "name", bridge, "type", "bridge", "forward_delay", "200", "stp_state", state)
		in(wire, "sysctl", "-qw", "net.ipv6.conf."+bridge+".disable_ipv6=1")
		in(wire, "ip", "link", "set", bridge, "up")
	}
	pair("access0", "access1") // bridge end, wire end
	pair("tap0", "tap1")       // the capture is taken on tap1
	pair("hall1", "hall0")
	in(wire, "ip", "link", "set", "access0", "master", "access")
	in(wire, "ip", "link", "set", "hall0", "master", "hall")
	join := func(h Host, bridge string) {
		ns := h.Namespace()
		steps = append(steps, []string{"ip", "netns", "add", ns})
		port := fmt.Sprintf("p%02x", h.Number)
		in(wire, "ip", "link", "add", "name", port, "type", "veth", "peer", "name", "eth0", "netns", ns)
		quiet(in, wire, port)
		in(wire, "ip", "link", "set", port, "master", bridge)
		mac := h.MAC()
		in(ns, "ethtool", "-K", "eth0", "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
		in(ns, "ip", "link", "set", "eth0", "address", fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]))
		if h.MTU != 0 {
			in(ns, "ip", "link", "set", "eth0", "mtu", fmt.Sprint(h.MTU))
		}
		for _, setting := range h.Tuning {
			in(ns, "sysctl", "-qw", setting)
		}
		in(ns, "ip", "link", "set", "lo", "up")
		in(ns, "ip", "link", "set", "eth0", "up")
		in(ns, "ip", "addr", "add", h.IPv4+"/16", "dev", "eth0")
		in(ns, "ip", "-6", "addr", "add", h.IPv6+"/64", "dev", "eth0", "nodad")
	}
	for _, c := range Clients() {
		join(c.Host, "access")
	}
	for _, h := range servers {
		join(h, "hall")
		for _, c := range Clients() {
			in(h.Namespace(), "ip", "route", "add", c.IPv4+"/32", "dev", "eth0", "congctl", c.Control)
			in(h.Namespace(), "ip", "-6", "route", "add", c.IPv6+"/128", "dev", "eth0", "congctl", c.Control)
		}
	}
	for _, step := range steps {
		if out, err := exec.CommandContext(ctx, step[0], step[1:]...).CombinedOutput(); err != nil {
			return l, fmt.Errorf("lab: %s: %w: %s", strings.Join(step, " "), err, strings.TrimSpace(string(out)))
		}
		if step[1] == "netns" && step[2] == "add" {
			l.namespaces = append(l.namespaces, step[3])
		}
	}
	return l, nil
}

// quiet makes a port of the wire's namespace send nothing of its own and leave frames as they are, and brings it up.
func quiet(in func(ns string, args ...string), ns, port string) {
	in(ns, "sysctl", "-qw", "net.ipv6.conf."+port+".disable_ipv6=1")
	in(ns, "ethtool", "-K", port, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
	in(ns, "ip", "link", "set", port, "up")
}

// Command is a command that runs on a host, not yet started.
func Command(ctx context.Context, h Host, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.Namespace(), name}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Start starts a process of the testbed, which Close ends. What it prints goes to NAME.out in the testbed's folder.
func (l *Lab) Start(name string, cmd *exec.Cmd) error {
	out, err := os.Create(filepath.Join(l.Dir, name+".out"))
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("lab: start %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	go func() { p.err = cmd.Wait(); close(p.done) }()
	l.processes = append(l.processes, p)
	return nil
}

// Alive reports the processes that have ended although nobody asked them to.
func (l *Lab) Alive() error {
	var problems []error
	for _, p := range l.processes {
		select {
		case <-p.done:
			problems = append(problems, fmt.Errorf("lab: %s ended: %v: see %s", p.name, p.err, filepath.Join(l.Dir, p.name+".out")))
		default:
		}
	}
	return errors.Join(problems...)
}

// Stop ends one process and waits until it has.
func (l *Lab) Stop(name string, signal os.Signal) {
	for _, p := range l.processes {
		if p.name != name {
			continue
		}
		p.cmd.Process.Signal(signal)
		select {
		case <-p.done:
		case <-time.After(5 * time.Second):
			p.cmd.Process.Kill()
			<-p.done
		}
	}
}

// Close ends the processes, last started first, whatever still runs in the namespaces that Build made, and these. A namespace that was
// there before, of another recording or one that was killed, made Build fail and is left alone.
func (l *Lab) Close() error {
	for i := len(l.processes) - 1; i >= 0; i-- {
		l.Stop(l.processes[i].name, syscall.SIGTERM)
	}
	var problems []error
	for _, name := range l.namespaces {
		pids, _ := exec.Command("ip", "netns", "pids", name).Output()
		for _, pid := range strings.Fields(string(pids)) {
			exec.Command("kill", "-9", pid).Run() // it may have ended by itself
		}
		if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
			problems = append(problems, fmt.Errorf("lab: remove namespace %s: %w: %s", name, err, strings.TrimSpace(string(out))))
		}
	}
	return errors.Join(problems...)
}
