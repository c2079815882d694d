package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/necstgen/necstgen/experiments/output"
)

// A disk that is full in the middle: what was written is whole, and its size is said.
func fullDisk(t *testing.T) {
	if err := os.Mkdir("full", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", "full", "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("no small file system to be had: %v", err)
	}
	mounted, err := filepath.Abs("full")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(mounted, 0) })
	for _, name := range []string{"x.pcap", "x.pcapng", "x.pcap.gz", "x.pcap.zst"} {
		t.Run(name, func(t *testing.T) {
			link := "link-" + name // so that nobody looks at the room before
			if err := os.Symlink(filepath.Join("full", name), link); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			code := experiments(t.Context(), strings.NewReader(""), &stdout, &stderr, []string{"generate", "http", "--packets", "400000", "--payload", "random", "--out", link})
			n := len(packetsOf(t, link))
			want := fmt.Sprintf("%s: ended early; its %s packets are a valid capture\nlink-x.flows.parquet: ended early; its ", link, output.Thousands(int64(n)))
			failed := fmt.Sprintf(" flows are a valid table\nerror: generate: output: %s: ", link)
			if code != 1 || n < 1000 || !strings.HasPrefix(stderr.String(), want) || !strings.Contains(stderr.String(), failed) || !strings.Contains(stderr.String(), "no space left") {
				t.Errorf("code %d, %d packets; said %q, want %q", code, n, stderr.String(), want)
			}
			if err := os.Remove(filepath.Join("full", name)); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("beforehand", func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		code := experiments(t.Context(), strings.NewReader(""), &stdout, &stderr, []string{"generate", "http", "--packets", "40000", "--out", "full/y.pcap", "--out", "full/y.csv"})
		if _, err := os.Stat("full/y.pcap"); code != 1 || err == nil || !strings.Contains(stderr.String(), "full has 3.15 MB free: ask for less") {
			t.Errorf("code %d, %v: %s", code, err, stderr.String())
		}
	})
}

// Where the first signal cannot end the program, since it waits for somebody who
// does not read, the second does.
func interruptedTwice(t *testing.T) {
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Skipf("no named pipes: %v", err)
	}
	pipe, err := os.OpenFile("pipe", os.O_RDWR, 0) // and read nothing
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	cmd, stderr := process(t, "generate", "http", "--packets", "1M", "--out", "pipe")
	time.Sleep(2 * time.Second) // for the pipe to fill
	for range 2 {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	began := time.Now()
	code := exitCode(t, cmd)
	if code != -1 || time.Since(began) > 10*time.Second {
		t.Errorf("exit code %d after %s, want the end by the signal at once: %s", code, time.Since(began), stderr)
	}
}

// Two network namespaces: one end replays, tcpdump listens at the other.
func replayed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, for network namespaces")
	}
	for _, tool := range []string{"ip", "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	near, far := fmt.Sprintf("exp-near-%d", os.Getpid()), fmt.Sprintf("exp-far-%d", os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", near).CombinedOutput(); err != nil {
		t.Skipf("network namespaces are not to be had: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", near).Run() })
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", far).Run() })
	for _, args := range [][]string{
		{"netns", "add", far},
		{"link", "add", "exp0", "netns", near, "type", "veth", "peer", "name", "exp1", "netns", far},
		{"-n", near, "link", "set", "exp0", "addrgenmode", "none", "up"},
		{"-n", far, "link", "set", "exp1", "addrgenmode", "none", "up"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
	}
	stop := listen(t, far, "far.pcap")
	out := inNamespace(t, near, 0, "generate", "http", "dns", "--flows", "60", "--interface", "exp0", "--speed", "8", "--out", "near.pcap", "--json")
	stop()
	var result generateResult
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sent, arrived := packetsOf(t, "near.pcap"), packetsOf(t, "far.pcap")
	if len(sent) != len(arrived) || int64(len(sent)) != result.Packets {
		t.Fatalf("%d packets were made, %d sent, %d arrived", len(sent), result.Packets, len(arrived))
	}
	var late []time.Duration
	for i := range sent {
		if a, b := sent[i], arrived[i]; a.Tuple != b.Tuple || a.Seq != b.Seq || a.Length != b.Length {
			t.Fatalf("packet %d is another one: %+v, sent %+v", i, b, a)
		}
		due := (sent[i].Time - sent[0].Time) / 8
		late = append(late, time.Duration(arrived[i].Time-arrived[0].Time-due).Abs())
	}
	slices.Sort(late)
	median := late[len(late)/2]
	t.Logf("against the schedule %s in the median, %s at 99 %%; the sender says: %s", median, late[len(late)*99/100], result.Replay.line())
	if median > 5*time.Millisecond {
		t.Errorf("median error %s", median)
	}
	down(t, near)
}

// down takes the interface away in the middle.
func down(t *testing.T, near string) {
	time.AfterFunc(1500*time.Millisecond, func() { _ = exec.Command("ip", "-n", near, "link", "set", "exp0", "down").Run() })
	text := inNamespace(t, near, 1, "generate", "http", "--flows", "500", "--interface", "exp0", "--out", "down.pcap")
	if !strings.Contains(text, "network is down") || !strings.Contains(text, "that were sent") {
		t.Errorf("said %q", text)
	}
	if n := len(packetsOf(t, "down.pcap")); n == 0 {
		t.Error("what was made is lost")
	}
}

// inNamespace runs the command in a network namespace, and returns what it said.
func inNamespace(t *testing.T, name string, code int, args ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link, err := filepath.Abs("experiments")
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Symlink(self, link) // there from the call before
	cmd := exec.Command("ip", append([]string{"netns", "exec", name, link}, args...)...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return string(out)
}

// listen captures in a namespace until the returned function is called.
func listen(t *testing.T, name, file string) func() {
	t.Helper()
	cmd := exec.Command("ip", "netns", "exec", name, "tcpdump", "-i", "exp1", "-w", file, "--nano", "-U", "-B", "65536", "-Z", "root", "ip or ip6")
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	buffer := make([]byte, 1024)
	for text := ""; !strings.Contains(text, "listening on"); {
		n, err := said.Read(buffer)
		if err != nil {
			t.Fatalf("tcpdump: %v: %s", err, text)
		}
		text += string(buffer[:n])
	}
	go io.Copy(io.Discard, said)
	return func() {
		time.Sleep(time.Second)
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // a signal ends it
	}
}
