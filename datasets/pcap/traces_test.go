package pcap_test

import (
	"bufio"
	"errors"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// expectation is a row of expected.tsv, which capinfos and tshark made.
type expectation struct {
	file        string
	packets     int
	bytes       int64
	first, last int64
	protocols   map[string]int
}

func expectations(t testing.TB) []expectation {
	t.Helper()
	file, err := os.Open(sharedtest.Path(t, "traces", "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []expectation
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		// The header lacks a column: the file's name stands twice.
		fields := strings.Split(scanner.Text(), "\t")
		if len(fields) != 8 {
			continue
		}
		e := expectation{file: fields[0], protocols: map[string]int{}, first: nanoseconds(t, fields[5]), last: nanoseconds(t, fields[6])}
		if e.packets, err = strconv.Atoi(fields[3]); err != nil {
			t.Fatal(err)
		}
		if e.bytes, err = strconv.ParseInt(fields[4], 10, 64); err != nil {
			t.Fatal(err)
		}
		for _, word := range strings.Fields(fields[7]) {
			name, count, _ := strings.Cut(word, "=")
			if e.protocols[name], err = strconv.Atoi(count); err != nil {
				t.Fatal(err)
			}
		}
		rows = append(rows, e)
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// nanoseconds reads "seconds.fraction". A fraction of more than nine digits is what
// a damaged record claims: only its seconds are believed.
func nanoseconds(t testing.TB, text string) int64 {
	t.Helper()
	whole, fraction, _ := strings.Cut(text, ".")
	for len(fraction) < 9 {
		fraction += "0"
	}
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := strconv.ParseInt(fraction, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if rest >= 1e9 {
		rest = 0
	}
	return seconds*1e9 + rest
}

// TestTraces holds packets, bytes and times against what capinfos and tshark say.
func TestTraces(t *testing.T) {
	for _, e := range expectations(t) {
		t.Run(e.file, func(t *testing.T) {
			var packets int
			var bytes, first, last int64
			for p, err := range trace(t, e.file) {
				if err != nil && !errors.As(err, new(*pcap.DecodeError)) {
					if e.file != "fuzz-2021-10-13.pcap" { // two bytes are left behind its only packet
						t.Error(err)
					}
					continue
				}
				if p.Number != int64(packets) {
					t.Fatalf("packet %d has number %d", packets, p.Number)
				}
				if packets == 0 {
					first, last = p.Time, p.Time
				}
				packets++
				first, last = min(first, p.Time), max(last, p.Time)
				bytes += int64(p.Length)
			}
			if packets != e.packets || bytes != e.bytes || first != e.first || last != e.last {
				t.Errorf("%d packets, %d bytes, from %d to %d: want %d, %d, from %d to %d", packets, bytes, first, last, e.packets, e.bytes, e.first, e.last)
			}
		})
	}
}

// trace reads a trace from its file.
func trace(t testing.TB, name string) iter.Seq2[flow.Packet, error] {
	t.Helper()
	file, err := os.Open(sharedtest.Path(t, "traces", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return pcap.Packets(file, name)
}

// dissected are the layers that stand for a protocol of tshark's.
var dissected = map[string][]flow.LayerName{
	"null": {flow.LayerLoopback}, "vlan": {flow.LayerDot1Q, flow.LayerDot1AD}, "pppoes": {flow.LayerPPPoE}, "ppp": {flow.LayerPPP}, "llc": {flow.LayerLLC},
	"arp": {flow.LayerARP}, "ip": {flow.LayerIP}, "ipv6": {flow.LayerIPv6}, "ipv6.fraghdr": {flow.LayerIPv6Fragment}, "ipv6.hopopts": {flow.LayerIPv6HopByHop},
	"icmp": {flow.LayerICMP}, "tcp": {flow.LayerTCP}, "udp": {flow.LayerUDP},
	"dns": {flow.LayerDNS}, "ntp": {flow.LayerNTP}, "snmp": {flow.LayerSNMP}, "nbns": {flow.LayerNBNS}, "sip": {flow.LayerSIP},
	"ftp": {flow.LayerFTPRequest, flow.LayerFTPResponse}, "ftp-data": {flow.LayerFTPData}, "http": {flow.LayerHTTPRequest, flow.LayerHTTPResponse},
	"smtp": {flow.LayerSMTPRequest, flow.LayerSMTPResponse}, "pop": {flow.LayerPOPRequest, flow.LayerPOPResponse}, "imap": {flow.LayerIMAPRequest, flow.LayerIMAPResponse},
	"ssh": {flow.LayerSSH}, "telnet": {flow.LayerTelnet}, "tls": {flow.LayerTLS}, "gquic": {flow.LayerGQUIC, flow.LayerQUIC}, "quic": {flow.LayerGQUIC, flow.LayerQUIC},
	"irc": {flow.LayerIRCRequest, flow.LayerIRCResponse},
}

// differences are where we count other packets than tshark, with the reason.
// Protocols that are no layer of ours (smb, dhcp, rtp, ...) are not compared.
var differences = map[string]struct {
	ours   int
	reason string
}{
	"dns.pcap udp":                           {3, "two packets have more than six layers: VLAN, PPPoE, PPP"},
	"dns.pcap dns":                           {3, "the same two"},
	"dns.pcap vlan":                          {2, "tshark lists two tags twice"},
	"ftp.pcap ftp-data":                      {77, "tshark leaves out a segment that repeats an earlier one"},
	"fuzz-2006-06-26-2594.pcap ipv6":         {0, "one IPv4 EtherType before a header of version 6 is damage to us"},
	"fuzz-2006-06-26-2594.pcap ipv6.hopopts": {0, "the same packet"},
	"fuzz-2006-06-26-2594.pcap udp":          {522, "a first fragment has its UDP header; tshark waits for the rest"},
	"fuzz-2006-06-26-2594.pcap dns":          {305, "the same fragment"},
	"fuzz-2006-06-26-2594.pcap sip":          {59, "messages with a damaged first line that still ends in SIP/2.0"},
	"fuzz-2006-06-26-2594.pcap llc":          {2, "a damaged EtherType below 1536 is a length to us"},
	"fuzz-2006-06-26-2594.pcap ftp":          {22, "tshark leaves out repeated segments and those it reassembles"},
	"http_ipv6.pcap tls":                     {51, "segments that tshark reassembles into another"},
	"http_ipv6.pcap quic":                    {65, "three datagrams of port 443 without a version"},
	"http_ipv6.pcap gquic":                   {65, "the same"},
	"irc.pcap irc":                           {6, "tshark knows IRC by its port only, this server has 8000"},
	"snmp.pcap snmp":                         {72, "tshark's list counts eight packets twice; there are only 72"},
	"ssh.pcap ssh":                           {156, "a server on port 8000, which tshark does not look for"},
	"telnet.pcap telnet":                     {47, "tshark leaves out a retransmission"},
}

// TestTraceProtocols counts each protocol's packets.
func TestTraceProtocols(t *testing.T) {
	used := 0
	for _, e := range expectations(t) {
		counts := map[flow.LayerName]int{}
		var assembler flow.Assembler
		for p := range assembler.Label(trace(t, e.file)) {
			for i := range p.Layers.Count() {
				if name := p.Layers[i].Name; !slices.ContainsFunc(p.Layers[:i], func(l flow.Layer) bool { return l.Name == name }) {
					counts[name]++
				}
			}
		}
		for protocol, names := range dissected {
			got, want := counts[names[0]], e.protocols[protocol]
			for _, name := range names[1:] {
				got += counts[name]
			}
			if protocol == "quic" || protocol == "gquic" { // two names of one protocol
				want = e.protocols["quic"] + e.protocols["gquic"]
			}
			if d, ok := differences[e.file+" "+protocol]; ok {
				used++
				want = d.ours
			}
			if got != want {
				t.Errorf("%s %s: %d packets, tshark has %d", e.file, protocol, got, want)
			}
		}
	}
	if used != len(differences) {
		t.Errorf("%d of %d differences were met", used, len(differences))
	}
}
