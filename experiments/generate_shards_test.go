//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/experiments/slurm/slurmtest"
)

// pcapHeader is how many bytes stand before the packets of a capture.
const pcapHeader = 24

// concatenated writes the packets of the captures, one behind the other, to a capture.
func concatenated(t *testing.T, path string, captures []string) {
	t.Helper()
	var all []byte
	for i, name := range captures {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			text = text[pcapHeader:]
		}
		all = append(all, text...)
	}
	if err := os.WriteFile(path, all, 0o666); err != nil {
		t.Fatal(err)
	}
}

// shardNames are the names of the shards of big.pcap.
func shardNames(count int) (names []string) {
	for i := range count {
		names = append(names, fmt.Sprintf("big-%d-of-%d.pcap", i+1, count))
	}
	return names
}

// Shards of two applications are, one behind the other, what other tools take for whole
// connections, as many as in one capture; so is each by itself in order.
func TestShards(t *testing.T) {
	learntWith(t, "generate = { losses = \"none\" }", "HTTP", "DNS") // or tools report the losses
	flows := []string{"generate", "http", "dns", "--flows", "1200", "--complete"}
	succeed(t, append(flows, "--out", "whole.pcap")...)
	said := succeed(t, append(flows, "--shards", "4", "--jobs", "2", "--out", "big.pcap")...)
	if strings.Count(said, "\n") != 5 || strings.Contains(said, "left out") {
		t.Errorf("said %q", said)
	}
	concatenated(t, "all.pcap", shardNames(4))
	syns := func(path string) (n int) {
		for _, p := range packetsOf(t, path) {
			if p.Flags == flow.SYN {
				n++
			}
		}
		return n
	}
	if a, b := syns("all.pcap"), syns("whole.pcap"); a < b*9/10 || a > b*11/10 { // DNS has both transports
		t.Errorf("%d connections, the whole has %d", a, b)
	}
	t.Run("interrupted", shardsInterrupted)
	if testing.Short() {
		return // starts six programs
	}
	capturetest.Check(t, "all.pcap", capturetest.Expect{Packets: int64(len(packetsOf(t, "all.pcap"))), Complete: true})
	for _, name := range shardNames(4) {
		capturetest.Capinfos(t, name, capturetest.Expect{})
	}
}

// Ctrl-C leaves the shards that are whole and nothing else, and the same command goes on.
func shardsInterrupted(t *testing.T) {
	args := []string{"generate", "dns", "--flows", "400k", "--shards", "4", "--out", "long.pcap"}
	cmd, stderr := process(t, args...)
	grown(t, "long-1-of-4.pcap", 1)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != 3 || !strings.HasSuffix(stderr.String(), "interrupted: run the same command again\n") {
		t.Errorf("exit code %d, want 3: %s", code, stderr)
	}
	there, err := filepath.Glob("long-*-of-4.pcap")
	hidden, err2 := filepath.Glob(".*")
	if err != nil || err2 != nil || len(there) == 0 || len(there) == 4 || len(hidden) > 0 {
		t.Errorf("%v and %v are left", there, hidden)
	}
	if said := succeed(t, args...); strings.Count(said, ": there already\n") != len(there) {
		t.Errorf("%d shards were there, and it says %q", len(there), said)
	}
}

// A cluster draws the shards that this machine draws, bit by bit.
func TestShardsOnCluster(t *testing.T) {
	cluster := slurmtest.Start(t)
	learnt(t, "DNS")
	args := []string{"generate", "dns", "--flows", "800", "--complete", "--shards", "4"}
	succeed(t, append(args, "--out", "here.pcap")...)
	if said := succeed(t, append(args, "--out", "big.pcap", "--executor", "slurm")...); said != "job 1: generate-big, 4 tasks\n" {
		t.Errorf("said %q", said)
	}
	cluster.Until(t, "all shards are there", func() bool {
		there, err := filepath.Glob("big-?-of-4.pcap")
		return err == nil && len(there) == 4
	})
	for _, name := range shardNames(4) {
		drawn, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		here, err := os.ReadFile(strings.Replace(name, "big", "here", 1))
		if err != nil || !bytes.Equal(drawn, here) {
			t.Errorf("%s is not what this machine draws: %v", name, err)
		}
	}
	if said := succeed(t, append(args, "--out", "big.pcap", "--executor", "slurm")...); said != "" {
		t.Errorf("every shard is there, and it says %q", said)
	}
}
