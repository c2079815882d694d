package wire

import (
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/wire/wiretest"
)

// talkFlow is a conversation in turns: payloads of random sizes, at least
// smallest bytes, long ones in several segments.
func talkFlow(id int64, a flow.Application, proto uint8, smallest int, r *rand.Rand) *flow.Flow {
	f := &flow.Flow{ID: id, Application: a, Tuple: flow.FiveTuple{Proto: proto}}
	at := epoch + r.Int64N(10e9)
	add := func(dir flow.Direction, flags flow.TCPFlags, header, payload int32) {
		f.Packets = append(f.Packets, flow.Packet{Time: at, Direction: dir, Flags: flags, HeaderLength: header, PayloadLength: payload})
		at += 1 + r.Int64N(3e6)
	}
	if proto == flow.TCP {
		add(flow.Forward, flow.SYN, 74, 0)
		add(flow.Backward, flow.SYN|flow.ACK, 74, 0)
		add(flow.Forward, flow.ACK, 66, 0)
	}
	dir := flow.Forward
	if a == flow.SMTP {
		dir = flow.Backward
	}
	for range 2 + r.IntN(8) {
		size := smallest + r.IntN([]int{1, 20, 200, 1200}[r.IntN(4)])
		if proto == flow.UDP {
			add(dir, 0, 42, int32(size))
		} else {
			if r.IntN(3) == 0 {
				size *= 5
			}
			for size > 0 {
				piece := min(size, 1448)
				size -= piece
				add(dir, flow.ACK|flow.PSH, 66, int32(piece))
				if r.IntN(2) == 0 {
					add(1-dir, flow.ACK, 66, 0)
				}
			}
		}
		dir = 1 - dir
	}
	if proto == flow.TCP {
		add(flow.Forward, flow.FIN|flow.ACK, 66, 0)
		add(flow.Backward, flow.FIN|flow.ACK, 66, 0)
		add(flow.Forward, flow.ACK, 66, 0)
	}
	return f
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
		{flow.SSH, flow.TCP, 1}, {flow.TLS, flow.TCP, tlsRecord + 1}, {flow.QUIC, flow.UDP, 1}, {flow.SIP, flow.UDP, 1}, {flow.Time, flow.TCP, 4},
		{flow.NetBIOS, flow.UDP, 50},
	} {
		r := rand.New(rand.NewPCG(uint64(c.application), uint64(c.proto)))
		for range 150 {
			flows = append(flows, talkFlow(int64(len(flows)), c.application, c.proto, c.smallest, r))
		}
	}
	for size := range int32(100) { // turns that end about the ends of records
		f := plainFlow(int64(len(flows)), epoch, 20)
		f.Application = flow.TLS
		for i := range f.Packets {
			if p := &f.Packets[i]; p.PayloadLength > 0 {
				p.PayloadLength = (size%3+1)*(tlsRecord+tlsRecordMost) + size - 50
			}
		}
		flows = append(flows, f)
	}
	name, _ := writeFile(t, newTestFramer(t, nil, Options{}), flows)
	wiretest.Tshark(t, name, wiretest.Expect{})
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
		{flow.DNS, flow.UDP, 19, "dns"}, {flow.SNMP, flow.UDP, 36, "snmp"}, {flow.NTP, flow.UDP, 12, "ntp"},
		{flow.HTTP, flow.TCP, 40, "http"}, {flow.SMTP, flow.TCP, 40, "smtp"},
	} {
		r := rand.New(rand.NewPCG(uint64(c.application), 6))
		var flows []*flow.Flow
		for i := range 100 {
			flows = append(flows, talkFlow(int64(i), c.application, c.proto, c.smallest, r))
		}
		name, _ := writeFile(t, newTestFramer(t, nil, Options{}), flows)
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
