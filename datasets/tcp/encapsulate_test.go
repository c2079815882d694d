package tcp

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// tunnelRows are what clients' packets are inside of, and what generated ones are; the
// other way is the reverse.
var tunnelRows = []struct{ original, generated string }{
	{"vlan 100", "vlan 100"},
	{"svlan 7, vlan 101", "svlan 7, vlan 101"},
	{"mpls 16001, mpls 24", "mpls 16, mpls 17"},
	{"ipv4 10.9.0.1 10.9.0.2", "ipv4 198.19.255.254 198.19.255.253"},
	{"ipv6 2001:500::1 2001:500::2", "ipv6 2001:db8:ffff::ffff:ffff 2001:db8:ffff::ffff:fffe"},
	{"ipv4 10.9.0.1 10.9.0.2, gre", "ipv4 198.19.255.254 198.19.255.253, gre"},
	{"ipv4 10.9.0.1 10.9.0.2, gre key 77 sequence checksum", "ipv4 198.19.255.254 198.19.255.253, gre key 1 sequence checksum"},
	{"ipv4 10.9.0.1 10.9.0.2, gre, ether", "ipv4 198.19.255.254 198.19.255.253, gre, ether"},
	{"ipv4 10.9.0.1 10.9.0.2, gre, mpls 99", "ipv4 198.19.255.254 198.19.255.253, gre, mpls 16"},
	{"ipv4 10.9.0.1 10.9.0.2, mpls 99", "ipv4 198.19.255.254 198.19.255.253, mpls 16"},
	{"vlan 5, ipv4 10.9.0.1 10.9.0.2, vxlan 5001, ether, vlan 6", "vlan 5, ipv4 198.19.255.254 198.19.255.253, vxlan 1, ether, vlan 6"},
	{"ipv6 2001:500::1 2001:500::2, vxlan 5001, ether", "ipv6 2001:db8:ffff::ffff:ffff 2001:db8:ffff::ffff:fffe, vxlan 1, ether"},
	{"ipv4 10.9.0.1 10.9.0.2, geneve 5001, ether", "ipv4 198.19.255.254 198.19.255.253, geneve 1, ether"},
	{"ipv4 10.9.0.1 10.9.0.2, geneve 5001", "ipv4 198.19.255.254 198.19.255.253, geneve 1"},
	{"ipv4 10.9.0.1 10.9.0.2, gtp 900000", "ipv4 198.19.255.254 198.19.255.253, gtp 1"},
	{"ipv4 10.9.0.1 10.9.0.2, gtp 9, ipv4 10.9.0.3 10.9.0.1, gre",
		"ipv4 198.19.255.254 198.19.255.253, gtp 1, ipv4 198.19.255.252 198.19.255.254, gre"},
}

// inTunnel returns flows of HTTP and DNS, and of bare connections, all of them inside of an
// encapsulation.
func inTunnel(t testing.TB, text string) []*flow.Flow {
	t.Helper()
	there, err := flow.ParseEncapsulation(text)
	if err != nil {
		t.Fatal(err)
	}
	ways := [2]*flow.Encapsulation{there, there.Reverse()}
	flows := append(flowtest.Training(), flowtest.Between(90, "10.1.0.1:40100", "10.1.0.2:80", 4), flowtest.Between(91, "[2001:500::8]:40100", "[2001:500::9]:80", 4))
	for _, f := range flows {
		for i := range f.Packets {
			f.Packets[i].Encapsulation = ways[f.Packets[i].Direction]
		}
	}
	return flows
}

