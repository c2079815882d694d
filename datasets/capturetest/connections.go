package capturetest

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// endings counts the TCP connections of a capture by how they end, from their
// flags alone.
type endings struct {
	all, reset, unanswered int
}

// connections reads how the connections of a capture end: by five-tuple, which a
// generated capture uses once.
func connections(t *testing.T, capture string) endings {
	t.Helper()
	said := make(map[flow.FiveTuple]flow.TCPFlags)
	packets(t, capture, func(p *flow.Packet) {
		if p.Tuple.Proto == flow.TCP {
			tuple, _ := p.Tuple.Canonical()
			said[tuple] |= p.Flags
		}
	})
	var e endings
	for _, flags := range said {
		e.all++
		switch {
		case flags&flow.RST != 0:
			e.reset++
		case flags&^(flow.ECE|flow.CWR) == flow.SYN:
			e.unanswered++
		}
	}
	return e
}

// Tcptrace wants as many connections as the capture has, each complete or reset if
// want.Complete (one that nobody answers stays so), nothing retransmitted or out of
// order, and as many unique bytes as bytes.
func Tcptrace(t *testing.T, capture string, want Expect) {
	t.Helper()
	path := tool(t, "tcptrace")
	e := connections(t, capture)
	if e.all == 0 {
		t.Skip("the capture has no TCP connection")
	}
	// By default tcptrace takes what follows four minutes of silence for another
	// connection; an established one may be silent for two hours (RFC 5382, REQ-5).
	command := exec.Command(path, "-l", "-n", "--endpoint_reuse_interval=7440", capture)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	report := new(traceReport)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		report.read(lines.Text())
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("tcptrace: %v", err)
	}
	for _, fault := range report.faults {
		t.Error(fault)
	}
	if report.connections != e.all {
		t.Errorf("tcptrace sees %d connections, the capture has %d", report.connections, e.all)
	}
	if incomplete := report.connections - report.complete - report.reset; want.Complete && incomplete > e.unanswered {
		t.Errorf("tcptrace: %d connections are not complete (%s), %d were never answered", incomplete, report.example, e.unanswered)
	}
	if want.Complete && report.reset != e.reset {
		t.Errorf("tcptrace calls %d connections reset, %d are", report.reset, e.reset)
	}
}

// traceReport is what matters of tcptrace's long report.
type traceReport struct {
	connections, complete, reset int
	example                      string // of an incomplete connection
	unique                       string // the last line of unique bytes
	faults                       []string
}

// zero are the counts that must be 0 on both sides.
var zero = []string{"rexmt data pkts:", "rexmt data bytes:", "outoforder pkts:", "truncated packets:"}

func (r *traceReport) read(line string) {
	line = strings.TrimSpace(line)
	fault := func() {
		if len(r.faults) < 10 {
			r.faults = append(r.faults, fmt.Sprintf("tcptrace: connection %d: %s", r.connections, line))
		}
	}
	switch rest, _ := strings.CutPrefix(line, "complete conn:"); {
	case rest != line:
		r.connections++
		switch rest = strings.TrimSpace(rest); {
		case strings.HasPrefix(rest, "yes"):
			r.complete++
		case strings.HasPrefix(rest, "RESET"):
			r.reset++
		default:
			r.example = rest
		}
	case strings.HasPrefix(line, "unique bytes sent:"):
		r.unique = strings.ReplaceAll(line, "unique bytes sent:", "")
	case strings.HasPrefix(line, "actual data bytes:"):
		if actual := strings.ReplaceAll(line, "actual data bytes:", ""); strings.Join(strings.Fields(actual), " ") != strings.Join(strings.Fields(r.unique), " ") {
			fault()
		}
	default:
		for _, key := range zero {
			if !strings.HasPrefix(line, key) {
				continue
			}
			for _, side := range strings.Split(line, key)[1:] {
				if !strings.HasPrefix(strings.TrimSpace(side), "0") {
					fault()
				}
			}
		}
	}
}

// Argus wants every TCP flow in the state FIN, or RST where it was reset, and no
// loss, if want.Complete; else no loss alone.
func Argus(t *testing.T, capture string, want Expect) {
	t.Helper()
	tool(t, "ra")
	e := connections(t, capture)
	if e.all == 0 {
		t.Skip("the capture has no TCP connection")
	}
	records := filepath.Join(t.TempDir(), "argus")
	output(t, "argus", "-S", "86400", "-r", capture, "-w", records)
	states := map[string]int{}
	for i, line := range strings.Split(output(t, "ra", "-r", records, "-n", "-c", ",", "-s", "state,loss", "-", "tcp"), "\n") {
		if line = strings.TrimSpace(line); i > 0 && line != "" {
			states[line]++
		}
	}
	t.Logf("argus: %v; of the capture %+v", states, e)
	flows := 0
	for state, n := range states {
		if flows += n; !strings.HasSuffix(state, ",0") {
			t.Errorf("argus: %d flows in state and with loss %s", n, state)
		}
	}
	if flows != e.all {
		t.Errorf("argus sees %d flows, the capture has %d connections", flows, e.all)
	}
	if fin, rst := states["FIN,0"], states["RST,0"]; want.Complete && (fin+rst+e.unanswered < flows || rst != e.reset) {
		t.Errorf("argus: %d flows FIN and %d RST of %d; want %d RST, all others FIN but %d unanswered", fin, rst, flows, e.reset, e.unanswered)
	}
}
