package tool

import (
	"reflect"
	"strings"
	"testing"
)

// TestParse reads outputs as the programs print them, shortened, and malformed ones.
func TestParse(t *testing.T) {
	one := func(parse func(text string) ([]Row, error)) func(string) ([][]Row, error) {
		return func(text string) ([][]Row, error) {
			rows, err := parse(text)
			return [][]Row{rows}, err
		}
	}
	tcptrace := one(func(text string) ([]Row, error) { return parseTcptrace(strings.NewReader(text)) })
	argus := one(func(text string) ([]Row, error) { return parseArgus(strings.NewReader(text)) })
	ndpi := func(text string) ([][]Row, error) {
		labels, risks, err := parseNDPI(strings.NewReader(text))
		return [][]Row{labels, risks}, err
	}
	nfstream := func(text string) ([][]Row, error) {
		values, applications, err := parseNfstream(strings.NewReader(text))
		return [][]Row{values, applications}, err
	}
	zeek := func(text string) ([][]Row, error) {
		states, services, err := parseZeek(strings.NewReader(text))
		return [][]Row{states, services}, err
	}
	suricata := func(text string) ([][]Row, error) {
		states, applications, err := parseSuricata(strings.NewReader(text))
		return [][]Row{states, applications}, err
	}
	for _, test := range []struct {
		name  string
		parse func(string) ([][]Row, error)
		in    string
		want  [][]Row
		err   string
	}{
		// tcptrace 6.6.7: tcptrace -l -n FILE
		{"tcptrace", tcptrace, "TCP connection info:\n3 TCP connections traced:\nTCP connection 1:\n\thost a:        10.77.56.4:53436\n\tcomplete conn: yes\n================================\n" +
			"TCP connection 2:\n\tcomplete conn: RESET\t(SYNs: 2)  (FINs: 1)\nTCP connection 3:\n\tcomplete conn: no\t(SYNs: 1)  (FINs: 0)\n",
			[][]Row{{{"yes": 1}, {"RESET (SYNs: 2) (FINs: 1)": 1}, {"no (SYNs: 1) (FINs: 0)": 1}}}, ""},
		{"tcptrace without TCP", tcptrace, "no traced TCP packets\n", [][]Row{nil}, ""},
		{"tcptrace, cut", tcptrace, "TCP connection 1:\n\thost a:        10.77.56.4:53436\n", nil, "1 connections and the states of 0"},
		// argus 3.0.8.2: ra -n -c , -s proto,state
		{"argus", argus, "Proto,State\nman,STA\ntcp,FIN\nudp,CON\nipv6-icmp,NNS\nman,STP\n", [][]Row{{{"tcp FIN": 1}, {"udp CON": 1}, {"ipv6-icmp NNS": 1}}}, ""},
		{"argus without flows", argus, "Proto,State\nman,STA\nman,STP\n", [][]Row{nil}, ""},
		{"argus, another list", argus, "Proto,State,Dur\n", nil, "line 1 of ra"},
		// ndpiReader 4.2.0: ndpiReader -v 2
		{"ndpiReader", ndpi, "Detected protocols:\n\tHTTP                 packets: 74636         bytes: 49538243      flows: 1692\n" +
			"\t4\tTCP 198.18.7.1:33065 <-> 198.18.0.1:80 [proto: 7/HTTP][ClearText][Confidence: DPI][cat: Web/5][Hostname/SNI: x.test][Risk: ** Suspicious DGA Domain name **** HTTP Suspicious Header **][Risk Score: 200]\n" +
			"\t701\tUDP [fd77::1:a]:58368 <-> [fd77::2:35]:53 [proto: 5.126/DNS.Google][ClearText]\n\t9\tUDP 10.0.0.1:1 -> 10.0.0.2:2 [proto: 0/Unknown][ClearText]\n",
			[][]Row{{{"HTTP": 1}, {"DNS.Google": 1}, {"Unknown": 1}}, {{"HTTP Suspicious Header + Suspicious DGA Domain name": 1}, {"none": 1}, {"none": 1}}}, ""},
		{"ndpiReader without flows", ndpi, "Traffic statistics:\n", [][]Row{nil, nil}, ""},
		{"ndpiReader without a label", ndpi, "\t4\tTCP 198.18.7.1:33065 <-> 198.18.0.1:80 [HTTP]\n", nil, "line 1 of ndpiReader has a flow without a label"},
		{"nfstream", nfstream, `{"application": "HTTP", "features": {"bidirectional_packets": 12, "src2dst_mean_ps": 116.5}}` + "\n",
			[][]Row{{{"bidirectional_packets": 12, "src2dst_mean_ps": 116.5}}, {{"HTTP": 1}}}, ""},
		{"nfstream, a trace", nfstream, "Traceback (most recent call last):\n", nil, "line 1 of nfstream is no flow"},
		{"nfstream without features", nfstream, `{"application": "HTTP"}` + "\n", nil, "line 1 of nfstream is no flow"},
		// As https://docs.zeek.org/en/master/log-formats.html shows conn.log in JSON.
		{"zeek", zeek, `{"ts":1591367999.305988,"uid":"CMdzit1AMNsmfAIiQc","id.orig_h":"192.168.4.76","id.orig_p":36844,"id.resp_h":"192.168.4.1","id.resp_p":53,"proto":"udp","service":"dns","duration":0.06685185432434082,"orig_bytes":62,"resp_bytes":141,"conn_state":"SF"}` + "\n" +
			`{"proto":"tcp","conn_state":"S0"}` + "\n", [][]Row{{{"udp SF": 1}, {"tcp S0": 1}}, {{"dns": 1}, {"none": 1}}}, ""},
		{"zeek, not JSON", zeek, "#separator \\x09\n", nil, "line 1 of conn.log"},
		// As https://docs.suricata.io (EVE JSON format) shows events of flows.
		{"suricata", suricata, `{"event_type":"stats"}` + "\n" + `{"timestamp":"2026-01-01T00:00:00.000000+0000","event_type":"flow","proto":"TCP","app_proto":"http","flow":{"pkts_toserver":5,"state":"closed","reason":"shutdown"}}` + "\n" +
			`{"event_type":"flow","proto":"UDP","flow":{"state":"new"}}` + "\n", [][]Row{{{"TCP closed": 1}, {"UDP new": 1}}, {{"http": 1}, {"none": 1}}}, ""},
		{"suricata, cut", suricata, `{"event_type":"fl`, nil, "line 1 of eve.json"},
	} {
		got, err := test.parse(test.in)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q", test.name, err, test.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, %v, want %v", test.name, got, err, test.want)
		}
	}
}

