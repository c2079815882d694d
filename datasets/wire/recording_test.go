package wire

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/testbed"
)

// recording is a capture as a file.
func recording(t *testing.T, open func() (io.ReadCloser, error)) string {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "recording.pcap")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The embedded captures, framed again from the shapes of their flows: nothing of
// the original in them, nothing that a tool objects to.
func TestRecordings(t *testing.T) {
	for _, c := range []struct {
		name  string
		open  func() (io.ReadCloser, error)
		named []string // as nDPI calls the applications
	}{
		{"office", testbed.Open, []string{"HTTP", "SMTP", "DNS", "SNMP"}},
		{"services", testbed.OpenServices, []string{"FTP_CONTROL", "FTP_DATA", "NTP", "POP3", "SSH", "Telnet", "SIP", "TLS", "IRC"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			original, seen := recording(t, c.open), newTraining()
			flows := readTraces(t, original, seen)
			plan, err := FitPlan(flows)
			if err != nil {
				t.Fatal(err)
			}
			f := newTestFramer(t, plan, Options{Complete: true})
			name, n := writeFile(t, f, withoutTuples(flows))
			t.Logf("%d flows, %d frames, at most %d open, repairs %v", len(flows), n, f.Peak(), f.Repairs())
			t.Run("anonymity", func(t *testing.T) { checkAnonymity(t, name, seen) })
			t.Run("tshark", func(t *testing.T) { checkExpert(t, tsharkExpert(t, name)) })
			t.Run("capinfos", func(t *testing.T) { checkCapinfos(t, name, n) })
			t.Run("tcptrace", func(t *testing.T) { checkTcptrace(t, name, 0) })
			t.Run("argus", func(t *testing.T) { checkArgus(t, name) })
			t.Run("ndpiReader", func(t *testing.T) { checkNDPI(t, original, name, c.named) })
		})
	}
}

func checkCapinfos(t *testing.T, name string, packets int64) {
	t.Helper()
	tool, err := exec.LookPath("capinfos")
	if err != nil {
		t.Skip("capinfos is not installed")
	}
	out, err := exec.Command(tool, "-TrMEco", name).CombinedOutput()
	if err != nil {
		t.Fatalf("capinfos: %v: %s", err, out)
	}
	if want := "\tether\t" + strconv.FormatInt(packets, 10) + "\tTrue"; !strings.Contains(string(out), want) {
		t.Errorf("capinfos says %q, want Ethernet, %d packets, in order of time", out, packets)
	}
}

// checkArgus wants every TCP flow closed and no loss.
func checkArgus(t *testing.T, name string) {
	t.Helper()
	argus, err := exec.LookPath("argus")
	if err != nil {
		t.Skip("argus is not installed")
	}
	ra, err := exec.LookPath("ra")
	if err != nil {
		t.Skip("ra (argus-client) is not installed")
	}
	records := filepath.Join(t.TempDir(), "argus")
	if out, err := exec.Command(argus, "-S", "86400", "-r", name, "-w", records).CombinedOutput(); err != nil {
		t.Fatalf("argus: %v: %s", err, out)
	}
	out, err := exec.Command(ra, "-r", records, "-n", "-c", ",", "-s", "state,loss", "-", "tcp").Output()
	if err != nil {
		t.Fatalf("ra: %v", err)
	}
	states := map[string]int{}
	for line := range strings.Lines(string(out)) {
		states[strings.TrimSpace(line)]++
	}
	delete(states, "State,Loss")
	t.Logf("argus: %v", states)
	if states["FIN,0"] == 0 || len(states) > 2 || len(states) == 2 && states["RST,0"] == 0 {
		t.Errorf("argus has states and losses %v, want FIN,0 and RST,0 alone", states)
	}
}

// ndpiFlows is how many flows ndpiReader gives each protocol.
func ndpiFlows(t *testing.T, name string) map[string]int {
	t.Helper()
	tool, err := exec.LookPath("ndpiReader")
	if err != nil {
		t.Skip("ndpiReader is not installed")
	}
	out, err := exec.Command(tool, "-i", name).Output()
	if err != nil {
		t.Fatalf("ndpiReader: %v", err)
	}
	flows := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) +packets: .*flows: (\d+)`).FindAllStringSubmatch(string(out), -1) {
		flows[m[1]], _ = strconv.Atoi(m[2])
	}
	return flows
}

// checkNDPI wants at least 95 % of what ndpiReader names in the original to be
// named in what was made of it.
func checkNDPI(t *testing.T, original, name string, named []string) {
	t.Helper()
	want, got := ndpiFlows(t, original), ndpiFlows(t, name)
	t.Logf("ndpiReader: %v, original %v", got, want)
	for _, protocol := range named {
		if want[protocol] == 0 || got[protocol]*100 < want[protocol]*95 {
			t.Errorf("ndpiReader names %d flows %s, %d in the original", got[protocol], protocol, want[protocol])
		}
	}
}
