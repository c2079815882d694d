package payload_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// recordMost is the length of the longest TLS record: header and 2^14 bytes.
const recordMost = 5 + 1<<14

// writeFlows frames flows into a capture file.
func writeFlows(t *testing.T, flows []*flow.Flow) string {
	t.Helper()
	framer, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(7, 8))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "out.pcap")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pcap.NewWriter(file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for frame, err := range framer.Frames(flowtest.Sequence(flows)) {
		if err := errors.Join(err, w.Write(frame.Packet.Time, frame.Bytes)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

// Whatever the sizes, the dissector of each application has nothing to complain about.
func TestPayloadsDissect(t *testing.T) {
	var flows []*flow.Flow
	for _, c := range []struct {
		application flow.Application
		proto       uint8
		smallest    int // below this no valid message exists
	}{
		{flow.HTTP, flow.TCP, 1}, {flow.SMTP, flow.TCP, 1}, {flow.DNS, flow.UDP, 19}, {flow.DNS, flow.TCP, 21}, {flow.SNMP, flow.UDP, 36},
		{flow.NTP, flow.UDP, 12}, {flow.Unknown, flow.UDP, 1}, {flow.Unknown, flow.TCP, 1}, {flow.Telnet, flow.TCP, 1}, {flow.FTP, flow.TCP, 1},
		{flow.FTPData, flow.TCP, 1}, {flow.IRC, flow.TCP, 1}, {flow.POP, flow.TCP, 1}, {flow.IMAP, flow.TCP, 1}, {flow.Finger, flow.TCP, 1},
		{flow.SSH, flow.TCP, 1}, {flow.TLS, flow.TCP, 6}, {flow.QUIC, flow.UDP, 3}, {flow.SIP, flow.UDP, 1}, {flow.Time, flow.TCP, 4},
		{flow.NetBIOS, flow.UDP, 50},
	} {
		r := rand.New(rand.NewPCG(uint64(c.application), uint64(c.proto)))
		for range 150 {
			flows = append(flows, flowtest.Talk(int64(len(flows)), c.application, c.proto, c.smallest, r))
		}
	}
	for size := range int32(100) { // turns that end about the ends of records
		f := flowtest.Plain(int64(len(flows)), flowtest.Epoch, 20)
		f.Application = flow.TLS
		for i := range f.Packets {
			if p := &f.Packets[i]; p.PayloadLength > 0 {
				p.PayloadLength = (size%3+1)*(recordMost) + size - 50
			}
		}
		flows = append(flows, f)
	}
	name := writeFlows(t, flows)
	capturetest.Tshark(t, name, capturetest.Expect{})
}

// The dissectors take what is meant for them: tshark's protocol chain of a frame
// with payload names the application.
func TestPayloadsAreNamed(t *testing.T) {
	tool, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	for _, c := range []struct {
		application flow.Application
		proto       uint8
		smallest    int
		name        string
	}{
		{flow.DNS, flow.UDP, 19, "dns"}, {flow.SNMP, flow.UDP, 36, "snmp"}, {flow.NTP, flow.UDP, 12, "ntp"}, {flow.QUIC, flow.UDP, 18, "gquic"},
		{flow.HTTP, flow.TCP, 40, "http"}, {flow.SMTP, flow.TCP, 40, "smtp"},
		{flow.Unknown, flow.UDP, 1, "udp:data"}, {flow.Unknown, flow.TCP, 1, "tcp:data"}, // no dissector takes what is of nobody
	} {
		r := rand.New(rand.NewPCG(uint64(c.application), 6))
		var flows []*flow.Flow
		for i := range 100 {
			flows = append(flows, flowtest.Talk(int64(i), c.application, c.proto, c.smallest, r))
		}
		name := writeFlows(t, flows)
		filter := "udp"
		if c.proto == flow.TCP {
			filter = "tcp.len > 0 && tcp.flags.push == 1"
		}
		out, err := exec.Command(tool, "-r", name, "-Y", filter, "-T", "fields", "-e", "frame.protocols", "-e", "frame.len").Output()
		if err != nil {
			t.Fatal(err)
		}
		named, all := 0, 0
		for line := range strings.Lines(string(out)) {
			all++
			if strings.Contains(line, ":"+c.name) {
				named++
			}
		}
		t.Logf("%v: %d of %d frames with payload are dissected as %s", c.application, named, all, c.name)
		if all == 0 || c.proto == flow.UDP && named != all || named*10 < all*5 {
			t.Errorf("%v: tshark names %d of %d frames %s", c.application, named, all, c.name)
		}
	}
}