// TestEncapsulated checks that flows that were learnt in a tunnel are generated in one, with
// ends and numbers of its own, that a reader finds inside what the frame says, and that
// tshark finds every checksum right and nothing malformed.
func TestEncapsulated(t *testing.T) {
	for _, row := range tunnelRows {
		t.Run(row.original, func(t *testing.T) {
			flows := inTunnel(t, row.original)
			plan, err := address.Fit(flows, address.FitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var saved bytes.Buffer
			if err := plan.Write(&saved); err != nil {
				t.Fatal(err)
			}
			if plan, err = address.Read(&saved, "plan.json"); err != nil {
				t.Fatal(err)
			}
			path := writeTunnels(t, plan, Options{MTU: 1500}, flows, func(p *flow.Packet) {
				want, err := flow.ParseEncapsulation(row.generated)
				if err != nil {
					t.Fatal(err)
				}
				if p.Direction == flow.Backward {
					want = want.Reverse()
				}
				if p.Encapsulation.String() != want.String() {
					t.Errorf("packet %d is inside of %q, want %q", p.Number, p.Encapsulation, want)
				}
			})
			checkTunnels(t, path)
		})
	}
}

// writeTunnels frames the flows, checks that what is read again is what the frames say, and
// returns the capture.
func writeTunnels(t *testing.T, plan *address.Plan, opts Options, flows []*flow.Flow, look func(*flow.Packet)) string {
	t.Helper()
	f, err := NewFramer(plan, opts, rand.NewPCG(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	var data bytes.Buffer
	out, err := pcap.NewWriter(&data, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var want []flow.Packet
	for frame, err := range f.Frames(flowtest.Sequence(flows)) {
		if err != nil {
			t.Fatal(err)
		}
		look(&frame.Packet)
		frame.Packet.Payload = bytes.Clone(frame.Packet.Payload)
		want = append(want, frame.Packet)
		if err := out.Write(frame.Packet.Time, frame.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.pcap")
	if err := os.WriteFile(path, data.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r := pcap.NewReader(&data, "out.pcap")
	r.Decapsulate = true
	i := 0
	for p, err := range r.Packets() {
		if err != nil {
			t.Fatal(err)
		}
		p.FlowID, p.Direction, want[i].Application = want[i].FlowID, want[i].Direction, p.Application
		if p.Encapsulation.String() == want[i].Encapsulation.String() {
			p.Encapsulation = want[i].Encapsulation
		}
		if !reflect.DeepEqual(p, want[i]) {
			t.Fatalf("packet %d is\n%+v, want\n%+v", i, p, want[i])
		}
		i++
	}
	if i != len(want) || i == 0 {
		t.Fatalf("%d packets, want %d", i, len(want))
	}
	return path
}

// checkTunnels has tshark verify all checksums of IPv4, TCP and UDP, and look for what is
// malformed.
func checkTunnels(t *testing.T, path string) {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	const wrong = "ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || gre.checksum.status == 0 || " +
		"_ws.malformed || !(tcp || udp)"
	var out, log bytes.Buffer
	command := exec.Command(tshark, "-n", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
		"-Y", wrong, "-T", "fields", "-e", "frame.number", "-e", "frame.protocols")
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil || out.Len() > 0 {
		t.Errorf("tshark: %v\n%.300s\n%.600s", err, log.String(), out.String())
	}
}

// TestTunnelsOfPairs checks that each pair of hosts is in the tunnel that most of its flows
// were in, and others in none, also where there are more hosts, other addresses, or the
// original ones.
func TestTunnelsOfPairs(t *testing.T) {
	flows := tunnelledTo(t, [][2]string{{"vlan 1", "10.0.1.1:80"}, {"vlan 2", "10.0.2.1:80"}, {"vlan 1", "10.0.1.1:80"}, {"", "10.0.3.1:80"}, {"vlan 3", "10.0.1.1:80"}})
	for _, row := range []struct {
		name string
		keep bool
		opts address.Options
	}{
		{"as it is", false, address.Options{}},
		{"original addresses", true, address.Options{}},
		{"other addresses", false, address.Options{Addresses: prefixes("10.77.0.0/16")}},
		{"more clients", false, address.Options{Clients: 5}},
	} {
		plan, err := address.Fit(flows, address.FitOptions{KeepAddresses: row.keep})
		if err != nil {
			t.Fatal(err)
		}
		var drawn []*flow.Flow
		for n := range 200 {
			f := flowtest.Between(int64(n), "10.0.0.1:40000", "10.0.1.1:80", 4)
			f.Tuple = flow.FiveTuple{Proto: f.Tuple.Proto}
			drawn = append(drawn, f)
		}
		servers := make(map[string]string) // the servers of each tunnel
		writeTunnels(t, plan, Options{MTU: 1500, Hosts: row.opts}, drawn, func(p *flow.Packet) {
			server := p.Tuple.Dst
			if p.Direction == flow.Backward {
				server = p.Tuple.Src
			}
			of := p.Encapsulation.String()
			if was, known := servers[of]; known && was != server.String() {
				t.Fatalf("%s: %s and %s in %q", row.name, was, server, of)
			}
			servers[of] = server.String()
		})
		if len(servers) != 3 || servers["vlan 1"] == "" || servers["vlan 2"] == "" || servers[""] == "" {
			t.Errorf("%s: %v, want one server each in vlan 1, vlan 2 and none", row.name, servers)
		}
		if row.keep && (servers["vlan 1"] != "10.0.1.1:80" || servers["vlan 2"] != "10.0.2.1:80") {
			t.Errorf("%s: %v", row.name, servers)
		}
	}
}

// tunnelledTo returns a flow of one client for each encapsulation and server.
func tunnelledTo(t *testing.T, rows [][2]string) (flows []*flow.Flow) {
	t.Helper()
	for i, row := range rows {
		f := flowtest.Between(int64(i), "10.0.0.1:40000", row[1], 4)
		e, err := flow.ParseEncapsulation(row[0])
		if err != nil {
			t.Fatal(err)
		}
		for j := range f.Packets {
			f.Packets[j].Encapsulation = e
		}
		flows = append(flows, f)
	}
	return flows
}

// TestTunnelsKept checks that flows that keep their addresses keep their tunnels.
func TestTunnelsKept(t *testing.T) {
	const there = "ipv4 10.9.0.1 10.9.0.2, gre key 9 sequence"
	flows := inTunnel(t, there)
	checkTunnels(t, writeTunnels(t, nil, Options{MTU: 1500, KeepTuples: true}, flows, func(p *flow.Packet) {
		if got := p.Encapsulation.String(); got != there && got != "ipv4 10.9.0.2 10.9.0.1, gre key 9 sequence" {
			t.Errorf("packet %d is inside of %q", p.Number, got)
		}
	}))
}

// TestTunnelsMerged checks that a merged plan has the tunnels of both.
func TestTunnelsMerged(t *testing.T) {
	var plans []*address.Plan
	for _, text := range []string{"vlan 1", "vlan 2, mpls 99", ""} {
		plan, err := address.Fit(inTunnel(t, text), address.FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, plan)
	}
	merged, _, err := address.Merge(plans...)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, tunnel := range merged.Tunnels {
		texts = append(texts, tunnel.Forward.String())
	}
	slices.Sort(texts)
	if want := []string{"vlan 1", "vlan 2, mpls 16"}; !slices.Equal(texts, want) {
		t.Errorf("%q, want %q", texts, want)
	}
	for i := range merged.Services {
		for _, pair := range merged.Services[i].Pairs {
			if pair.Tunnel > 2 {
				t.Errorf("tunnel %d of 2", pair.Tunnel)
			}
		}
	}
}
