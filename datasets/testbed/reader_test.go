package testbed_test

import (
	"testing"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// TestReader: the project's own reader finds what tshark finds, and none of the packets is damaged.
func TestReader(t *testing.T) {
	applications := map[flow.Application]string{flow.HTTP: "http", flow.SMTP: "smtp", flow.SNMP: "snmp", flow.Telnet: "telnet", flow.SSH: "ssh",
		flow.Finger: "finger", flow.Time: "time", flow.LoRaWAN: "lorawan", flow.RIP: "rip", flow.IRC: "irc", flow.IMAP: "imap", flow.POP: "pop"}
	for _, capture := range captures {
		stream, err := capture.open()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for p, err := range pcap.Packets(stream, capture.name) {
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			flow.Identify(&p)
			got["packets"]++
			got["bytes"] += int(p.Length)
			if name := applications[p.Application]; name != "" {
				got[name+".packets"]++
			}
		}
		stream.Close()
		want := table(t, capture.counts)
		names := []string{"packets", "bytes"}
		for _, name := range applications {
			names = append(names, name+".packets")
		}
		for _, name := range names {
			if got[name] != want[name] {
				t.Errorf("%s: %s: the reader finds %d, tshark %d", capture.name, name, got[name], want[name])
			}
		}
	}
}

// TestFlows: the connections of the quickstart are whole.
func TestFlows(t *testing.T) {
	stream, err := testbed.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var assembler flow.Assembler
	connections, whole := 0, 0
	for f, err := range assembler.Flows(pcap.Packets(stream, testbed.Name)) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Application != flow.HTTP {
			continue
		}
		connections++
		first := f.Packets[0].Flags
		var finished, reset bool
		for i := range f.Packets {
			finished = finished || f.Packets[i].Flags&flow.FIN != 0
			reset = reset || f.Packets[i].Flags&flow.RST != 0
		}
		if first&flow.SYN != 0 && first&flow.ACK == 0 && (finished || reset) {
			whole++
		}
	}
	want := table(t, officeCounts)["http.connections"]
	if connections != want || whole < want*99/100 {
		t.Errorf("%d HTTP flows, %d of them from handshake to close; tshark counts %d connections", connections, whole, want)
	}
}

// BenchmarkPackets reads the quickstart's capture as the quickstart does.
func BenchmarkPackets(b *testing.B) {
	packets := 0
	for b.Loop() {
		stream, err := testbed.Open()
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range pcap.Packets(stream, testbed.Name) {
			if err != nil {
				b.Fatal(err)
			}
			packets++
		}
		stream.Close()
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
	b.ReportMetric(b.Elapsed().Seconds()*float64(time.Second/time.Millisecond)/float64(b.N), "ms/capture")
}
