package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/experiments/output"
)

// learnt is a folder with a run of each application, made with the quickest
// generator; it becomes the working directory.
func learnt(t *testing.T, applications ...string) {
	t.Helper()
	learntWith(t, "", applications...)
}

// learntWith does the same with more settings of each experiment.
func learntWith(t *testing.T, settings string, applications ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	var text []byte
	for _, app := range applications {
		text = fmt.Appendf(text, "[experiment.%s]\nbackend = \"go\"\ngenerator = \"markov\"\ndata.limit = 8000\ndata.application = %q\nevaluate = { trees = 5, floors = 2 }\n%s\n", strings.ToLower(app), app, settings)
	}
	if err := os.WriteFile("experiments.toml", text, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, app := range applications {
		succeed(t, "run", strings.ToLower(app), "--quiet")
	}
}

// succeed runs the command and returns what it said.
func succeed(t *testing.T, args ...string) (out string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := experiments(t.Context(), strings.NewReader(""), &stdout, &stderr, args); code != 0 {
		t.Fatalf("%s: code %d: %s", strings.Join(args, " "), code, stderr.String())
	}
	return stdout.String()
}

// packetsOf reads a capture that has to be whole.
func packetsOf(t *testing.T, path string) []flow.Packet {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []flow.Packet
	for p, err := range pcap.Packets(f, path) {
		if err != nil {
			t.Fatal(err)
		}
		p.Payload = nil
		all = append(all, p)
	}
	return all
}

func TestGenerate(t *testing.T) {
	learnt(t, "HTTP", "DNS")
	t.Run("tables agree with the capture", tablesAgree)
	t.Run("captures agree with each other", capturesAgree)
	t.Run("flows agree with tshark", flowsAgree)
	t.Run("interrupted", interrupted)
	t.Run("interrupted twice", interruptedTwice)
	t.Run("full disk", fullDisk)
	t.Run("replay", replayed)
}

// Packet by packet, of two applications in one capture.
func tablesAgree(t *testing.T) {
	succeed(t, "generate", "http", "dns", "--flows", "200", "--out", "a.pcap", "--out", "a.parquet", "--out", "a.csv", "--out", "a.arrow")
	capture := packetsOf(t, "a.pcap")
	applications := map[flow.Application]int{}
	for i := range capture {
		applications[capture[i].Application]++
	}
	if applications[flow.HTTP] == 0 || applications[flow.DNS] == 0 {
		t.Errorf("applications %v", applications)
	}
	for _, name := range []string{"a.parquet", "a.csv", "a.arrow"} {
		i := 0
		for row, err := range table.ReadPackets(name) {
			if err != nil {
				t.Fatal(err)
			}
			if i == len(capture) {
				t.Fatalf("%s has more than the %d packets of the capture", name, len(capture))
			}
			p := capture[i]
			p.FlowID, p.Direction = row.FlowID, row.Direction // a capture does not tell
			if fmt.Sprint(p) != fmt.Sprint(row) {
				t.Fatalf("%s: packet %d:\n%+v\ncapture:\n%+v", name, i, row, p)
			}
			i++
		}
		if i != len(capture) {
			t.Errorf("%s has %d packets, the capture %d", name, i, len(capture))
		}
	}
}

// Tshark gives the packets of the capture the Community IDs that the table of flows has, as
// often as the table has packets.
func flowsAgree(t *testing.T) {
	tool, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	succeed(t, "generate", "http", "dns", "--flows", "200", "--out", "flows.pcap")
	columns, err := table.ReadColumns("flows.flows.parquet")
	if err != nil {
		t.Fatal(err)
	}
	counts, values := map[string]float64{}, map[string]table.Column{}
	for _, c := range columns {
		values[c.Name()] = c
	}
	for _, name := range []string{"packets_forward", "packets_backward"} {
		packets, err := values[name].Floats()
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range packets {
			counts[values["community_id"].Text(i)] += n
		}
	}
	out, err := exec.Command(tool, "-n", "-r", "flows.pcap", "--enable-protocol", "communityid", "-T", "fields", "-e", "communityid").Output()
	if err != nil {
		t.Fatal(err)
	}
	for id := range strings.Lines(string(out)) {
		counts[strings.TrimSpace(id)]--
	}
	for id, left := range counts {
		if left != 0 {
			t.Errorf("flow %s has %v packets more than tshark sees", id, left)
		}
	}
}

// Two applications in one capture are what other tools take for whole connections.
func TestGenerateForOtherTools(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: starts six programs")
	}
	learntWith(t, "generate = { losses = \"none\" }", "HTTP", "DNS") // or tools report the losses
	succeed(t, "generate", "http", "dns", "--flows", "300", "--complete", "--out", "tools.pcap", "--out", "tools.parquet")
	capturetest.Check(t, "tools.pcap", capturetest.Expect{Packets: int64(len(packetsOf(t, "tools.pcap"))), Complete: true, Table: "tools.parquet"})
}

func capturesAgree(t *testing.T) {
	outs := []string{"b.pcap", "b.pcapng", "b.pcap.gz", "b.pcapng.zst"}
	args := []string{"generate", "http", "--packets", "2000"}
	for _, out := range outs {
		args = append(args, "--out", out)
	}
	succeed(t, args...)
	want := packetsOf(t, outs[0])
	if len(want) < 2000 {
		t.Errorf("%d packets, want at least 2000", len(want))
	}
	for _, out := range outs[1:] {
		if got := packetsOf(t, out); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s differs", out)
		}
	}
}

// process starts the command in a process of its own.
func process(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	cmd, stderr = program(t, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stderr
}

// program prepares the command as a process that ends with the test.
func program(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stderr = new(bytes.Buffer)
	cmd = exec.Command(self)
	cmd.Args, cmd.Stderr = append([]string{"experiments"}, args...), stderr
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
		}
	})
	return cmd, stderr
}

// exitCode waits for the process.
func exitCode(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// grown waits until the file has so many bytes.
func grown(t *testing.T, path string, bytes int64) {
	t.Helper()
	for range 600 {
		if info, err := os.Stat(path); err == nil && info.Size() >= bytes {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not grow", path)
}

func interrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals on Windows")
	}
	cmd, stderr := process(t, "generate", "http", "--packets", "20M", "--out", "i.pcap.gz", "--out", "i.parquet")
	grown(t, "i.pcap.gz", 1<<16)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != 3 {
		t.Errorf("exit code %d, want 3: %s", code, stderr)
	}
	n := int64(len(packetsOf(t, "i.pcap.gz")))
	if want := fmt.Sprintf("i.pcap.gz: ended early; its %s packets are a valid capture\ni.parquet: ended early; its %s packets are a valid table\ni.flows.parquet: ended early; its ", output.Thousands(n), output.Thousands(n)); n == 0 || !strings.Contains(stderr.String(), want) {
		t.Errorf("%d packets; said %q, want %q", n, stderr, want)
	}
	rows := int64(0)
	for _, err := range table.ReadPackets("i.parquet") {
		if err != nil {
			t.Fatal(err)
		}
		rows++
	}
	if rows != n {
		t.Errorf("the table has %d rows, the capture %d packets", rows, n)
	}
}