// TestParseTshark gathers what tshark 4.0.17 says of four frames, of which the first and
// the last are one flow.
func TestParseTshark(t *testing.T) {
	text := "1\teth:ethertype:ip:tcp\t2097152\tConnection establish request (SYN): server port 80\t\t\t\t\n" +
		"2\teth:ethertype:ip:udp:dns\t\t\t\t\t\t\n" +
		"3\teth:ethertype:ip:tcp\t4194304\x1f6291456\tDuplicate ACK (#12)\x1fConnection reset (RST)\t\t\t1,1\t\n" +
		"4\teth:ethertype:ip:tcp:http\t\t\t1\t\t\t1\n"
	got, err := parseTshark(strings.NewReader(text), []int{0, 1, 2, 0}, 3)
	want := answers{
		"protocols TV":    {{"eth:ethertype:ip:tcp": 1, "eth:ethertype:ip:tcp:http": 1}, {"eth:ethertype:ip:udp:dns": 1}, {"eth:ethertype:ip:tcp": 1}},
		"expert messages": {{packets: 2}, {packets: 1}, {packets: 1, "Duplicate ACK (#N)": 1, "Connection reset (RST)": 1}},
		"retransmissions": {{packets: 2, "retransmissions": 1}, {packets: 1, "retransmissions": 0}},
		"out of order":    {{packets: 2, "packets out of order": 0}, {packets: 1, "packets out of order": 0}},
		"duplicate ACKs":  {{packets: 2, "duplicate ACKs": 0}, {packets: 1, "duplicate ACKs": 1}},
		"zero windows":    {{packets: 2, "zero windows": 1}, {packets: 1, "zero windows": 0}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want\n%v", got, err, want)
	}
	for _, test := range []struct{ name, in, want string }{
		{"too few columns", "1\teth\n", "has 2 columns: want 8"},
		{"a frame too many", "2\teth\t\t\t\t\t\t\n", `is of frame "2": want 1 to 1`},
		{"no number", "x\teth\t\t\t\t\t\t\n", `is of frame "x"`},
		{"a severity without a message", "1\teth\t4194304\x1f4194304\tone\t\t\t\t\n", "want a number for each message"},
		{"a severity that is no number", "1\teth\tnote\tone\t\t\t\t\n", "want a number for each message"},
		{"too few frames", "", "has read 0 of 1 frames"},
	} {
		if _, err := parseTshark(strings.NewReader(test.in), []int{0}, 1); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}
