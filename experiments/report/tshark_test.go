package report_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/testbed"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// made runs a small experiment and loads what its report is made from.
func made(t *testing.T, overrides ...string) *report.Data {
	t.Helper()
	e, err := config.Default().Override(append([]string{"backend=go", "generator=markov", "generate.flows=40", "evaluate.trees=5", "evaluate.floors=2"}, overrides...)...)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p, err := pipeline.Prepare(t.Context(), "test", nil, e, pipeline.Options{Store: store.Open(filepath.Join(dir, ".cache"), nil), Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Run(t.Context(), dir, run.Options{}); err != nil {
		t.Fatal(err)
	}
	m, err := run.LatestRun(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	return report.Load(m)
}

// office writes the embedded capture to a file.
func office(t *testing.T) string {
	t.Helper()
	in, err := testbed.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	path := filepath.Join(t.TempDir(), "office network.pcap") // a name that a shell takes apart
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); errors.Join(err, out.Close()) != nil {
		t.Fatal(err)
	}
	return path
}

// packetsWith counts the generated packets that have a flag and lack another one.
func packetsWith(d *report.Data, has, lacks flow.TCPFlags) (n int) {
	for _, f := range d.Generated.Sample {
		for i := range f.Packets {
			if flags := f.Packets[i].Flags; flags&has == has && flags&lacks == 0 {
				n++
			}
		}
	}
	return n
}

// frames are the numbers of frames that a line of io,stat has, a column each.
func frames(output string) (columns []int) {
	row := regexp.MustCompile(`(?m)^\| +0(?:\.0+)? <> .*$`).FindString(output)
	for i, field := range strings.Split(row, "|") {
		if i >= 2 && i%2 == 0 {
			if n, err := strconv.Atoi(strings.TrimSpace(field)); err == nil {
				columns = append(columns, n)
			}
		}
	}
	return columns
}

// TestTshark runs each line, and it prints what it is said to.
func TestTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed")
	}
	capture := office(t)
	for _, test := range []struct {
		name      string
		overrides []string
		lines     int
	}{
		{"HTTP", []string{"data.path=" + capture, "data.application=HTTP", "data.limit=20000"}, 11},
		{"SNMP", []string{"data.path=" + capture, "data.application=SNMP"}, 8},
		{"embedded DNS", []string{"data.application=DNS", "data.from=+10s"}, 12},
		{"uplinks", []string{"data.name=testbed-services", "data.application=LORAWAN", "data.flows=none", "data.port=1"}, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := made(t, test.overrides...)
			dir := t.TempDir()
			if err := os.Link(d.Manifest.Path("generated.pcap"), filepath.Join(dir, "generated.pcap")); err != nil {
				t.Fatal(err)
			}
			lines := d.Tshark()
			if len(lines) != test.lines {
				t.Errorf("%d lines, want %d", len(lines), test.lines)
			}
			for _, line := range lines {
				cmd := exec.Command("sh", "-c", line.Command)
				cmd.Dir = dir
				out, err := cmd.Output()
				if err != nil {
					t.Errorf("%s: %v", line.Command, err)
				}
				checkLine(t, d, dir, line, string(out))
			}
		})
	}
	if lines := made(t, "level=packet", "data.flows=none", "generator=sampled", "vae.epochs=1", "gmm.components=3", "data.limit=5000").Tshark(); lines != nil {
		t.Errorf("a run without a capture has %v", lines)
	}
}

// checkLine holds what a line has printed against the run.
func checkLine(t *testing.T, d *report.Data, dir string, line report.TsharkLine, out string) {
	t.Helper()
	packets := d.Generated.Packets
	has := func(text string) {
		if !strings.Contains(out, text) {
			t.Errorf("%s: no %q in\n%s", line.Command, text, out)
		}
	}
	count := func(what string, got, want int) {
		if got != want {
			t.Errorf("%s: %d %s, want %d", line.Command, got, what, want)
		}
	}
	switch of := line.Shows; {
	case strings.HasPrefix(of, "the original's packets"):
		found, err := exec.Command("tshark", "-n", "-r", filepath.Join(dir, "original.pcap"), "-q", "-z", "io,stat,0").Output()
		if err != nil {
			t.Fatal(err)
		}
		count("packets of the original", append(frames(string(found)), 0)[0], int(d.Training.Packets+d.HeldOut.Packets))
	case strings.HasPrefix(of, "the lengths"):
		if !regexp.MustCompile(fmt.Sprintf(`Packet Lengths +%d `, packets)).MatchString(out) {
			t.Errorf("%s: not of %d packets:\n%s", line.Command, packets, out)
		}
	case strings.HasPrefix(of, "the layers"):
		has(fmt.Sprintf("frames:%d bytes:", packets))
	case strings.HasPrefix(of, "how many segments"):
		want := []int{packetsWith(d, flow.SYN, flow.ACK), packetsWith(d, flow.SYN|flow.ACK, 0), packetsWith(d, flow.FIN, 0), packetsWith(d, flow.RST, 0)}
		if got := frames(out); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", line.Command, got, want)
		}
	case strings.HasPrefix(of, "the conversations"):
		// Of SNMP tshark 4.0 lists the two directions of a flow as two conversations.
		if n := strings.Count(out, "<->"); n == 0 || n > 2*int(d.Generated.Flows) {
			t.Errorf("%s: %d conversations, the run has %d flows", line.Command, n, d.Generated.Flows)
		}
	case strings.HasPrefix(of, "all "):
		count("packets", append(frames(out), 0)[0], int(packets))
		if strings.Contains(of, "bytes") {
			has(fmt.Sprintf("| %d |", d.Generated.Bytes))
		}
	case strings.HasPrefix(of, "packets and bytes in each"):
		has("Interval:")
	case strings.HasPrefix(of, "the gaps"):
		n, fields := strings.Count(out, "\n"), regexp.MustCompile(`(?m)^\d+\t\d+\.\d+$`).FindAllString(out, -1)
		if n == 0 || n > int(packets) {
			t.Errorf("%s: %d lines for %d packets", line.Command, n, packets)
		}
		count("lines of a flow and a gap", len(fields), n)
	case strings.HasPrefix(of, "header fields"):
		count("lines", strings.Count(out, "\n"), packetsWith(d, flow.SYN, 0))
	case strings.HasPrefix(of, "retransmissions"):
		count("columns", len(frames(out)), 4)
	case strings.HasPrefix(of, "frequency"):
		count("lines of an uplink", len(regexp.MustCompile(`(?m)^\d+\t\d+$`).FindAllString(out, -1)), int(packets))
	case strings.HasPrefix(of, "notes"):
		if strings.Contains(line.Command, "-z expert,note") && out != "" && !strings.Contains(out, "Severity") && !strings.Contains(out, "Frequency") {
			t.Errorf("%s: %s", line.Command, out)
		}
	default:
		t.Errorf("%s: nothing checks what it shows: %s", line.Command, of)
	}
}
