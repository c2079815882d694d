// Package lab builds the testbed: network namespaces for clients and servers, bridges and wires between them, and the servers.
//
// Everything lives in namespaces whose names begin with Prefix and in one folder; Close leaves neither processes nor namespaces behind.
//
//	client namespaces -- bridge "access" -- wire with delay, jitter, rate -- tap (capture) -- wire with loss -- bridge "hall" -- server namespaces
package lab

import (
	"fmt"
	"time"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/link"
)

// Prefix of every namespace of the testbed.
const Prefix = "testbed-"

// Host is one machine of the testbed.
type Host struct {
	Name    string
	Number  byte   // last byte of its MAC address
	IPv4    string // in 10.77.0.0/16
	IPv6    string // in fd77::/64
	MTU     int    // 0: 1500
	Tuning  []string
	Control string // congestion control towards this host, by route; "": the kernel's
}

// Namespace is the host's network namespace.
func (h Host) Namespace() string { return Prefix + h.Name }

// MAC is the host's Ethernet address: locally administered, 02:77 and its number.
func (h Host) MAC() link.MAC { return link.MAC{0x02, 0x77, 0, 0, 0, h.Number} }

// Client is a host with the path to it.
type Client struct {
	Host
	Path link.Path
}

const (
	megabit = 1e6
)

// Clients are the testbed's clients: office, homes, mobiles and far away, each with its own stack settings.
func Clients() []Client {
	ms := func(x float64) time.Duration { return time.Duration(x * float64(time.Millisecond)) }
	var clients []Client
	for i, c := range []struct {
		name                      string
		ipv4                      string
		delay, jitter             float64 // milliseconds, one way
		down, up                  float64 // Mbit/s
		loss                      float64
		mtu                       int
		control                   string
		timestamps, sack, scaling int
		ttl                       int
	}{
		{"office1", "10.77.1.11", 0.3, 0.05, 100, 100, 0, 0, "cubic", 1, 1, 1, 64},
		{"office2", "10.77.1.12", 0.5, 0.1, 100, 100, 0, 0, "cubic", 0, 1, 1, 128},
		{"fibre1", "10.77.12.5", 4, 0.3, 50, 20, 0.0005, 0, "cubic", 1, 1, 1, 64},
		{"fibre2", "10.77.12.61", 7, 0.4, 40, 20, 0.0005, 0, "bbr", 0, 1, 1, 128},
		{"cable", "10.77.23.8", 12, 2, 30, 5, 0.001, 0, "cubic", 1, 1, 1, 64},
		{"dsl1", "10.77.34.17", 18, 1.5, 12, 1, 0.001, 1492, "cubic", 0, 1, 1, 128},
		{"dsl2", "10.77.34.90", 28, 3, 6, 0.6, 0.0015, 1492, "reno", 1, 1, 1, 64},
		{"wifi", "10.77.45.23", 9, 6, 20, 10, 0.003, 0, "cubic", 1, 1, 1, 64},
		{"mobile1", "10.77.56.4", 35, 10, 15, 5, 0.002, 1430, "bbr", 1, 1, 1, 64},
		{"mobile2", "10.77.56.177", 60, 20, 4, 1, 0.005, 1430, "cubic", 1, 1, 1, 64},
		{"abroad", "10.77.67.33", 48, 1, 40, 40, 0.0005, 0, "cubic", 0, 1, 1, 128},
		{"far", "10.77.78.2", 95, 3, 20, 20, 0.001, 0, "reno", 1, 0, 1, 64},
	} {
		host := Host{Name: c.name, Number: byte(i + 1), IPv4: c.ipv4, IPv6: fmt.Sprintf("fd77::1:%x", i+1), MTU: c.mtu, Control: c.control,
			Tuning: []string{fmt.Sprintf("net.ipv4.tcp_timestamps=%d", c.timestamps), fmt.Sprintf("net.ipv4.tcp_sack=%d", c.sack),
				fmt.Sprintf("net.ipv4.tcp_window_scaling=%d", c.scaling), fmt.Sprintf("net.ipv4.ip_default_ttl=%d", c.ttl),
				fmt.Sprintf("net.ipv6.conf.eth0.hop_limit=%d", c.ttl)}}
		clients = append(clients, Client{Host: host, Path: link.Path{Delay: ms(c.delay), Jitter: ms(c.jitter),
			Down: c.down * megabit, Up: c.up * megabit, Loss: c.loss, Queue: ms(500)}})
	}
	return clients
}

// Hosts of the servers. The names are those of the server packages.
var (
	Web    = Host{Name: "web", Number: 0x80, IPv4: "10.77.200.80", IPv6: "fd77::2:80"}
	Mail   = Host{Name: "mail", Number: 0x25, IPv4: "10.77.200.25", IPv6: "fd77::2:25"}
	Name   = Host{Name: "name", Number: 0x53, IPv4: "10.77.200.53", IPv6: "fd77::2:53"}
	Switch = Host{Name: "switch", Number: 0xa1, IPv4: "10.77.200.161", IPv6: "fd77::2:161"}
)

// Paths are the clients' paths by Ethernet address.
func Paths() map[link.MAC]link.Path {
	paths := map[link.MAC]link.Path{}
	for _, c := range Clients() {
		paths[c.MAC()] = c.Path
	}
	return paths
}
