package link

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wireNamespace tells the copy of this test that runs inside the namespace to be the wire.
const wireNamespace = "LINK_TEST_WIRE"

// TestRun pings through a wire between namespaces: every request comes back, and no sooner than the delay of both ways.
func TestRun(t *testing.T) {
	path := Path{Delay: 15 * time.Millisecond}
	if os.Getenv(wireNamespace) != "" {
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
		defer cancel()
		if _, err := Run(ctx, Config{Near: "near", Far: "far", Fallback: path}); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, tool := range []string{"ip", "ping"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs the tool %s", tool)
		}
	}
	name := func(kind string) string { return fmt.Sprintf("linktest-%s-%d", kind, os.Getpid()) }
	client, wire, server := name("client"), name("wire"), name("server")
	run := func(args ...string) error {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	for _, ns := range []string{client, wire, server} {
		if err := run("netns", "add", ns); err != nil {
			t.Skipf("needs the right to make network namespaces: %v", err)
		}
		t.Cleanup(func() { exec.Command("ip", "netns", "del", ns).Run() })
	}
	for _, step := range []string{
		"-n " + client + " link add name eth0 type veth peer name near netns " + wire,
		"-n " + server + " link add name eth0 type veth peer name far netns " + wire,
		"-n " + client + " addr add 10.78.0.1/24 dev eth0", "-n " + server + " addr add 10.78.0.2/24 dev eth0",
		"-n " + client + " link set eth0 up", "-n " + server + " link set eth0 up", "-n " + wire + " link set near up", "-n " + wire + " link set far up",
	} {
		if err := run(strings.Fields(step)...); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inside := exec.Command("ip", "netns", "exec", wire, self, "-test.run=^TestRun$")
	inside.Env = append(os.Environ(), wireNamespace+"=1")
	if err := inside.Start(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ip", "netns", "exec", client, "ping", "-n", "-c", "5", "-i", "0.2", "-W", "2", "10.78.0.2").CombinedOutput()
	if err != nil {
		t.Errorf("ping: %v: %s", err, out)
	}
	times := regexp.MustCompile(`time=([0-9.]+) ms`).FindAllStringSubmatch(string(out), -1)
	if len(times) != 5 {
		t.Errorf("%d answers of 5: %s", len(times), out)
	}
	for _, m := range times {
		if ms, err := strconv.ParseFloat(m[1], 64); err != nil || ms < 30 {
			t.Errorf("round trip of %s ms through 15 ms each way", m[1])
		}
	}
	if err := inside.Wait(); err != nil {
		t.Errorf("the wire: %v", err)
	}
}
