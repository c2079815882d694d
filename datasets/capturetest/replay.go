package capturetest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// Tcpreplay wants tcpprep to tell clients from servers and tcpreplay to send the
// capture between two network namespaces: clients' frames over one pair of
// interfaces, servers' over another, all of which arrive. It needs root.
func Tcpreplay(t *testing.T, capture string, want Expect) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	tool(t, "ip")
	tool(t, "tcpprep")
	tool(t, "tcpreplay")
	near, far := Namespaces(t, 2)
	cache := filepath.Join(t.TempDir(), "cache")
	output(t, "tcpprep", "--auto=client", "--pcap="+capture, "--cachefile="+cache)
	said := output(t, "ip", "netns", "exec", near, "tcpreplay", "--topspeed", "--cachefile="+cache, "--intf1=wire0", "--intf2=wire2", capture)
	count := func(what string) (sum int64) {
		all := regexp.MustCompile(what+` packets: +(\d+)`).FindAllStringSubmatch(said, -1) // of each interface
		if len(all) == 0 {
			t.Fatalf("tcpreplay does not say how many packets were %s: %s", what, said)
		}
		for _, m := range all {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			sum += n
		}
		return sum
	}
	sent := count("Successful")
	for _, what := range []string{"Failed", "Truncated"} {
		if n := count(what); n != 0 {
			t.Errorf("tcpreplay: %d packets %s", n, what)
		}
	}
	if sent == 0 || want.Packets != 0 && sent != want.Packets {
		t.Errorf("tcpreplay sends %d packets, want %d", sent, want.Packets)
	}
	clients, servers := received(t, far, "wire1"), received(t, far, "wire3")
	t.Logf("tcpreplay: %d packets, %d of clients and %d of servers", sent, clients, servers)
	if clients+servers < sent {
		t.Errorf("%d and %d packets arrive, %d were sent", clients, servers, sent)
	}
}

// Namespaces makes two network namespaces joined by so many pairs of interfaces:
// wire0 to wire1, wire2 to wire3, and so on. They go with the test.
func Namespaces(t *testing.T, pairs int) (near, far string) {
	t.Helper()
	name := regexp.MustCompile(`\W`).ReplaceAllString(t.Name(), "")
	near, far = fmt.Sprintf("n%d-%.20s", os.Getpid(), name), fmt.Sprintf("f%d-%.20s", os.Getpid(), name)
	for _, n := range []string{near, far} {
		if out, err := exec.Command("ip", "netns", "add", n).CombinedOutput(); err != nil {
			t.Skipf("network namespaces are not to be had: %v: %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", n).Run() })
	}
	for i := range pairs {
		one, two := fmt.Sprintf("wire%d", 2*i), fmt.Sprintf("wire%d", 2*i+1)
		for _, args := range [][]string{
			{"link", "add", one, "netns", near, "type", "veth", "peer", "name", two, "netns", far},
			{"-n", near, "link", "set", one, "addrgenmode", "none", "up"},
			{"-n", far, "link", "set", two, "addrgenmode", "none", "up"},
		} {
			output(t, "ip", args...)
		}
	}
	return near, far
}

// received is how many packets an interface in a namespace has received.
func received(t *testing.T, namespace, iface string) int64 {
	t.Helper()
	var links []struct {
		Stats struct {
			Receive struct {
				Packets int64 `json:"packets"`
			} `json:"rx"`
		} `json:"stats64"`
	}
	out := output(t, "ip", "-n", namespace, "-s", "-j", "link", "show", iface)
	if err := json.Unmarshal([]byte(out), &links); err != nil || len(links) != 1 {
		t.Fatalf("ip -s link: %v: %s", err, out)
	}
	return links[0].Stats.Receive.Packets
}
