package tool

import (
	"bufio"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/sharedtest"
)

// TestKnownCounts: in each shared trace tshark finds each protocol as often as the table
// beside the traces has it, a protocol that a packet has twice counted twice.
func TestKnownCounts(t *testing.T) {
	if Choice("tshark").Versions()["tshark"] == "" {
		t.Skip("tshark is not installed")
	}
	in := bufio.NewScanner(sharedtest.Open(t, "traces", "expected.tsv"))
	in.Scan() // the names of the columns
	checked := 0
	for in.Scan() {
		columns := strings.Split(in.Text(), "\t")
		frames, err := strconv.Atoi(columns[3])
		if err != nil {
			t.Fatal(err)
		}
		j := &job{dir: t.TempDir(), limit: DefaultLimit, capture: &capture{path: sharedtest.Path(t, "traces", columns[0]), flowOf: make([]int, frames), flows: 1}}
		found, err := tshark.look(t.Context(), j)
		if columns[0] == "fuzz-2021-10-13.pcap" {
			if err == nil || !strings.Contains(err.Error(), "cut short in the middle of a packet") || strings.Contains(err.Error(), "root") {
				t.Errorf("%s: error %v: want that it is cut", columns[0], err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", columns[0], err)
			continue
		}
		for _, known := range strings.Fields(columns[7]) {
			protocol, text, _ := strings.Cut(known, "=")
			want, _ := strconv.ParseFloat(text, 64)
			got := 0.0
			for layers, n := range found["protocols TV"][0] {
				for layer := range strings.SplitSeq(layers, ":") {
					if layer == protocol {
						got += n
					}
				}
			}
			if checked++; got != want {
				t.Errorf("%s: %v packets of %s, want %v", columns[0], got, protocol, want)
			}
		}
	}
	if checked < 50 {
		t.Errorf("%d counts were compared: want more", checked)
	}
}

// TestKnownStates: tcptrace, argus and ndpiReader see as many connections and flows in
// shared traces as tshark: tshark -r FILE -T fields -e tcp.stream tcp | sort -u | wc -l, and
// the same of udp. What they say of them was looked up in Wireshark.
func TestKnownStates(t *testing.T) {
	for _, test := range []struct {
		trace string
		p     *program
		view  string
		want  Row
	}{
		{"ftp.pcap", tcptrace, "connection states TV", Row{"yes": 2, "no (SYNs: 2) (FINs: 0)": 1}},
		{"ftp.pcap", argus, "states TV", Row{"tcp FIN": 2, "tcp CON": 1}},
		{"ftp.pcap", ndpiReader, "labels TV", Row{"FTP_CONTROL": 1, "FTP_DATA": 1, "Unknown": 1}},
		{"pop3.pcap", tcptrace, "connection states TV", Row{"yes": 6}},
		{"pop3.pcap", argus, "states TV", Row{"tcp FIN": 6}},
		{"pop3.pcap", ndpiReader, "labels TV", Row{"POP3": 6}},
		{"ssh.pcap", tcptrace, "connection states TV", Row{"yes": 1, "no (SYNs: 2) (FINs: 0)": 1}},
		{"sip.pcap", ndpiReader, "labels TV", Row{"SIP": 2, "RTP": 1, "RTCP": 1}},
		{"sip.pcap", tcptrace, "connection states TV", nil},
	} {
		t.Run(test.trace+", "+test.p.name, func(t *testing.T) {
			if s := test.p.status(); s.Version == "" {
				t.Skip(s.Reason)
			}
			found, err := test.p.look(t.Context(), &job{dir: t.TempDir(), limit: DefaultLimit, capture: &capture{path: sharedtest.Path(t, "traces", test.trace)}})
			if err != nil {
				t.Fatal(err)
			}
			sums := Row{}
			for _, row := range found[test.view] {
				for label, n := range row {
					sums[label] += n
				}
			}
			if !maps.Equal(sums, test.want) {
				t.Errorf("%v, want %v", sums, test.want)
			}
		})
	}
}
