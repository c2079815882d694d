// Package capturetest checks captures with tools other than those that wrote them:
// capinfos, tshark, tcptrace, argus, ndpiReader, tcpprep and tcpreplay, and the
// table that was written in the same pass. It is for tests; each check skips with
// a message that names the tool where it is not installed.
package capturetest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// Expect is what a capture should be.
type Expect struct {
	Packets  int64    // in the capture; 0: at least one
	Complete bool     // TCP connections are complete: opened by a handshake and closed by FINs or a RST
	Training string   // the training capture, for NDPI; empty: not compared
	Named    float64  // proportion of the training capture's named flows that NDPI asks for, of each application; 0: 0.95
	Table    string   // Parquet or Arrow file of the same packets; empty: none
	Allowed  []string // parts of tshark messages that are no fault beside those of Harmless
}

// Harmless are the messages of tshark above the level of a chat that faultless
// captures have too: a RST, which it warns of although it is as generated, and the
// notes that tell which FIN is the first and which the second.
var Harmless = []string{
	"Connection reset (RST)",
	"This frame initiates the connection closing",
	"This frame undergoes the connection closing",
}

// Check runs all checks on an Ethernet capture, side by side.
func Check(t *testing.T, capture string, want Expect) {
	t.Helper()
	checks := []struct {
		name  string
		check func(*testing.T, string, Expect)
	}{
		{"tshark", Tshark}, {"capinfos", Capinfos}, {"tcptrace", Tcptrace}, {"argus", Argus}, {"ndpiReader", NDPI}, {"table", Table}, {"tcpreplay", Tcpreplay},
	}
	t.Run("tools", func(t *testing.T) {
		for _, c := range checks {
			if c.name == "table" && want.Table == "" || c.name == "ndpiReader" && want.Training == "" {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.check(t, capture, want)
			})
		}
	})
}

// tool is a program's path; the test is skipped without it.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// run is what a program writes to its standard output.
func run(path string, args ...string) (string, error) {
	out, err := exec.Command(path, args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("%s: %w: %s", path, err, exit.Stderr)
	}
	return string(out), err
}

// output is that of run; the test is skipped without the program.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := run(tool(t, name), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// packets reads a capture.
func packets(t *testing.T, capture string, visit func(p *flow.Packet)) {
	t.Helper()
	file, err := os.Open(capture)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for p, err := range pcap.Packets(bufio.NewReaderSize(file, 1<<20), capture) {
		if err != nil {
			t.Fatal(err)
		}
		visit(&p)
	}
}

// Capinfos wants the number of packets, in the order of time.
func Capinfos(t *testing.T, capture string, want Expect) {
	t.Helper()
	fields := strings.Split(strings.TrimSpace(output(t, "capinfos", "-TrMco", capture)), "\t")
	if len(fields) != 3 {
		t.Fatalf("capinfos: %q", fields)
	}
	n, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || n == 0 || want.Packets != 0 && n != want.Packets || fields[2] != "True" {
		t.Errorf("capinfos says %s packets, in order of time: %s; want %d in order", fields[1], fields[2], want.Packets)
	}
}
