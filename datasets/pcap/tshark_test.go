package pcap_test

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// tshark runs Wireshark's dissector over a capture and returns a row of fields a
// packet; the first occurrence of each.
func tshark(t *testing.T, path string, fields ...string) [][]string {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	args := []string{"-n", "-r", path, "-T", "fields", "-E", "occurrence=f", "-o", "tcp.desegment_tcp_streams:FALSE",
		"-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
		"--disable-protocol", "snmp", "--disable-protocol", "sip"}
	for _, field := range fields {
		args = append(args, "-e", field)
	}
	var out, log bytes.Buffer
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil && out.Len() == 0 {
		t.Fatalf("tshark: %v\n%s", err, log.String())
	}
	var rows [][]string
	for line := range strings.Lines(out.String()) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

// capture is a file that both read.
type capture struct{ name, path string }

// captures are the traces, and the embedded capture as a file.
func captures(t *testing.T) []capture {
	t.Helper()
	path := filepath.Join(t.TempDir(), "office.pcap")
	embedded, err := testbed.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Close()
	data, err := io.ReadAll(embedded)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	list := []capture{{testbed.Name, path}}
	traces, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "traces", "*.pcap*")) // none: the embedded capture alone
	for _, path := range traces {
		list = append(list, capture{filepath.Base(path), path})
	}
	return list
}

