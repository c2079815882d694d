package wire

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// tracesFolder is ../shared/traces beside the repository; the test is skipped
// where it is missing.
func tracesFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	folder := filepath.Join(dir, "..", "shared", "traces")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("../shared/traces is not there")
	}
	return folder
}

// training is what the anonymity test searches for.
type training struct {
	addresses map[netip.Addr]bool
	macs      map[flow.MAC]bool
	runs      map[[16]byte]bool // every 16 bytes in a row of every payload
}

func (tr *training) add(p *flow.Packet) {
	for _, a := range []netip.Addr{p.Tuple.Src.Addr(), p.Tuple.Dst.Addr()} {
		if a.IsValid() {
			tr.addresses[a.Unmap()] = true
		}
	}
	tr.macs[p.SrcMAC], tr.macs[p.DstMAC] = true, true
	for i := 0; i+16 <= len(p.Payload); i++ {
		tr.runs[[16]byte(p.Payload[i:])] = true
	}
}

// readTraces gives the flows of a capture, with what they must not be
// recognised by.
func readTraces(t *testing.T, name string) ([]*flow.Flow, *training) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	seen := &training{addresses: map[netip.Addr]bool{}, macs: map[flow.MAC]bool{}, runs: map[[16]byte]bool{}}
	packets := func(yield func(flow.Packet, error) bool) {
		for p, err := range pcap.Packets(bytes.NewReader(data), name) {
			if err == nil {
				seen.add(&p)
				p.Payload = nil
			}
			if !yield(p, err) {
				return
			}
		}
	}
	var assembler flow.Assembler
	flows, _, err := flow.Collect(assembler.Flows(packets))
	if err != nil && len(flows) > 0 {
		t.Logf("%s: %v", name, err)
	}
	return slices.DeleteFunc(flows, func(f *flow.Flow) bool {
		return f.Tuple.Proto != flow.TCP && f.Tuple.Proto != flow.UDP
	}), seen
}

// withoutTuples is what a generator gives: shapes, and no addresses.
func withoutTuples(flows []*flow.Flow) []*flow.Flow {
	out := make([]*flow.Flow, len(flows))
	for i, f := range flows {
		bare := &flow.Flow{ID: f.ID, Application: f.Application, Tuple: flow.FiveTuple{Proto: f.Tuple.Proto}}
		for _, p := range f.Packets {
			bare.Packets = append(bare.Packets, flow.Packet{
				Time: p.Time, Direction: p.Direction, Flags: p.Flags, HeaderLength: p.HeaderLength, PayloadLength: p.PayloadLength,
			})
		}
		out[i] = bare
	}
	return out
}

// Every capture of the folder, framed again from the shapes of its flows alone,
// has no error, no sequence warning, and nothing of the original.
func TestTraces(t *testing.T) {
	folder := tracesFolder(t)
	names, err := filepath.Glob(filepath.Join(folder, "*.pcap*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			flows, seen := readTraces(t, name)
			if len(flows) == 0 {
				t.Skip("no TCP or UDP flow")
			}
			plan, err := FitPlan(flows)
			if err != nil {
				t.Fatal(err)
			}
			f := newTestFramer(t, plan, Options{})
			out, n := writeFile(t, f, withoutTuples(flows))
			t.Logf("%d flows, %d frames, repairs %v", len(flows), n, f.Repairs())
			checkAnonymity(t, out, seen)
			lines := tsharkExpert(t, out)
			if strings.Contains(name, "fuzz") { // sizes that no message of the port's protocol has
				lines = slices.DeleteFunc(lines, func(l expertLine) bool { return l.group != "Sequence" && l.group != "Checksum" })
			}
			checkExpert(t, lines)
		})
	}
}

// checkAnonymity searches the bytes of every frame.
func checkAnonymity(t *testing.T, name string, seen *training) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	written, count := &training{addresses: map[netip.Addr]bool{}, macs: map[flow.MAC]bool{}, runs: map[[16]byte]bool{}}, 0
	for p, err := range pcap.Packets(bytes.NewReader(data), name) {
		if err != nil {
			t.Fatal(err)
		}
		written.add(&p)
		count++
	}
	if count == 0 {
		t.Fatal("no frames")
	}
	for a := range written.addresses {
		if seen.addresses[a] {
			t.Errorf("address %v is of the original", a)
		}
	}
	for m := range written.macs {
		if seen.macs[m] {
			t.Errorf("MAC %v is of the original", m)
		}
	}
	for run := range written.runs {
		if seen.runs[run] {
			t.Errorf("payload bytes %q are of the original", run)
		}
	}
}

// tcptrace sees every completed connection complete, and nothing that was sent twice.
func TestTracesTcptrace(t *testing.T) {
	tool, err := exec.LookPath("tcptrace")
	if err != nil {
		t.Skip("tcptrace is not installed")
	}
	folder := tracesFolder(t)
	for _, trace := range []string{"smtp.pcap", "ftp.pcap", "pop3.pcap", "imap.pcap", "irc.pcap", "ssh.pcap", "telnet.pcap", "http.pcapng"} {
		flows, _ := readTraces(t, filepath.Join(folder, trace))
		plan, err := FitPlan(flows)
		if err != nil {
			t.Fatal(err)
		}
		out, _ := writeFile(t, newTestFramer(t, plan, Options{Complete: true}), withoutTuples(flows))
		checkTcptrace(t, tool, out)
	}
}

func checkTcptrace(t *testing.T, tool, name string) {
	t.Helper()
	out, err := exec.Command(tool, "-l", "-n", name).CombinedOutput()
	if err != nil {
		t.Fatalf("tcptrace: %v: %s", err, out)
	}
	connections := 0
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "complete conn:"); ok {
			connections++
			if rest = strings.TrimSpace(rest); !strings.HasPrefix(rest, "yes") && !strings.HasPrefix(rest, "RESET") {
				t.Errorf("tcptrace: complete conn: %s", rest)
			}
		}
		for _, key := range []string{"rexmt data pkts:", "rexmt data bytes:", "outoforder pkts:", "dup acks:"} {
			if at := strings.Index(line, key); at >= 0 {
				for _, side := range strings.Split(line[at:], key)[1:] {
					if n := strings.TrimSpace(side); !strings.HasPrefix(n, "0") {
						t.Errorf("tcptrace: %s", line)
					}
				}
			}
		}
	}
	if connections == 0 {
		t.Errorf("tcptrace sees no connection: %s", out)
	}
}