func (c capture) packets(t *testing.T) iter.Seq2[flow.Packet, error] {
	t.Helper()
	file, err := os.Open(c.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return pcap.Packets(file, c.name)
}

// headerFields are the names of what headerChecks asks for.
func headerFields() []string {
	return []string{"frame.len", "frame.cap_len", "frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "ip.ttl", "ipv6.hlim",
		"tcp.srcport", "tcp.dstport", "tcp.len", "tcp.hdr_len", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.window_size_value", "tcp.options.mss_val",
		"udp.srcport", "udp.dstport", "udp.length", "eth.src", "eth.dst", "ip.hdr_len", "ip.len", "tcp.stream", "udp.stream",
		"ip.id", "ip.flags.df", "tcp.options.timestamp.tsval"}
}

// TestAgainstTshark compares each header field of each good packet, and our flows
// of TCP and UDP with tshark's streams, packet by packet. Tshark has no time-out,
// and its dissectors of SNMP and SIP, which are off here, join and split streams.
func TestAgainstTshark(t *testing.T) {
	fields := headerFields()
	compared, streams := 0, 0
	for _, c := range captures(t) {
		rows := tshark(t, c.path, fields...)
		ours, theirs := map[string]int64{}, map[int64]string{}
		for p, err := range (&flow.Assembler{IdleTimeout: 1 << 62}).Label(c.packets(t)) {
			if err != nil || int(p.Number) >= len(rows) {
				continue
			}
			field := func(name string) string { return rows[p.Number][slices.Index(fields, name)] }
			for _, bad := range headerChecks(t, &p, field) {
				t.Errorf("%s: frame %d: %s", c.name, p.Number+1, bad)
			}
			compared++
			stream := "tcp " + field("tcp.stream")
			if p.Tuple.Proto == flow.UDP {
				stream = "udp " + field("udp.stream")
			}
			if p.Fragment || len(stream) == len("tcp ") {
				continue
			}
			if id, known := ours[stream]; known && id != p.FlowID {
				t.Errorf("%s: frame %d: %s is flow %d and %d", c.name, p.Number+1, stream, id, p.FlowID)
			}
			if other, known := theirs[p.FlowID]; known && other != stream {
				t.Errorf("%s: frame %d: flow %d is %s and %s", c.name, p.Number+1, p.FlowID, other, stream)
			}
			ours[stream], theirs[p.FlowID] = p.FlowID, stream
		}
		streams += len(ours)
	}
	if compared < 80000 || streams < 3000 {
		t.Errorf("only %d packets and %d streams were compared", compared, streams)
	}
}

// headerChecks lists the fields that differ.
func headerChecks(t *testing.T, p *flow.Packet, field func(string) string) (bad []string) {
	check := func(name, want string, got any) {
		if fmt.Sprint(got) != want {
			bad = append(bad, fmt.Sprintf("%s is %v, tshark says %q", name, got, want))
		}
	}
	check("length", field("frame.len"), p.Length)
	check("captured", field("frame.cap_len"), p.Captured)
	if got := nanoseconds(t, field("frame.time_epoch")); got != p.Time {
		check("time", field("frame.time_epoch"), p.Time)
	}
	if first := p.Layers[0].Name; first == flow.LayerEther || first == flow.LayerDot3 {
		check("source MAC", field("eth.src"), mac(p.SrcMAC))
		check("destination MAC", field("eth.dst"), mac(p.DstMAC))
	}
	if p.Tuple.Proto == 0 {
		return bad
	}
	version := "ip"
	hops := "ip.ttl"
	if p.Tuple.Src.Addr().Is6() {
		version, hops = "ipv6", "ipv6.hlim"
	}
	check("source", field(version+".src"), p.Tuple.Src.Addr())
	check("destination", field(version+".dst"), p.Tuple.Dst.Addr())
	check("ttl", field(hops), p.TTL)
	if version == "ip" {
		check("identification", field("ip.id"), fmt.Sprintf("0x%04x", p.ID))
		check("do not fragment", field("ip.flags.df"), map[bool]int{true: 1}[p.DontFragment])
	}
	if p.Tuple.Src == (netip.AddrPort{}) || p.Tuple.Src.Port()|p.Tuple.Dst.Port() == 0 {
		return bad
	}
	switch p.Tuple.Proto {
	case flow.TCP:
		check("source port", field("tcp.srcport"), p.Tuple.Src.Port())
		check("destination port", field("tcp.dstport"), p.Tuple.Dst.Port())
		if field("tcp.len") != "" { // tshark gives none for a fragment
			check("payload", field("tcp.len"), p.PayloadLength)
		}
		if p.Fragment && field("tcp.seq_raw") == "" {
			return bad // a first fragment with the ports alone
		}
		flags, _ := strconv.ParseUint(field("tcp.flags"), 0, 16) // tshark adds four reserved bits
		check("flags", fmt.Sprintf("%#x", uint8(flags)), fmt.Sprintf("%#x", uint8(p.Flags)))
		check("seq", field("tcp.seq_raw"), p.Seq)
		check("ack", field("tcp.ack_raw"), p.Ack)
		check("window", field("tcp.window_size_value"), p.Window)
		if want := field("tcp.options.mss_val"); want != "" || p.MSS != 0 {
			check("mss", want, p.MSS)
		}
		if want := field("tcp.options.timestamp.tsval"); want != "" || p.Options.Has(flow.OptionTimestamps) {
			check("timestamp", want, p.Stamp)
		}
		if version == "ip" && p.Layers[1].Name == flow.LayerIP && p.Layers[0].Name == flow.LayerEther {
			tcp, _ := strconv.Atoi(field("tcp.hdr_len"))
			ip, _ := strconv.Atoi(field("ip.hdr_len"))
			check("header", strconv.Itoa(14+ip+tcp), p.HeaderLength)
		}
	case flow.UDP:
		check("source port", field("udp.srcport"), p.Tuple.Src.Port())
		check("destination port", field("udp.dstport"), p.Tuple.Dst.Port())
		length, _ := strconv.Atoi(field("udp.length"))
		total, _ := strconv.Atoi(field("ip.len"))
		header, _ := strconv.Atoi(field("ip.hdr_len"))
		if !p.Fragment && length > 0 && (version == "ipv6" || length <= total-header) { // a longer one is damaged: the IP header rules
			check("payload", field("udp.length"), p.PayloadLength+8)
		}
	}
	return bad
}

func mac(m flow.MAC) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// TestLinksAgainstTshark: the rows of TestLinks and TestHeaders as one pcapng with
// an interface for each link layer.
func TestLinksAgainstTshark(t *testing.T) {
	file := le().section()
	ports := map[uint32]uint32{}
	type frame struct {
		name string
		link uint32
		data []byte
	}
	var frames []frame
	for _, row := range linkRows {
		frames = append(frames, frame{row.name, row.link, unhex(t, row.frame)})
	}
	for _, row := range headerRows {
		if !row.damaged {
			frames = append(frames, frame{row.name, 101, unhex(t, row.frame)})
		}
	}
	for _, f := range frames {
		if _, known := ports[f.link]; !known {
			ports[f.link] = uint32(len(ports))
			file.port(uint16(f.link))
		}
	}
	for i, f := range frames {
		file.enhanced(ports[f.link], uint64(i)*1e6, f.data)
	}
	path := filepath.Join(t.TempDir(), "links.pcapng")
	if err := os.WriteFile(path, file.data, 0o600); err != nil {
		t.Fatal(err)
	}
	fields := headerFields()
	rows := tshark(t, path, fields...)
	if len(rows) != len(frames) {
		t.Fatalf("tshark reads %d frames of %d", len(rows), len(frames))
	}
	for p, err := range (capture{"links", path}).packets(t) {
		if err != nil {
			t.Fatal(err)
		}
		f := frames[p.Number]
		for _, bad := range headerChecks(t, &p, func(field string) string { return rows[p.Number][slices.Index(fields, field)] }) {
			t.Errorf("%s: %s", f.name, bad)
		}
	}
}
